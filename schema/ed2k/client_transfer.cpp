#include "schema/ed2k/client_transfer.hpp"

#include "schema/base/wire.hpp"
#include "schema/ed2k/client_opcode.hpp"
#include "schema/ed2k/limits.hpp"

namespace interswarm::ed2k {

namespace {

constexpr std::size_t queue_ranking_bytes = 12;

std::uint64_t read_offset(little_endian_reader& in, bool wide) {
  return wide ? in.u64() : std::uint64_t{in.u32()};
}

void write_offset(little_endian_writer& w, std::uint64_t offset, bool wide) {
  if (wide) {
    w.u64(offset);
  } else {
    w.u32(static_cast<std::uint32_t>(offset));
  }
}

protocol family_of(bool wide) { return wide ? protocol::emule : protocol::edonkey; }

/// The packet's header with the length of what the caller appends itself already counted.
void append_header(bytes& out, protocol family, std::uint8_t op, std::size_t payload_bytes) {
  little_endian_writer(out)
      .u8(static_cast<byte>(family))
      .u32(static_cast<std::uint32_t>(payload_bytes + 1))
      .u8(op);
}

} // namespace

void append_request_parts(bytes& out, const part_request& r, bool wide) {
  frame_builder packet(out, family_of(wide),
                       wide ? emule_opcode::request_parts_i64 : opcode::request_parts);
  little_endian_writer w(out);
  w.put(r.hash);
  for (const auto& range : r.ranges) write_offset(w, range.begin, wide);
  for (const auto& range : r.ranges) write_offset(w, range.end, wide);
  packet.close();
}

decoded<part_request> decode_request_parts(byte_view payload, bool wide) {
  little_endian_reader in(payload);
  part_request r;
  r.hash = in.array<16>();
  for (auto& range : r.ranges) range.begin = read_offset(in, wide);
  for (auto& range : r.ranges) range.end = read_offset(in, wide);
  if (in.failed()) return drop("part request cut short");
  return r;
}

void append_sending_part_header(bytes& out, const md4_digest& hash, const byte_range& range,
                                bool wide) {
  const std::size_t offset_bytes = wide ? 8 : 4;
  append_header(out, family_of(wide), wide ? emule_opcode::sending_part_i64 : opcode::sending_part,
                hash.size() + 2 * offset_bytes + range.size());
  little_endian_writer w(out);
  w.put(hash);
  write_offset(w, range.begin, wide);
  write_offset(w, range.end, wide);
}

decoded<part_data> decode_sending_part(byte_view payload, bool wide) {
  little_endian_reader in(payload);
  part_data d;
  d.hash = in.array<16>();
  d.range.begin = read_offset(in, wide);
  d.range.end = read_offset(in, wide);
  if (in.failed()) return drop("part data cut short");
  d.data = in.rest();
  if (d.range.end <= d.range.begin || d.range.size() != d.data.size())
    return drop("part data of another length");
  return d;
}

void append_compressed_part_header(bytes& out, const md4_digest& hash, std::uint64_t block_begin,
                                   std::uint32_t stream_bytes, std::size_t piece_bytes, bool wide) {
  const std::size_t offset_bytes = wide ? 8 : 4;
  append_header(out, protocol::emule,
                wide ? emule_opcode::compressed_part_i64 : emule_opcode::compressed_part,
                hash.size() + offset_bytes + 4 + piece_bytes);
  little_endian_writer w(out);
  w.put(hash);
  write_offset(w, block_begin, wide);
  w.u32(stream_bytes);
}

decoded<compressed_data> decode_compressed_part(byte_view payload, bool wide) {
  little_endian_reader in(payload);
  compressed_data d;
  d.hash = in.array<16>();
  d.block_begin = read_offset(in, wide);
  d.stream_bytes = in.u32();
  if (in.failed()) return drop("compressed data cut short");
  d.piece = in.rest();
  if (d.piece.empty()) return drop("empty compressed data");
  if (d.stream_bytes > limits::max_compressed_block_bytes || d.piece.size() > d.stream_bytes) {
    return drop("compressed block too long");
  }
  return d;
}

void append_bare(bytes& out, std::uint8_t op) { append_frame(out, protocol::edonkey, op, {}); }

void append_queue_ranking(bytes& out, std::uint16_t rank) {
  frame_builder packet(out, protocol::emule, emule_opcode::queue_ranking);
  little_endian_writer(out).u16(rank).put(bytes(queue_ranking_bytes - 2));
  packet.close();
}

decoded<std::uint32_t> decode_queue_ranking(byte_view payload) {
  if (payload.size() != queue_ranking_bytes) return drop("queue ranking of another length");
  return std::uint32_t{little_endian_reader(payload).u16()};
}

decoded<std::uint32_t> decode_queue_rank(byte_view payload) {
  little_endian_reader in(payload);
  const auto rank = in.u32();
  if (in.failed()) return drop("queue rank cut short");
  return rank;
}

} // namespace interswarm::ed2k
