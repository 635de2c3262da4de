#pragma once

#include "schema/base/hash.hpp"
#include "schema/base/range.hpp"
#include "schema/base/result.hpp"
#include "schema/ed2k/frame.hpp"

#include <array>

namespace interswarm::ed2k {

/// Above this size, or for any offset beyond 2^32, clients take only the 64-bit forms (eMule's
/// OLD_MAX_FILE_SIZE).
constexpr std::uint64_t old_max_file_bytes = 4'290'048'000;
constexpr bool needs_64_bit(std::uint64_t file_size) { return file_size > old_max_file_bytes; }

/// REQUESTPARTS (E3 47) and REQUESTPARTS_I64 (C5 A3): always three ranges on the wire; empty ones
/// are unused.
struct part_request {
  md4_digest hash{};
  std::array<byte_range, 3> ranges{};

  friend bool operator==(const part_request&, const part_request&) = default;
};
void append_request_parts(bytes& out, const part_request& r, bool wide);
decoded<part_request> decode_request_parts(byte_view payload, bool wide);

/// SENDINGPART (E3 46) and SENDINGPART_I64 (C5 A2). `data` points into the packet.
struct part_data {
  md4_digest hash{};
  byte_range range;
  byte_view data;
};
/// Appends only the header: `range.size()` bytes of data must follow.
void append_sending_part_header(bytes& out, const md4_digest& hash, const byte_range& range,
                                bool wide);
/// Fails unless the data is as long as the range says.
decoded<part_data> decode_sending_part(byte_view payload, bool wide);

/// COMPRESSEDPART (C5 40) and COMPRESSEDPART_I64 (C5 A1): the next piece of the zlib stream of a
/// whole block.
struct compressed_data {
  md4_digest hash{};
  /// Where the block begins in the file: the same in all its packets.
  std::uint64_t block_begin = 0;
  /// Length of the whole zlib stream.
  std::uint32_t stream_bytes = 0;
  byte_view piece;
};
/// Appends only the header: `piece_bytes` of the stream must follow.
void append_compressed_part_header(bytes& out, const md4_digest& hash, std::uint64_t block_begin,
                                   std::uint32_t stream_bytes, std::size_t piece_bytes, bool wide);
decoded<compressed_data> decode_compressed_part(byte_view payload, bool wide);

/// ACCEPTUPLOADREQ, OUTOFPARTREQS, CANCELTRANSFER and the like: an E3 packet without payload.
void append_bare(bytes& out, std::uint8_t opcode);
/// QUEUERANKING (C5 60): exactly 12 bytes, else aMule drops us.
void append_queue_ranking(bytes& out, std::uint16_t rank);
decoded<std::uint32_t> decode_queue_ranking(byte_view payload);
/// QUEUERANK (E3 5C), of old clients.
decoded<std::uint32_t> decode_queue_rank(byte_view payload);

} // namespace interswarm::ed2k
