#pragma once

#include "actors/overlays/bittorrent/tracker_options.hpp"
#include "actors/runtime/loop.hpp"
#include "schema/overlay.gen.hpp"

namespace interswarm::bittorrent {

struct running_tracker {
  msg::tracker_actor actor;
  /// With the ports that the system chose.
  std::vector<endpoint> udp;
  std::vector<endpoint> http;
};

/// Binds, reads the lists and starts our own tracker; it ends when the last handle of its actor
/// goes or the loop ends. `own` is this node's peer, which `announce` enters. `configuration` with
/// one line where an address cannot be bound or a list cannot be read. From any thread but the
/// loop's.
result<running_tracker> spawn_tracker(runtime::loop& home, const tracker_options& options,
                                      const own_peer_options& own);

} // namespace interswarm::bittorrent
