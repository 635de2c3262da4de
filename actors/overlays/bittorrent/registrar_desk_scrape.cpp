#include "actors/overlays/bittorrent/registrar_desk.hpp"

#include <algorithm>

namespace interswarm::bittorrent {

namespace {

constexpr std::uint64_t second_ms = 1000;

} // namespace

void registrar_desk::look(const std::vector<info_hash>& names, std::uint64_t now_ms) {
  const bool closed = failures_ != 0 && now_ms < retry_ms_;
  if (!can_scrape_ || closed || asked_.size() + names.size() > tracker_limits::followed_names) {
    waiting_.looked.insert(waiting_.looked.end(), names.begin(), names.end());
  } else {
    asked_.insert(asked_.end(), names.begin(), names.end());
  }
}

template <class Iterator>
void registrar_desk::add_scrape(Iterator begin, Iterator end, news& out) {
  task t;
  t.id = next_id_++;
  t.what = kind::scrape;
  t.names.assign(begin, end);
  in_flight_[t.id] = t;
  out.tasks.push_back(std::move(t));
}

void registrar_desk::add_fresh(std::uint64_t now_ms, std::size_t limit, news& out) {
  while (!fresh_.empty() && now_ms - fresh_.front().since_ms > timing_.fresh_s * second_ms)
    fresh_.pop_front();
  const auto pause_s = std::max(timing_.fresh_interval_s, tracker_scrape_interval_s_);
  if (fresh_.empty() || !has_room(limit) || now_ms - fresh_round_ms_ < pause_s * second_ms) return;
  fresh_round_ms_ = now_ms;
  std::vector<info_hash> names;
  for (const auto& f : fresh_) names.push_back(f.hash);
  add_scrape(names.begin(), names.end(), out);
}

void registrar_desk::add_scrapes(std::uint64_t now_ms, std::size_t limit, news& out) {
  const auto part = [&](std::size_t left) {
    return static_cast<std::ptrdiff_t>(std::min<std::size_t>(timing_.scrape_names, left));
  };
  while (!asked_.empty() && has_room(limit)) {
    const auto end = asked_.begin() + part(asked_.size());
    add_scrape(asked_.begin(), end, out);
    asked_.erase(asked_.begin(), end);
  }
  if (!can_scrape_ || followed_.empty()) return;
  add_fresh(now_ms, limit, out);
  if (next_followed_ >= followed_.size()) {
    const auto pause_s = std::max(timing_.scrape_interval_s, tracker_scrape_interval_s_);
    if (now_ms - scrape_round_ms_ < pause_s * second_ms) return;
    next_followed_ = 0;
  }
  if (next_followed_ == 0) scrape_round_ms_ = now_ms;
  while (next_followed_ < followed_.size() && has_room(limit)) {
    const auto begin = followed_.begin() + static_cast<std::ptrdiff_t>(next_followed_);
    const auto count = part(followed_.size() - next_followed_);
    add_scrape(begin, begin + count, out);
    next_followed_ += static_cast<std::size_t>(count);
  }
}

void registrar_desk::scraped(std::uint64_t id, const scrape_response& r, std::uint64_t now_ms) {
  const auto t = in_flight_.extract(id);
  if (t.empty()) return;
  reached();
  waiting_.looked.insert(waiting_.looked.end(), t.mapped().names.begin(), t.mapped().names.end());
  if (r.failure) {
    waiting_.status_line = "refuses to be scraped: " + r.failure->reason;
    // A refusal is not a way that is broken: the next round may be answered.
    return;
  }
  tracker_scrape_interval_s_ = std::min(r.min_interval_s, timing_.longest_interval_s);
  for (const auto& name : t.mapped().names) {
    const auto x = std::find_if(r.entries.begin(), r.entries.end(),
                                [&](const auto& e) { return e.hash == name; });
    // Some trackers leave out what they do not know.
    const auto told = x == r.entries.end() ? scrape_entry{name, 0, 0, 0} : *x;
    suspect(name, told.seeders, told.completed, now_ms);
    if (x != r.entries.end())
      learn(name, told.seeders, told.leechers, told.completed, now_ms);
    else
      known_[name].status = {name, 0, 0, 0, 0, false};
  }
}

void registrar_desk::suspect(const info_hash& name, std::uint32_t seeders, std::uint32_t completed,
                             std::uint64_t now_ms) {
  auto& k = known_[name];
  const auto e = entries_.find(name);
  const bool we_seed = e != entries_.end() && e->second.in_force && e->second.told_left == 0;
  const auto others = seeders - std::min<std::uint32_t>(seeders, we_seed ? 1 : 0);
  k.doubt.scraped({others, completed}, {k.status.seeders, k.status.completed}, now_ms,
                  timing_.doubt);
}

} // namespace interswarm::bittorrent
