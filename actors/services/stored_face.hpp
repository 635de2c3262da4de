#pragma once

#include "actors/services/library.hpp"
#include "schema/overlay.gen.hpp"

namespace interswarm::services {

/// The storage network as one more overlay, so that what is stored is found and fetched like
/// anything else: nobody there seeks a content, and every published one has a source.
struct stored_face {
  msg::tracker_actor tracker;
  msg::peer_actor peer;
};
stored_face spawn_stored_face(runtime::loop& home, library_actor shelf);

} // namespace interswarm::services
