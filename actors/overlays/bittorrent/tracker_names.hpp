#pragma once

#include "actors/overlays/bittorrent/swarm_store.hpp"
#include "schema/bittorrent/record.hpp"
#include "schema/overlay.values.hpp"

#include <map>

namespace interswarm::bittorrent {

msg::swarm_status to_status(const msg::name& name, const swarm_status& s);
msg::peer_address to_peer_address(const endpoint& e, const std::optional<peer_id>& id);

/// From a swarm on the wire (20 bytes) back to the names that are meant: a v2 name is longer than
/// its swarm, and a swarm of many files has a name for each. Only names that were told are known; a
/// swarm without one stands for its v1 file 0.
class name_book {
public:
  /// Names of other overlays are passed over. At most `tracker_limits::followed_names`.
  void replace(const std::vector<msg::name>& names);
  /// The status under each name of its swarm.
  std::vector<msg::swarm_status> of(const swarm_status& s) const;
  /// The swarms of all names, each once.
  std::vector<info_hash> swarms() const;

private:
  std::multimap<info_hash, msg::name> names_;
};

} // namespace interswarm::bittorrent
