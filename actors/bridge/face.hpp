#pragma once

#include "schema/overlay.gen.hpp"

#include <functional>
#include <string>
#include <vector>

namespace interswarm::bridge {

/// One overlay as the bridge sees it. The bridge never looks behind it.
struct face {
  std::string overlay;
  /// Its directories as one: our own tracker, registrars at foreign ones.
  msg::tracker_actor tracker;
  msg::peer_actor peer;
  /// Nobody tells this overlay's demand (a foreign server that cannot be watched): what can be
  /// delivered into it is offered there all the time; its bytes still move only when a client asks.
  bool standing = false;
  /// Whether contents are taken out of it for others. An overlay that is only served (SOA mode)
  /// gives nothing.
  bool gives = true;
  /// Charged to others for a GiB taken out of this overlay.
  double price_per_gib = 0;
};

} // namespace interswarm::bridge
