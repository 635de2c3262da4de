#pragma once

#include "actors/overlays/ed2k/directory.hpp"
#include "actors/overlays/ed2k/server_options.hpp"
#include "actors/runtime/loop.hpp"
#include "schema/base/result.hpp"

namespace interswarm::ed2k {

struct running_server {
  directory_actor tracker;
  /// Where clients connect (TCP); datagrams are taken 4 ports above.
  endpoint listen;
};

/// Starts an ed2k server of our own on `home`: the overlay's tracker. `own` is this node's peer,
/// which it hands out for what is announced. Not on the loop's thread. `io` when a port is in use;
/// the text names it. The server ends with the last handle.
result<running_server> spawn_server(runtime::loop& home, server_options options, own_peer own);

} // namespace interswarm::ed2k
