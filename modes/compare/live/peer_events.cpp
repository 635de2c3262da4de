#include "modes/compare/live/peer_events.hpp"

#include <algorithm>

namespace interswarm::compare {

std::vector<peer_event> events_of(const plan& p, const std::function<bool(peer_id)>& of) {
  using kind = peer_event::kind;
  std::vector<peer_event> out;
  for (peer_id n = 0; n < p.peers.size(); ++n) {
    if (!of(n)) continue;
    for (const auto& i : p.peers[n].online) {
      out.push_back({i.begin, kind::joins, n});
      if (i.end < p.duration) out.push_back({i.end, kind::leaves, n});
    }
  }
  for (std::uint32_t r = 0; r < p.requests.size(); ++r)
    if (of(p.requests[r].peer)) out.push_back({p.requests[r].at, kind::wants, r});
  std::stable_sort(out.begin(), out.end(),
                   [](const peer_event& a, const peer_event& b) { return a.at < b.at; });
  return out;
}

} // namespace interswarm::compare
