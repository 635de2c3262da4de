#pragma once

#include "schema/base/endpoint.hpp"
#include "schema/ed2k/tag.hpp"

namespace interswarm::ed2k {

/// A server as a server.met file lists it.
struct known_server {
  endpoint address = {};
  /// 01 name, 0B description, 85 host name, 92 udp flags …
  std::vector<tag> tags = {};

  friend bool operator==(const known_server&, const known_server&) = default;
};

/// Reads a server.met file (first byte E0 or 0E). Fails with `drop` on another format, a list that
/// is cut off and above `limits::max_known_servers`.
decoded<std::vector<known_server>> read_server_met(byte_view file);
bytes write_server_met(const std::vector<known_server>& servers);

} // namespace interswarm::ed2k
