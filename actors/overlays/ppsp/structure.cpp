#include "actors/overlays/ppsp/structure.hpp"

#include <algorithm>

namespace interswarm::ppsp {

trees::trees(std::size_t count) : stripes_(std::clamp<std::size_t>(count, 1, max_trees)) {}

void trees::see(const std::vector<neighbour>& all, instant now) {
  std::erase_if(shunned_until_, [&](const auto& s) { return s.second <= now; });
  std::vector<neighbour> able;
  for (const auto& n : all)
    if (n.gives && !shunned_until_.contains(n.number)) able.push_back(n);
  // Those who are furthest ahead; of these the nearest.
  std::sort(able.begin(), able.end(), [](const neighbour& a, const neighbour& b) {
    if (a.newest != b.newest) return a.newest > b.newest;
    return a.round_trip != b.round_trip ? a.round_trip < b.round_trip : a.number < b.number;
  });
  for (std::size_t i = 0; i < stripes_.size(); ++i) {
    auto& s = stripes_[i];
    const bool stays = s.parent && std::any_of(able.begin(), able.end(), [&](const neighbour& n) {
                         return n.number == *s.parent;
                       });
    if (stays) continue;
    s = {};
    if (!able.empty()) s.parent = able[i % able.size()].number;
  }
}

void trees::missed(std::uint64_t chunk, instant now) {
  auto& s = stripes_[chunk % stripes_.size()];
  if (!s.parent) return;
  const bool in_a_row = chunk <= s.last_missed + 2 * stripes_.size();
  s.misses = in_a_row ? s.misses + 1 : 1;
  s.last_missed = chunk;
  if (s.misses < patience) return;
  shunned_until_[*s.parent] = now + shun_time;
  s = {};
}

} // namespace interswarm::ppsp
