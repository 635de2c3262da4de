#pragma once

#include "schema/ppsp/tracker_values.hpp"

namespace interswarm::ppsp {

/// Where a peer can be reached, as others may be told.
struct peer_contact {
  endpoint at;
  std::uint32_t priority = 1;
  address_kind kind = address_kind::host;
  /// A private address: only for askers behind the same public one.
  bool near = false;
};

/// What of a peer's claims may be handed out, so that nobody points a swarm at a third party:
/// - an address equal to the one that its request came from (`seen`), with any port;
/// - another private address, to askers seen from the same address alone;
/// - another public address (a relay, a second interface) only of `trusted` peers.
/// Where nothing of the first kind is claimed, `seen` with the port of the claim of the highest
/// priority stands in, as for BitTorrent's trackers. Ports 0, loopback, unspecified and multicast
/// addresses are never believed (loopback: unless it is `seen`). Those for everybody come first,
/// then by priority; the higher is preferred, as in ICE, whose terms these are. At most
/// `tracker_limits::contacts`.
std::vector<peer_contact> believed_contacts(const std::vector<peer_address>& claims,
                                            const ip_address& seen, bool trusted);

/// What an asker can use.
struct peer_reach {
  ip_address seen;
  bool v4 = false;
  bool v6 = false;
};
/// By the address it is seen from and those it claims: those need not be true, for the asker only
/// harms itself.
peer_reach reach_of(const std::vector<peer_address>& claims, const ip_address& seen);

/// The best contact of a peer seen at `peer_seen` for the asker, or null: a near one where both are
/// behind one address, else the first that is not near. Local ones only for local askers.
const peer_contact* contact_for(const std::vector<peer_contact>& contacts,
                                const ip_address& peer_seen, const peer_reach& asker);

/// Whether two peers most likely reach each other without a relay.
bool connects_directly(nat_ability a, nat_ability b);

} // namespace interswarm::ppsp
