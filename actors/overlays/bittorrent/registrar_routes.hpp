#pragma once

#include "actors/overlays/bittorrent/registrar.hpp"
#include "actors/overlays/bittorrent/registrar_link.hpp"

namespace interswarm::bittorrent {

/// A foreign tracker at one of its addresses. Lives on the loop, apart from the actor, so that
/// farewells can outlive it.
struct route {
  route(registrar_timing timing, registrar_desk::self self, bool can_scrape)
      : desk(timing, std::move(self), can_scrape) {}

  registrar_desk desk;
  kj::Own<registrar_link> link;

  /// Sends what is due; what came in is in the answer.
  registrar_desk::news work(std::uint64_t now_ms);
};
using routes = std::vector<kj::Own<route>>;

/// Looks the tracker up and makes a route to each address that this node's peer has a family for;
/// maybe none. `heard` is called after each answer, from within the link. Fails when the name
/// cannot be found. On the loop.
kj::Promise<routes> open_routes(runtime::loop& home, const registrar_options& options,
                                const tracker_url& url, const own_peer_options& own,
                                std::function<void()> heard);

/// Over two families the larger numbers count: a tracker that keeps both in one swarm tells the
/// same twice.
swarm_status status_over(const routes& all, const info_hash& name);

/// In force where it is on any of them, with the tracker's word.
msg::registration_check_result standing_over(const routes& all, const info_hash& name,
                                             const std::string& authority);

/// Withdraws everything, and keeps the routes for as long as the farewells may take.
void say_farewell(runtime::loop& home, routes&& last);

} // namespace interswarm::bittorrent
