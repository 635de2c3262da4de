#include "modes/compare/sim/world.hpp"

namespace interswarm::compare {

world::world(const plan& p, solution how, double pause)
    : setting(p), network(pause), tracker_up(p.overlays.size(), true), random_(p.seed),
      cut_(p.domains.size()), open_link_(network.add_link(never)) {
  for (const auto& path : p.paths) path_links_.push_back(bounded(path.rate));
  nodes.reserve(p.peers.size() + p.overlays.size() + p.soa.storage.size() + p.domains.size());
  for (const auto& peer : p.peers) {
    const auto n = add(station::peer, peer.overlay, {peer.domain, peer.up, peer.down});
    nodes[n].behind_nat = peer.behind_nat;
    nodes[n].up = false; // until it comes online
  }
  if (how == solution::isolated) return;
  for (overlay_id o = 0; o < p.overlays.size(); ++o) {
    servers_.push_back(how == solution::bridge ? add(station::bridge, o, p.bridge.nodes[o])
                                               : add(station::access, o, p.soa.access[o]));
  }
  if (how != solution::soa) return;
  first_storage_ = static_cast<node_id>(nodes.size());
  for (const auto& s : p.soa.storage) add(station::storage, no_overlay, s);
  first_origin_ = static_cast<node_id>(nodes.size());
  for (domain_id d = 0; d < p.domains.size(); ++d) {
    auto s = p.soa.origins[d];
    s.domain = d;
    add(station::origin, no_overlay, s);
  }
}

node_id world::add(station kind, overlay_id overlay, const server_plan& s) {
  node n;
  n.kind = kind;
  n.overlay = overlay;
  n.domain = s.domain;
  n.uplink = bounded(s.up);
  n.downlink = bounded(s.down);
  nodes.push_back(n);
  return static_cast<node_id>(nodes.size() - 1);
}

} // namespace interswarm::compare
