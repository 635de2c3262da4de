#pragma once

#include "modes/compare/plan/plan.hpp"
#include "modes/compare/record/record.hpp"

#include <algorithm>

/// Plans made by hand for tests of the simulator.
namespace interswarm::compare {

inline constexpr std::uint64_t mib = std::uint64_t{1} << 20;

/// `overlays` overlays, each in a domain of its own with servers of unbounded rate; two storage
/// nodes. No delay, loss or price. 1,000 seconds.
inline plan empty_plan(std::uint32_t overlays) {
  plan p;
  p.seed = 1;
  p.duration = 1000;
  for (std::uint32_t i = 0; i < overlays; ++i) {
    p.domains.push_back({"domain" + std::to_string(i)});
    p.overlays.push_back({"overlay" + std::to_string(i), i % 2 == 0 ? "bittorrent" : "ed2k", i});
    p.bridge.nodes.push_back({i, never, never});
    p.soa.access.push_back({i, never, never});
    p.soa.origins.push_back({i, never, never});
  }
  p.paths.resize(std::size_t{overlays} * overlays);
  p.soa.storage.resize(2);
  return p;
}

inline content_id add_content(plan& p, std::uint64_t size) {
  content_plan c;
  c.size = size;
  p.contents.push_back(c);
  return static_cast<content_id>(p.contents.size() - 1);
}

/// Online all the time, in its overlay's domain.
inline peer_id add_peer(plan& p, overlay_id o, double up, double down,
                        std::vector<content_id> holds = {}) {
  peer_plan n;
  n.overlay = o;
  n.domain = p.overlays[o].domain;
  n.up = up;
  n.down = down;
  n.online = {{0, never}};
  n.holds = std::move(holds);
  p.peers.push_back(n);
  return static_cast<peer_id>(p.peers.size() - 1);
}

inline void add_request(plan& p, moment at, peer_id peer, content_id c, double playback = 0) {
  p.requests.push_back({at, peer, c, playback});
  std::stable_sort(p.requests.begin(), p.requests.end(),
                   [](const request_plan& a, const request_plan& b) { return a.at < b.at; });
}

inline void add_fault(plan& p, fault_kind kind, std::uint32_t target, moment begin, moment end) {
  fault_plan f;
  f.kind = kind;
  f.target = target;
  f.when = {begin, end};
  p.faults.push_back(f);
}

/// Sent between two kinds of stations.
inline std::uint64_t sent(const run_record& r, station from, station to) {
  std::uint64_t out = 0;
  for (const auto& t : r.traffics)
    if (t.from == from && t.to == to) out += t.sent;
  return out;
}

} // namespace interswarm::compare
