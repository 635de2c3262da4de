#pragma once

#include "actors/overlays/ed2k/peer_options.hpp"
#include "actors/runtime/loop.hpp"
#include "schema/base/result.hpp"
#include "schema/overlay.gen.hpp"

namespace interswarm::ed2k {

/// Starts our party in the ed2k network on `home`: serves sources to aMule, eMule and our own kind,
/// and fetches from them. Opens the listening sockets before it returns; fails `io` when they
/// cannot be had. Not from `home`'s thread. It ends with its last handle, and its servings and
/// fetches end with it.
result<msg::peer_actor> spawn_peer(runtime::loop& home, const peer_options& options);

} // namespace interswarm::ed2k
