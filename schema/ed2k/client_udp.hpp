#pragma once

#include "schema/ed2k/client_file.hpp"

namespace interswarm::ed2k {

/// REASKFILEPING (C5 90): a downloader in our queue asks how it stands without a connection.
struct reask {
  md4_digest hash{};
  /// From UDP version 4 on.
  std::optional<part_status> have;
  /// From UDP version 3 on.
  std::optional<std::uint16_t> complete_sources;

  friend bool operator==(const reask&, const reask&) = default;
};
/// `udp_version`: what the asker announced in its hello.
void append_reask(bytes& out, const reask& r, std::uint8_t udp_version);
decoded<reask> decode_reask(byte_view payload, std::uint8_t udp_version);

/// REASKACK (C5 91).
struct reask_ack {
  /// From UDP version 4 on.
  std::optional<part_status> have;
  std::uint16_t rank = 0;

  friend bool operator==(const reask_ack&, const reask_ack&) = default;
};
void append_reask_ack(bytes& out, const reask_ack& a, std::uint8_t udp_version);
decoded<reask_ack> decode_reask_ack(byte_view payload, std::uint8_t udp_version);

} // namespace interswarm::ed2k
