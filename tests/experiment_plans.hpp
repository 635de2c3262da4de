#pragma once

#include "tests/experiment_text.hpp"

#include <algorithm>
#include <map>
#include <set>

/// What tests look for in drawn plans.
namespace interswarm::compare {

/// Overlays that hold each content at the start, and how many peers of each.
inline std::vector<std::map<overlay_id, int>> holders_of(const plan& p) {
  std::vector<std::map<overlay_id, int>> out(p.contents.size());
  for (const auto& peer : p.peers) {
    for (const auto c : peer.holds) ++out[c][peer.overlay];
  }
  return out;
}

inline bool online(const plan& p, peer_id peer, moment at) {
  const auto& times = p.peers[peer].online;
  return std::any_of(times.begin(), times.end(),
                     [at](const interval& i) { return at >= i.begin && at < i.end; });
}

inline const std::string lively = R"(
[contents]
size = { distribution = "lognormal", median = "50 MiB", sigma = 1 }
overlap = 0.3
[peers]
nat = 0.3
bandwidth = [{ weight = 3, up = "5 Mbit/s" }, { up = "50 Mbit/s" }]
places = [{ domain = "bittorrent" }, { domain = "ed2k" }]
[peers.online]
session = { distribution = "weibull", scale = "10m", shape = 0.5 }
pause = { distribution = "exponential", mean = "20m" }
[demand]
requests_per_hour = 4
streaming = 0.4
[[crowd]]
at = "20m"
requests = 30
[overlay.bittorrent]
[overlay.ed2k]
)";

/// What every plan keeps to.
inline void check_plan(const plan& p) {
  std::set<std::pair<peer_id, content_id>> seen;
  for (std::size_t i = 0; i < p.requests.size(); ++i) {
    const auto& r = p.requests[i];
    REQUIRE((r.at >= 0 && r.at < p.duration));
    REQUIRE((i == 0 || p.requests[i - 1].at <= r.at));
    REQUIRE(r.peer < p.peers.size());
    REQUIRE(r.content < p.contents.size());
    REQUIRE(online(p, r.peer, r.at));
    const auto& held = p.peers[r.peer].holds;
    REQUIRE(std::find(held.begin(), held.end(), r.content) == held.end());
    REQUIRE(seen.emplace(r.peer, r.content).second);
  }
  for (const auto& peer : p.peers) {
    REQUIRE(std::is_sorted(peer.holds.begin(), peer.holds.end()));
    REQUIRE(std::adjacent_find(peer.holds.begin(), peer.holds.end()) == peer.holds.end());
    moment last = 0;
    for (const auto& i : peer.online) {
      REQUIRE((i.begin >= last && i.end > i.begin && i.begin < p.duration));
      last = i.end;
    }
    REQUIRE((peer.up > 0 && peer.down > 0));
  }
  for (const auto& c : p.contents) REQUIRE((c.size > 0 && c.origin < p.domains.size()));
}

} // namespace interswarm::compare
