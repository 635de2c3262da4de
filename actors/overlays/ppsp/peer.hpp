#pragma once

#include "actors/overlays/ppsp/peer_options.hpp"
#include "actors/runtime/loop.hpp"
#include "schema/base/result.hpp"
#include "schema/overlay.gen.hpp"

namespace interswarm::ppsp {

/// Starts our party in PPSPP swarms on `home` (RFC 7574): serves sources to their peers and fetches
/// from them, all behind one UDP port. Opens it before it returns; fails `io` when it cannot be
/// had. Not from `home`'s thread. The port stays open while a serving or a fetch lives.
result<msg::peer_actor> spawn_peer(runtime::loop& home, const peer_options& options);

} // namespace interswarm::ppsp
