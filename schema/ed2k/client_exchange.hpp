#pragma once

#include "schema/ed2k/client_hello.hpp"

namespace interswarm::ed2k {

/// The highest versions that we read and write.
constexpr std::uint8_t source_exchange1_version = 3;
constexpr std::uint8_t source_exchange2_version = 4;

/// One entry of a source exchange answer.
struct exchanged_source {
  client_id id;
  std::uint16_t port = 0;
  /// The server that knows a low id.
  endpoint server;
  /// From version 2 on.
  md4_digest user_hash{};
  /// From version 4 on: bit 0 supports, 1 requests, 2 requires obfuscation.
  std::uint8_t crypt = 0;

  friend bool operator==(const exchanged_source&, const exchanged_source&) = default;
};

/// ANSWERSOURCES (C5 82) and ANSWERSOURCES2 (C5 84).
struct source_answer {
  md4_digest hash{};
  std::vector<exchanged_source> sources;

  friend bool operator==(const source_answer&, const source_answer&) = default;
};

/// SX1. `version`: the smaller of both ends'. Up to `limits::max_exchanged_sources` entries are
/// written.
void append_source_answer(bytes& out, const source_answer& a, std::uint8_t version);
/// The version is told by the entries' length; 2 and 3, equally long, by `version`. The size must
/// fit exactly.
decoded<source_answer> decode_source_answer(byte_view payload, std::uint8_t version);

/// SX2: the version travels in the packet.
void append_source_answer2(bytes& out, const source_answer& a, std::uint8_t version);
decoded<source_answer> decode_source_answer2(byte_view payload);

/// REQUESTSOURCES2 (C5 83) on its own. aMule 2.3.3 refuses it outside a multi-packet: ask with SX1
/// or in one.
struct source_request2 {
  std::uint8_t version = 0;
  md4_digest hash{};
};
decoded<source_request2> decode_source_request2(byte_view payload);

} // namespace interswarm::ed2k
