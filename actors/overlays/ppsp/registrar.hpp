#pragma once

#include "actors/overlays/ppsp/registrar_options.hpp"
#include "actors/runtime/loop.hpp"
#include "schema/overlay.gen.hpp"

namespace interswarm::ppsp {

/// Our side at somebody else's PPSP tracker (RFC 7846): enters this node's peer, under an id that
/// is new at each start, and finds peers. `configuration` for an unusable URL, Authorization text
/// or certificate, and for a peer that listens nowhere. An unreachable tracker is no failure but a
/// line in the log and in `check`, and is tried again. Ends with the last handle, and leaves the
/// swarms then.
///
/// Such a tracker tells peers, not their number nor their kind: `scrape` knows swarms that were
/// asked for or followed, by the last peers told (to a leech, as sources; to a seeder, as seekers),
/// and `watch` tells nothing of names that nobody offers there. Swarms are followed only where the
/// tracker tells those who are not in them.
result<msg::tracker_actor> spawn_registrar(runtime::loop& home, registrar_options options);

} // namespace interswarm::ppsp
