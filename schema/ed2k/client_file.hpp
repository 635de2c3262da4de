#pragma once

#include "schema/base/hash.hpp"
#include "schema/base/result.hpp"
#include "schema/base/wire.hpp"
#include "schema/ed2k/frame.hpp"

#include <optional>
#include <string>
#include <vector>

namespace interswarm::ed2k {

/// Parts as the wire counts them: floor(size / 9,728,000) + 1, with a virtual empty part behind a
/// file of whole parts.
constexpr std::uint64_t wire_part_count(std::uint64_t size) { return size / 9'728'000 + 1; }
/// Hashes in a HASHSETANSWER: as many, but none for a file below one part.
constexpr std::uint64_t wire_hash_count(std::uint64_t size) {
  return size < 9'728'000 ? 0 : wire_part_count(size);
}

/// Which parts a client has. An empty list on the wire means "all of it".
struct part_status {
  bool complete = false;
  /// One flag a wire part; empty when `complete`.
  std::vector<bool> parts;

  friend bool operator==(const part_status&, const part_status&) = default;
};

/// u16 count and ceil(count / 8) bytes, low bit first.
void write_part_status(bytes& out, const part_status& s);
/// `drop` when cut short or above `limits::max_parts`.
decoded<part_status> read_part_status(little_endian_reader& in);

/// What a downloader asks about one file: REQUESTFILENAME (E3 58), SETREQFILEID (E3 4F), or both
/// and more in one MULTIPACKET (C5 92) or MULTIPACKET_EXT (C5 A4).
struct file_inquiry {
  md4_digest hash{};
  /// Only MULTIPACKET_EXT tells it.
  std::optional<std::uint64_t> size;
  bool name = false;
  /// What the asker has, sent along with `name` (extended request >= 1).
  std::optional<part_status> have;
  /// Complete sources it knows of (extended request >= 2).
  std::optional<std::uint16_t> complete_sources;
  bool status = false;
  /// SX version wanted: 1 for opcode 81, else the version byte of opcode 83.
  std::optional<std::uint8_t> sources;
  /// `sources` came as SX2.
  bool sources2 = false;
  bool aich_root = false;

  friend bool operator==(const file_inquiry&, const file_inquiry&) = default;
};

/// Appends REQUESTFILENAME. What it carries follows from `have` and `complete_sources`.
void append_request_file_name(bytes& out, const file_inquiry& q);
/// `extended_request`: the smaller of both ends' versions; it tells what follows the hash.
decoded<file_inquiry> decode_request_file_name(byte_view payload, std::uint8_t extended_request);
/// Appends MULTIPACKET_EXT if `size` is set, else MULTIPACKET.
void append_multi_packet(bytes& out, const file_inquiry& q);
/// `ext`: the packet is MULTIPACKET_EXT. Fails on a sub-request of unknown length.
decoded<file_inquiry> decode_multi_packet(byte_view payload, bool ext,
                                          std::uint8_t extended_request);

/// MULTIPACKETANSWER (C5 93): what REQFILENAMEANSWER, FILESTATUS and the AICH answer say, in one.
struct file_answer {
  md4_digest hash{};
  std::optional<std::string> name;
  std::optional<part_status> status;
  std::optional<sha1_digest> aich_root;

  friend bool operator==(const file_answer&, const file_answer&) = default;
};
void append_multi_packet_answer(bytes& out, const file_answer& a);
/// Stops at the first unknown sub-answer and keeps what came before it, as aMule does.
decoded<file_answer> decode_multi_packet_answer(byte_view payload);

/// REQFILENAMEANSWER (E3 59).
void append_file_name_answer(bytes& out, const md4_digest& hash, std::string_view name);
decoded<file_answer> decode_file_name_answer(byte_view payload);
/// FILESTATUS (E3 50).
void append_file_status(bytes& out, const md4_digest& hash, const part_status& s);
decoded<file_answer> decode_file_status(byte_view payload);

/// HASHSETANSWER (E3 52).
struct hash_set {
  md4_digest hash{};
  /// With the MD4 of nothing at the end of a file of whole parts.
  std::vector<md4_digest> parts;

  friend bool operator==(const hash_set&, const hash_set&) = default;
};
void append_hash_set(bytes& out, const hash_set& h);
decoded<hash_set> decode_hash_set(byte_view payload);

/// A packet whose payload is a file hash and nothing else: SETREQFILEID, FILEREQANSNOFIL,
/// HASHSETREQUEST, STARTUPLOADREQ, END_OF_DOWNLOAD, REQUESTSOURCES, AICHFILEHASHREQUEST.
void append_hash_packet(bytes& out, protocol family, std::uint8_t opcode, const md4_digest& hash);
decoded<md4_digest> decode_hash_packet(byte_view payload);

} // namespace interswarm::ed2k
