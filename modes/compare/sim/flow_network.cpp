#include "modes/compare/sim/flow_network.hpp"

#include <algorithm>
#include <functional>

namespace interswarm::compare {

flow_network::link flow_network::add_link(double rate) {
  links_.push_back({});
  links_.back().rate = links_.back().left = rate;
  return static_cast<link>(links_.size() - 1);
}

void flow_network::set_rate(link l, double rate) {
  auto& at = links_[l];
  at.left = rate < never && at.rate < never ? at.left + rate - at.rate : rate;
  at.rate = rate;
  ++changes_;
}

flow_network::flow flow_network::start(std::span<const link> path, double bytes) {
  if (free_.empty()) {
    free_.push_back(static_cast<flow>(flows_.size()));
    flows_.push_back({});
  }
  const auto f = free_.back();
  free_.pop_back();
  auto& s = flows_[f];
  s.links = static_cast<std::uint8_t>(path.size());
  std::copy(path.begin(), path.end(), s.path.begin());
  s.alive = true;
  s.bytes = s.left = bytes;
  s.rate = 0;
  s.since = now_;
  ++s.stamp;
  ++running_;
  ++changes_;
  if (pause_ > 0) take_left_over(s);
  foresee(f);
  return f;
}

void flow_network::go_on(flow f, double bytes) {
  auto& s = flows_[f];
  resting_.erase(std::next(std::find(resting_.rbegin(), resting_.rend(), f)).base());
  s.alive = true;
  s.bytes = s.left = bytes;
  s.since = now_;
  ++s.stamp;
  ++running_;
  if (s.ended_after == worked_out_) {
    --changes_;
    give_back(s, -1);
  } else {
    ++changes_;
    s.rate = 0;
  }
  foresee(f);
}

/// What the tightest of its links has left.
void flow_network::take_left_over(flow_state& s) {
  s.rate = never;
  for (std::size_t i = 0; i < s.links; ++i)
    s.rate = std::min(s.rate, std::max(0.0, links_[s.path[i]].left));
  give_back(s, -1);
}

void flow_network::give_back(const flow_state& s, double sign) {
  if (s.rate == never) return; // then none of its links has a bound
  for (std::size_t i = 0; i < s.links; ++i) links_[s.path[i]].left += sign * s.rate;
}

double flow_network::stop(flow f) {
  settle(flows_[f]);
  const auto out = flows_[f].bytes - flows_[f].left;
  remove(f);
  return out;
}

double flow_network::moved(flow f) const {
  const auto& s = flows_[f];
  return s.bytes - std::max(0.0, s.left - s.rate * (now_ - s.since));
}

double flow_network::crossed(link l) const { return links_[l].crossed; }

void flow_network::settle_all() {
  for (auto& s : flows_)
    if (s.alive) settle(s);
}

void flow_network::settle(flow_state& s) {
  // An infinite rate moves everything at once, also in no time.
  const auto bytes = s.rate == never ? s.left : std::min(s.left, s.rate * (now_ - s.since));
  s.left -= bytes;
  s.since = now_;
  for (std::size_t i = 0; i < s.links; ++i) links_[s.path[i]].crossed += bytes;
}

void flow_network::remove(flow f) {
  flows_[f].alive = false;
  ++flows_[f].stamp;
  flows_[f].ended_after = worked_out_;
  give_back(flows_[f], 1);
  resting_.push_back(f);
  --running_;
  ++changes_;
}

moment flow_network::due() const {
  return changes_ > 0 ? std::max(now_, worked_out_at_ + pause_) : never;
}

moment flow_network::next_change() {
  if (due() <= now_) work_out_rates();
  while (!endings_.empty() && endings_.front().stamp != flows_[endings_.front().f].stamp) {
    std::pop_heap(endings_.begin(), endings_.end());
    endings_.pop_back();
  }
  return std::min(due(), endings_.empty() ? never : endings_.front().at);
}

void flow_network::advance(moment now, std::vector<flow>& ended) {
  free_.insert(free_.end(), resting_.begin(), resting_.end());
  resting_.clear();
  for (auto next = next_change(); next <= now; next = next_change()) {
    now_ = std::max(now_, next);
    if (endings_.empty() || endings_.front().at > now_) continue; // rates are due
    const auto f = endings_.front().f;
    std::pop_heap(endings_.begin(), endings_.end());
    endings_.pop_back();
    auto& s = flows_[f];
    settle(s);
    // What rounding has left has crossed, too.
    for (std::size_t i = 0; i < s.links; ++i) links_[s.path[i]].crossed += s.left;
    s.left = 0;
    remove(f);
    ended.push_back(f);
  }
  now_ = std::max(now_, now);
}

void flow_network::foresee(flow f) {
  const auto& s = flows_[f];
  if (s.rate <= 0 && s.left > 0) return;
  const auto at = s.left <= 0 || s.rate == never ? now_ : now_ + s.left / s.rate;
  endings_.push_back({at, f, s.stamp});
  std::push_heap(endings_.begin(), endings_.end());
}

/// Progressive filling: the link with the smallest share for each of its flows decides what they
/// get; without them and what they take, the next one does.
void flow_network::work_out_rates() {
  worked_out_at_ = now_;
  changes_ = 0;
  ++worked_out_;
  list_flows_by_link();
  give_shares();
  endings_.clear();
  for (flow f = 0; f < flows_.size(); ++f) {
    const auto& s = flows_[f];
    if (!s.alive || (s.rate <= 0 && s.left > 0)) continue;
    const auto at = s.left <= 0 || s.rate == never ? now_ : now_ + s.left / s.rate;
    endings_.push_back({at, f, s.stamp});
  }
  std::make_heap(endings_.begin(), endings_.end());
}

void flow_network::list_flows_by_link() {
  for (const auto l : used_) links_[l].open = 0;
  used_.clear();
  std::size_t crossings = 0;
  for (auto& s : flows_) {
    if (!s.alive) continue;
    settle(s);
    s.fixed = false;
    s.rate = never; // unless a link says otherwise
    crossings += s.links;
    for (std::size_t i = 0; i < s.links; ++i)
      if (links_[s.path[i]].open++ == 0) used_.push_back(s.path[i]);
  }
  by_link_.resize(crossings);
  std::uint32_t end = 0;
  for (const auto l : used_) {
    end += links_[l].open;
    links_[l].first = end; // filled from its end on
    links_[l].left = links_[l].rate;
  }
  for (flow f = 0; f < flows_.size(); ++f) {
    const auto& s = flows_[f];
    if (!s.alive) continue;
    for (std::size_t i = 0; i < s.links; ++i) by_link_[--links_[s.path[i]].first] = f;
  }
}

void flow_network::give_shares() {
  shares_.clear();
  for (const auto l : used_)
    if (links_[l].rate < never) shares_.emplace_back(links_[l].left / links_[l].open, l);
  std::make_heap(shares_.begin(), shares_.end(), std::greater<>());
  // How many flows stand in by_link_ for each link; `open` shrinks.
  counts_.resize(links_.size());
  for (const auto l : used_) counts_[l] = links_[l].open;
  while (!shares_.empty()) {
    std::pop_heap(shares_.begin(), shares_.end(), std::greater<>());
    const auto [share, l] = shares_.back();
    shares_.pop_back();
    auto& state = links_[l];
    if (state.open == 0) continue;
    // Shares only grow: one that is larger now has its turn later.
    const auto now = std::max(0.0, state.left) / state.open;
    if (now > share) {
      shares_.emplace_back(now, l);
      std::push_heap(shares_.begin(), shares_.end(), std::greater<>());
      continue;
    }
    for (std::uint32_t i = 0; i < counts_[l]; ++i) fix(by_link_[state.first + i], share);
  }
  for (const auto l : used_) links_[l].open = 0;
}

void flow_network::fix(flow f, double rate) {
  auto& s = flows_[f];
  if (s.fixed) return;
  s.fixed = true;
  s.rate = rate;
  for (std::size_t i = 0; i < s.links; ++i) {
    links_[s.path[i]].left -= rate;
    --links_[s.path[i]].open;
  }
}

} // namespace interswarm::compare
