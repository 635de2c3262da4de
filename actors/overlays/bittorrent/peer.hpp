#pragma once

#include "actors/overlays/bittorrent/peer_options.hpp"
#include "actors/runtime/loop.hpp"
#include "schema/base/result.hpp"
#include "schema/overlay.gen.hpp"

namespace interswarm::bittorrent {

/// Starts our party in BitTorrent's swarms on `home`: serves sources to clients and fetches from
/// them. Opens the listening sockets before it returns; `io` when they cannot be had. Not from
/// `home`'s thread. It, its servings and its fetches end with their last handles.
result<msg::peer_actor> spawn_peer(runtime::loop& home, peer_options options);

} // namespace interswarm::bittorrent
