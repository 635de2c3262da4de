#pragma once

#include "actors/overlays/ed2k/server_options.hpp"

#include <string>

namespace interswarm::ed2k {

/// Somebody else's ed2k server that our peer registers at: section [ed2k.registrar] of the
/// configuration.
struct registrar_options {
  /// Host name or address, and TCP port.
  std::string host = {};
  std::uint16_t port = 4661;
  /// What people see of us there.
  std::string nick = "interswarm";
  /// Our peer: the server's call-back test reaches its port, and its user hash (what `describe`
  /// tells) is told. The address may be 0.0.0.0: the server sees it.
  own_peer own = {};
};

} // namespace interswarm::ed2k
