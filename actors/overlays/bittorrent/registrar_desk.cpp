#include "actors/overlays/bittorrent/registrar_desk.hpp"

#include <algorithm>

namespace interswarm::bittorrent {

namespace {

constexpr std::uint64_t second_ms = 1000;
/// Told while the length is unknown: "not complete" (libtorrent does the same).
constexpr std::uint64_t unknown_left = 16384;
constexpr std::uint32_t default_want = 50;

} // namespace

std::size_t registrar_desk::hash_of::operator()(const info_hash& h) const noexcept {
  std::uint64_t out = 0;
  std::memcpy(&out, h.data(), sizeof out);
  return out;
}

registrar_desk::registrar_desk(registrar_timing timing, self own, bool can_scrape)
    : timing_(timing), own_(std::move(own)), can_scrape_(can_scrape) {
  timing_.scrape_names = std::clamp<std::uint32_t>(timing_.scrape_names, 1, limits::scrape_names);
}

void registrar_desk::follow(const std::vector<info_hash>& names, std::uint64_t now_ms) {
  const auto before = std::exchange(followed_set_, {});
  const bool round_done = following_ && next_followed_ >= followed_.size();
  followed_.assign(names.begin(),
                   names.begin() + static_cast<std::ptrdiff_t>(
                                       std::min(names.size(), tracker_limits::followed_names)));
  followed_set_ = {followed_.begin(), followed_.end()};
  std::erase_if(known_, [&](const auto& k) {
    return !entries_.contains(k.first) && !followed_set_.contains(k.first);
  });
  std::erase_if(fresh_, [&](const auto& f) { return !followed_set_.contains(f.hash); });
  if (round_done) next_followed_ = followed_.size();
  // The first names are all scraped at once anyway.
  if (following_) {
    for (const auto& name : followed_) {
      if (before.contains(name)) continue;
      fresh_.push_back({name, now_ms});
      fresh_round_ms_ = 0;
      if (fresh_.size() > timing_.scrape_names) fresh_.pop_front();
    }
  }
  following_ = true;
}

void registrar_desk::enter(const info_hash& name, std::uint64_t left, std::uint64_t now_ms) {
  if (!entries_.contains(name) && entries_.size() >= tracker_limits::announced_names) {
    waiting_.outcomes.push_back(
        {name, error{errc::overloaded, "too many names are announced already"}});
    return;
  }
  auto& e = entries_[name];
  const bool finished = e.keepers > 0 && e.left > 0 && left == 0;
  if (finished) e.sought_until_ms = 0;
  ++e.keepers;
  if (e.in_force && e.left == left && !e.in_flight && left_of(e, now_ms) == e.told_left) {
    waiting_.outcomes.push_back({name, std::nullopt});
    return;
  }
  // "completed" is only for what we finished while entered; a seed that starts is just started.
  e.completed = e.completed || (e.started && finished);
  e.left = left;
  e.due_ms = now_ms;
}

void registrar_desk::withdraw(const info_hash& name, std::uint64_t now_ms) {
  const auto found = entries_.find(name);
  if (found == entries_.end() || found->second.keepers == 0) return;
  auto& e = found->second;
  if (--e.keepers > 0) return;
  // What was found meanwhile needs no entry any more, and nothing is offered now: never stay as a
  // seed.
  e.sought_until_ms = 0;
  if (e.seeking)
    e.left = unknown_left;
  else
    e.due_ms = now_ms;
}

void registrar_desk::seek(const info_hash& name, std::uint32_t want, std::uint64_t now_ms) {
  auto found = entries_.find(name);
  if (found == entries_.end()) {
    if (entries_.size() >= tracker_limits::announced_names) {
      waiting_.outcomes.push_back(
          {name, error{errc::overloaded, "too many names are announced already"}});
      return;
    }
    found = entries_.try_emplace(name).first;
    found->second.left = unknown_left;
  }
  auto& e = found->second;
  e.sought_until_ms = now_ms + timing_.seek_linger_s * second_ms;
  e.want = want;
  const auto pause_ms = std::max(e.min_interval_s, timing_.shortest_interval_s) * second_ms;
  // What a tracker told us as a seed holds no seeds.
  const bool told_as_seed = e.in_force && e.told_left == 0;
  if (e.answered_ms != 0 && now_ms - e.answered_ms < pause_ms && !e.in_flight && !told_as_seed) {
    waiting_.outcomes.push_back(
        {name, e.in_force ? std::nullopt : std::optional(error{errc::denied, e.note})});
    return;
  }
  if (failures_ != 0 && now_ms < retry_ms_) {
    waiting_.outcomes.push_back(
        {name, error{errc::unavailable, e.note.empty() ? "the tracker is out of reach" : e.note}});
    return;
  }
  e.seeking = true;
  if (!e.in_flight) e.due_ms = std::min(e.due_ms, now_ms);
}

void registrar_desk::leave(std::uint64_t now_ms) {
  follow({}, now_ms);
  asked_.clear();
  for (auto& [name, e] : entries_) {
    e.keepers = 0;
    e.sought_until_ms = 0;
    e.seeking = false;
    e.due_ms = now_ms;
  }
}

bool registrar_desk::is_wanted(const entry& e, std::uint64_t now_ms) const {
  return e.keepers > 0 || e.seeking || e.sought_until_ms > now_ms;
}

std::uint64_t registrar_desk::left_of(const entry& e, std::uint64_t now_ms) {
  return e.left == 0 && (e.seeking || e.sought_until_ms > now_ms) ? unknown_left : e.left;
}

void registrar_desk::add_announce(const info_hash& name, entry& e, announce_event event,
                                  std::uint64_t now_ms, news& out) {
  task t;
  t.id = next_id_++;
  t.announce.hash = name;
  t.announce.id = own_.id;
  t.announce.key = own_.key;
  t.announce.port = own_.port;
  t.announce.left = left_of(e, now_ms);
  t.announce.event = event;
  t.announce.want = event == announce_event::stopped
                        ? 0
                        : static_cast<std::int32_t>(e.want == 0 ? default_want : e.want);
  t.tracker_id = tracker_id_;
  in_flight_[t.id] = t;
  out.tasks.push_back(std::move(t));
}

void registrar_desk::add_announces(std::uint64_t now_ms, std::size_t limit, news& out) {
  for (auto i = entries_.begin(); i != entries_.end() && has_room(limit);) {
    auto& [name, e] = *i;
    if (e.in_flight || (e.due_ms > now_ms && is_wanted(e, now_ms))) {
      ++i;
      continue;
    }
    if (!is_wanted(e, now_ms)) {
      if (e.started) add_announce(name, e, announce_event::stopped, now_ms, out);
      i = entries_.erase(i);
      continue;
    }
    add_announce(name, e,
                 !e.started                               ? announce_event::started
                 : e.completed && left_of(e, now_ms) == 0 ? announce_event::completed
                                                          : announce_event::none,
                 now_ms, out);
    e.in_flight = true;
    ++i;
  }
}

registrar_desk::news registrar_desk::take(std::uint64_t now_ms) {
  auto out = std::move(waiting_);
  waiting_ = {};
  if (failures_ != 0) {
    if (now_ms < retry_ms_ || !in_flight_.empty()) return out;
    // One request tries the way; the others wait for its outcome.
    add_announces(now_ms, 1, out);
    add_scrapes(now_ms, 1, out);
    return out;
  }
  add_announces(now_ms, tracker_limits::requests_in_flight, out);
  add_scrapes(now_ms, tracker_limits::requests_in_flight, out);
  return out;
}

void registrar_desk::reached() {
  if (failures_ != 0) waiting_.status_line = "can be reached again";
  failures_ = 0;
}

bool registrar_desk::is_self(const endpoint& e) const {
  return e.port == own_.port &&
         std::find(own_.addresses.begin(), own_.addresses.end(), e.address) != own_.addresses.end();
}

void registrar_desk::refused(entry& e, const tracker_failure& f, std::uint64_t now_ms) {
  e.in_force = false;
  e.note = f.reason;
  const auto pause_s = f.retry_minutes
                           ? std::uint64_t{*f.retry_minutes} * 60
                           : std::uint64_t{60} << std::min<std::uint32_t>(e.refusals, 5);
  ++e.refusals;
  e.due_ms =
      f.never ? UINT64_MAX
              : now_ms + std::max<std::uint64_t>(pause_s, timing_.shortest_interval_s) * second_ms;
}

void registrar_desk::announced(std::uint64_t id, const announce_response& r, std::uint64_t now_ms) {
  const auto t = in_flight_.extract(id);
  if (t.empty()) return;
  reached();
  const auto& request = t.mapped().announce;
  const auto found = entries_.find(request.hash);
  if (found == entries_.end() || request.event == announce_event::stopped) return;
  auto& e = found->second;
  e.in_flight = false;
  e.seeking = false;
  e.answered_ms = now_ms;
  if (r.failure) {
    refused(e, *r.failure, now_ms);
    waiting_.outcomes.push_back(
        {request.hash, error{errc::denied, "the tracker refused: " + e.note}});
    return;
  }
  e.started = true;
  e.completed = e.completed && request.event != announce_event::completed;
  e.in_force = true;
  e.refusals = 0;
  e.min_interval_s = r.min_interval_s;
  e.note = !r.warning.empty() ? r.warning : "entered";
  if (!r.tracker_id.empty()) tracker_id_ = r.tracker_id;
  if (r.external_address &&
      std::find(own_.addresses.begin(), own_.addresses.end(), *r.external_address) ==
          own_.addresses.end() &&
      own_.addresses.size() < 8)
    own_.addresses.push_back(*r.external_address);
  const auto asked_s = r.interval_s == 0 ? timing_.default_interval_s : r.interval_s;
  const auto interval_s = std::clamp(std::max(asked_s, r.min_interval_s),
                                     timing_.shortest_interval_s, timing_.longest_interval_s);
  // The bytes that are missing may have changed while the answer was on its way.
  e.told_left = request.left;
  e.due_ms = left_of(e, now_ms) != request.left ? now_ms : now_ms + interval_s * second_ms;
  e.peers.clear();
  for (const auto& p : r.peers) {
    if (!is_self(p.address) && p.id != own_.id) e.peers.push_back(p);
  }
  learn(request.hash, r.seeders, r.leechers, known_[request.hash].status.completed, now_ms);
  waiting_.outcomes.push_back({request.hash, std::nullopt});
}

void registrar_desk::learn(const info_hash& name, std::uint32_t seeders, std::uint32_t leechers,
                           std::uint32_t completed, std::uint64_t now_ms) {
  std::uint32_t own_seeds = 0;
  std::uint32_t own_leechers = 0;
  if (const auto e = entries_.find(name); e != entries_.end() && e->second.in_force)
    ++(e->second.told_left == 0 ? own_seeds : own_leechers);
  auto& k = known_[name];
  k.status = {name,
              seeders - std::min(seeders, own_seeds),
              leechers - std::min(leechers, own_leechers),
              own_seeds + own_leechers,
              completed,
              true};
  auto told = k.status;
  const auto unproven = std::min(k.doubt.unproven(), told.seeders);
  told.seeders -= unproven;
  told.leechers += unproven;
  const bool sought = told.leechers > 0 && told.seeders < timing_.min_sources;
  const bool lately = k.demanded_ms != 0 && now_ms - k.demanded_ms < 5 * second_ms;
  if (!sought || lately || !followed_set_.contains(name)) return;
  k.demanded_ms = now_ms;
  waiting_.demands.push_back(told);
}

void registrar_desk::failed(std::uint64_t id, const std::string& reason, std::uint64_t now_ms) {
  const auto t = in_flight_.extract(id);
  if (t.empty()) return;
  const auto pause_s = std::min<std::uint64_t>(
      timing_.longest_pause_s, std::uint64_t{timing_.first_pause_s} << std::min(failures_, 10u));
  if (failures_ == 0) waiting_.status_line = "cannot be reached: " + reason;
  ++failures_;
  retry_ms_ = now_ms + pause_s * second_ms;
  if (t.mapped().what == kind::scrape) {
    waiting_.looked.insert(waiting_.looked.end(), t.mapped().names.begin(), t.mapped().names.end());
    // The round begins again where it broke off.
    next_followed_ = 0;
    scrape_round_ms_ = 0;
    return;
  }
  const auto found = entries_.find(t.mapped().announce.hash);
  if (found == entries_.end() || t.mapped().announce.event == announce_event::stopped) return;
  found->second.in_flight = false;
  found->second.seeking = false;
  found->second.note = reason;
  found->second.due_ms = retry_ms_;
  waiting_.outcomes.push_back(
      {found->first, error{errc::unavailable, "the tracker cannot be reached: " + reason}});
}

registrar_desk::standing registrar_desk::standing_of(const info_hash& name) const {
  const auto e = entries_.find(name);
  if (e == entries_.end()) return {false, "not entered"};
  return {e->second.in_force && failures_ == 0, e->second.note};
}

std::vector<tracker_peer> registrar_desk::peers_of(const info_hash& name) const {
  const auto e = entries_.find(name);
  return e == entries_.end() ? std::vector<tracker_peer>{} : e->second.peers;
}

swarm_status registrar_desk::status_of(const info_hash& name) const {
  const auto k = known_.find(name);
  return k == known_.end() ? swarm_status{name, 0, 0, 0, 0, false} : k->second.status;
}

} // namespace interswarm::bittorrent
