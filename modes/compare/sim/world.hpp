#pragma once

#include "modes/compare/sim/accounts.hpp"
#include "modes/compare/sim/event_queue.hpp"
#include "modes/compare/sim/flow_network.hpp"

#include <cmath>
#include <optional>
#include <random>

namespace interswarm::compare {

/// A peer, or a server of the solution.
using node_id = std::uint32_t;
inline constexpr std::uint32_t nobody = static_cast<std::uint32_t>(-1);
inline constexpr flow_network::link no_link = nobody;

struct node {
  station kind = station::peer;
  bool behind_nat = false;
  bool up = true;
  overlay_id overlay = no_overlay;
  domain_id domain = 0;
  /// `no_link` where the rate has no bound.
  flow_network::link uplink = no_link;
  flow_network::link downlink = no_link;

  account_end end() const { return {kind, overlay, domain}; }
};

/// What all parts of a run share: the plan, who is there, who reaches whom, the time, chance, and
/// what is added up. Peers have the numbers that they have in the plan.
class world {
public:
  /// `pause`: see flow_network. `p` must outlive it.
  world(const plan& p, solution how, double pause);

  const plan& setting;
  flow_network network;
  event_queue events;
  accounts books;
  std::vector<node> nodes;
  /// By overlay.
  std::vector<bool> tracker_up;

  moment now() const { return network.now(); }
  /// Never at the present time unless `seconds` is 0: who looks again when some time has passed
  /// would look for ever where rounding says that none has.
  void later(double seconds, event_owner& owner, const occasion& o) {
    const auto least = seconds > 0 ? std::nextafter(now(), never) : now();
    events.add(std::max(least, now() + seconds), owner, o);
  }
  /// 0 to below `bound`, which is at least 1.
  std::uint32_t random_below(std::uint32_t bound) {
    return static_cast<std::uint32_t>((random_() >> 32U) * bound >> 32U);
  }
  std::uint64_t random() { return random_(); }

  /// The bridge node or access node of an overlay; `nobody` without one.
  node_id server_of(overlay_id o) const { return servers_.empty() ? nobody : servers_[o]; }
  node_id storage(std::size_t i) const { return first_storage_ + static_cast<node_id>(i); }
  node_id origin(domain_id d) const { return first_origin_ + d; }
  std::string_view domain_name(domain_id d) const { return setting.domains[d].name; }

  void cut(domain_id d, bool is_cut) { cut_[d] = is_cut; }
  bool reaches(domain_id a, domain_id b) const { return a == b || (!cut_[a] && !cut_[b]); }
  bool can_talk(node_id a, node_id b) const {
    return nodes[a].up && nodes[b].up && reaches(nodes[a].domain, nodes[b].domain);
  }
  /// Whether peers can connect: one of them must be dialled.
  bool can_connect(node_id a, node_id b) const {
    return can_talk(a, b) && !(nodes[a].behind_nat && nodes[b].behind_nat);
  }
  const path_plan& path(node_id from, node_id to) const {
    return setting.path(nodes[from].domain, nodes[to].domain);
  }
  double domain_round_trip(domain_id a, domain_id b) const {
    return setting.path(a, b).delay_s + setting.path(b, a).delay_s;
  }
  double round_trip(node_id a, node_id b) const {
    return domain_round_trip(nodes[a].domain, nodes[b].domain);
  }
  /// What all transfers from the one to the other domain share; `no_link` without a bound.
  flow_network::link path_link(domain_id from, domain_id to) const {
    return path_links_[from * setting.domains.size() + to];
  }
  /// Crossed by transfers that no other link bounds.
  flow_network::link open_link() const { return open_link_; }

private:
  node_id add(station kind, overlay_id overlay, const server_plan& s);
  flow_network::link bounded(double rate) {
    return rate < never ? network.add_link(rate) : no_link;
  }

  std::mt19937_64 random_;
  std::vector<node_id> servers_;
  node_id first_storage_ = nobody;
  node_id first_origin_ = nobody;
  std::vector<bool> cut_;
  std::vector<flow_network::link> path_links_;
  flow_network::link open_link_;
};

} // namespace interswarm::compare
