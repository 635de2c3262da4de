#pragma once

#include "schema/base/result.hpp"
#include "schema/ppsp/chunk_address.hpp"

#include <optional>

namespace interswarm::ppsp {

/// Message types (RFC 7574 §8.2 and §10.2).
enum class message_type : std::uint8_t {
  handshake = 0x00,
  data = 0x01,
  ack = 0x02,
  have = 0x03,
  integrity = 0x04,
  pex_response_v4 = 0x05,
  pex_request = 0x06,
  signed_integrity = 0x07,
  request = 0x08,
  cancel = 0x09,
  choke = 0x0A,
  unchoke = 0x0B,
  pex_response_v6 = 0x0C,
  pex_certificate = 0x0D,
};
inline constexpr auto last_message_type = message_type::pex_certificate;

/// How a swarm's bytes are verified (RFC 7574 §7.5).
enum class integrity_method : std::uint8_t {
  none = 0,
  merkle_tree = 1,
  sign_all = 2,
  unified_merkle_tree = 3,
};
inline constexpr auto last_integrity_method = integrity_method::unified_merkle_tree;

constexpr bool is_live(integrity_method m) {
  return m == integrity_method::sign_all || m == integrity_method::unified_merkle_tree;
}

/// RFC 7574 §7.6.
enum class merkle_hash : std::uint8_t { sha1 = 0, sha224 = 1, sha256 = 2, sha384 = 3, sha512 = 4 };
inline constexpr auto last_merkle_hash = merkle_hash::sha512;

constexpr std::size_t hash_bytes(merkle_hash h) {
  switch (h) {
  case merkle_hash::sha1: return 20;
  case merkle_hash::sha224: return 28;
  case merkle_hash::sha256: return 32;
  case merkle_hash::sha384: return 48;
  case merkle_hash::sha512: return 64;
  }
  return 0;
}

/// DNSSEC's numbers (RFC 7574 §7.7).
enum class signature_algorithm : std::uint8_t {
  rsa_sha1 = 5,
  rsa_sha256 = 8,
  ecdsa_p256_sha256 = 13,
  ecdsa_p384_sha384 = 14,
};
bool is_known(signature_algorithm a);

/// Message types that a peer understands (option 8).
class message_set {
public:
  static message_set all();
  message_set& add(message_type m) {
    bits_ |= std::uint32_t{1} << static_cast<unsigned>(m);
    return *this;
  }
  bool contains(message_type m) const { return bits_ >> static_cast<unsigned>(m) & 1; }

  friend bool operator==(const message_set&, const message_set&) = default;

private:
  std::uint32_t bits_ = 0;
};

/// The protocol options of a HANDSHAKE (RFC 7574 §7). What is absent was not in it.
struct protocol_options {
  std::uint8_t version = 1;
  std::optional<std::uint8_t> minimum_version;
  std::optional<bytes> swarm_id;
  std::optional<integrity_method> integrity;
  std::optional<merkle_hash> hash;
  std::optional<signature_algorithm> signature;
  std::optional<chunk_addressing> addressing;
  /// Chunks behind the newest that a peer of a live swarm keeps; all ones: everything.
  std::optional<std::uint64_t> live_window;
  std::optional<message_set> supported;
  /// All ones: chunks of any size.
  std::optional<std::uint32_t> chunk_bytes;

  friend bool operator==(const protocol_options&, const protocol_options&) = default;
};

inline constexpr std::uint32_t variable_chunk_bytes = 0xFFFF'FFFF;

/// Appends the options in ascending order and the end option (FF).
void append_options(bytes& out, const protocol_options& o);
/// Reads up to and with the end option. A code that is not known, one that is not above the one
/// before it, a value that is out of its range, and a missing version or end fail: options have no
/// lengths, so nothing behind an unknown one can be read. A live window without its addressing
/// method is read as the default method's.
decoded<protocol_options> read_options(big_endian_reader& in);

} // namespace interswarm::ppsp
