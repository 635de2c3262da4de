#pragma once

#include "schema/base/endpoint.hpp"

#include <cstdint>
#include <string>

namespace interswarm::ppsp {

/// How our PPSPP peer appears and what it may use.
struct peer_options {
  /// One UDP port for all swarms. No port is registered for the protocol; port 0 takes a free one,
  /// which `describe` tells.
  endpoint listen{ip_address::v4(0), 7574};
  /// The address that others are told when `listen` is a wildcard.
  ip_address public_address;
  /// Where fetched bytes lie until their source ends.
  std::string spool_dir = "/tmp";
  /// How far a fetch reads ahead of a sequential reader.
  std::uint64_t read_ahead_bytes = 16u << 20;
  /// Peers that take one content from us at once, and that one fetch takes from.
  std::size_t clients = 512;
  std::size_t sources = 64;
};

} // namespace interswarm::ppsp
