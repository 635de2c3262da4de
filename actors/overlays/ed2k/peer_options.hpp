#pragma once

#include "schema/base/endpoint.hpp"
#include "schema/base/hash.hpp"
#include "schema/ed2k/client_id.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace interswarm::ed2k {

/// How our ed2k peer appears and what it may use.
struct peer_options {
  /// Where clients reach us over TCP. Port 0 takes a free one; `describe` tells which.
  endpoint listen{ip_address::v4(0), 4662};
  /// UDP port for re-asks on the same address; 0: none.
  std::uint16_t udp_port = 4672;
  /// The address that clients are told when `listen` is a wildcard.
  ip_address public_address;
  std::string nick = "interswarm";
  /// Must stay the same over restarts: clients ban one that changes. Bytes 5 and 14 are set to
  /// eMule's marks. The caller keeps it; all zero makes a random one.
  md4_digest user_hash{};
  /// Clients that are served at once; others wait in the queue.
  std::size_t upload_slots = 16;
  /// Bytes of verified data kept for all servings together. At least a few ed2k parts (9,728,000
  /// bytes).
  std::size_t cache_bytes = 96u << 20;
  /// Where fetched bytes lie until their source ends.
  std::string spool_dir = "/tmp";
  /// How far a fetch reads ahead of a sequential reader.
  std::uint64_t read_ahead_bytes = 48u << 20;
  /// A client that we dialled and that says no hello for so long is dialled anew. Clients answer a
  /// hello at once; an aMule that lost a wake-up of its listening socket (amule-org/amule #871)
  /// takes the next connection.
  std::chrono::milliseconds hello_patience = std::chrono::seconds(15);
  /// The same for an aMule that gave us a slot and sends nothing of what it is asked for. Other
  /// clients get `limits::download_timeout`: a slot that is lost may take hours to come again.
  std::chrono::milliseconds amule_patience = std::chrono::seconds(30);
  /// Compress blocks for clients that take it, when they shrink.
  bool compress = true;
};

} // namespace interswarm::ed2k
