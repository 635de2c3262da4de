#pragma once

#include "actors/overlays/ed2k/directory.hpp"
#include "actors/overlays/ed2k/registrar_options.hpp"
#include "actors/runtime/loop.hpp"
#include "schema/base/result.hpp"

namespace interswarm::ed2k {

/// Starts a registrar on `home`: the overlay's tracker where that is somebody else's ed2k server.
/// It keeps logged in, with back-off, offers what is announced, and asks for sources as seldom as
/// real clients do. Our peer must answer HELLO at `options.own.address`, or the server gives us a
/// low id. `configuration` without a user hash and for an impossible host or port; an unreachable
/// server is no failure but a line in the log and in `check`. Ends with the last handle.
///
/// A foreign server tells sources, not seekers: `scrape` knows names that were asked for or
/// followed, and `watch` tells nothing of names that nobody offers there.
result<directory_actor> spawn_registrar(runtime::loop& home, registrar_options options);

} // namespace interswarm::ed2k
