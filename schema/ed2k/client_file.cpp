#include "schema/ed2k/client_file.hpp"

#include "schema/ed2k/client_opcode.hpp"
#include "schema/ed2k/frame.hpp"
#include "schema/ed2k/limits.hpp"
#include "schema/ed2k/tag.hpp"

namespace interswarm::ed2k {

namespace {

std::string read_name(little_endian_reader& in) {
  auto name = read_string(in);
  if (name.size() > limits::max_name_bytes) name.resize(limits::max_name_bytes);
  return name;
}

/// What extended requests carry behind the hash.
decoded<void> read_extended(little_endian_reader& in, std::uint8_t version, file_inquiry& q) {
  if (version >= 1) {
    auto have = read_part_status(in);
    if (!have) return tl::unexpected(have.error());
    // Here an empty list says that the asker has nothing yet.
    have->complete = false;
    q.have = std::move(*have);
  }
  if (version >= 2) q.complete_sources = in.u16();
  if (in.failed()) return drop("file request cut short");
  return {};
}

void write_extended(bytes& out, const file_inquiry& q) {
  if (q.have) write_part_status(out, *q.have);
  if (q.complete_sources) little_endian_writer(out).u16(*q.complete_sources);
}

decoded<void> read_item(little_endian_reader& in, std::uint8_t extended_request, file_inquiry& q) {
  switch (in.u8()) {
  case opcode::request_file_name: q.name = true; return read_extended(in, extended_request, q);
  case opcode::set_req_file_id: q.status = true; return {};
  case emule_opcode::request_sources:
    if (!q.sources2) q.sources = 1;
    return {};
  case emule_opcode::request_sources2:
    q.sources = in.u8();
    q.sources2 = true;
    in.u16();
    return {};
  case emule_opcode::aich_file_hash_request: q.aich_root = true; return {};
  default: return drop("unknown request in a multi-packet");
  }
}

} // namespace

void write_part_status(bytes& out, const part_status& s) {
  const auto count = s.complete ? 0 : s.parts.size();
  little_endian_writer(out).u16(static_cast<std::uint16_t>(count));
  for (std::size_t i = 0; i < count; i += 8) {
    unsigned packed = 0;
    for (std::size_t bit = 0; bit < 8 && i + bit < count; ++bit)
      packed |= (s.parts[i + bit] ? 1u : 0u) << bit;
    out.push_back(static_cast<byte>(packed));
  }
}

decoded<part_status> read_part_status(little_endian_reader& in) {
  const std::size_t count = in.u16();
  if (count > limits::max_parts) return drop("too many parts");
  const auto raw = in.take((count + 7) / 8);
  if (in.failed()) return drop("part status cut short");
  part_status out;
  out.complete = count == 0;
  out.parts.resize(count);
  for (std::size_t i = 0; i < count; ++i) out.parts[i] = ((raw[i / 8] >> (i % 8)) & 1) != 0;
  return out;
}

void append_request_file_name(bytes& out, const file_inquiry& q) {
  frame_builder packet(out, protocol::edonkey, opcode::request_file_name);
  append(out, q.hash);
  write_extended(out, q);
  packet.close();
}

decoded<file_inquiry> decode_request_file_name(byte_view payload, std::uint8_t extended_request) {
  little_endian_reader in(payload);
  file_inquiry q;
  q.hash = in.array<16>();
  q.name = true;
  if (in.failed()) return drop("file request cut short");
  // Some clients leave the extension out; a bare hash is a request all the same.
  if (in.done()) return q;
  if (auto ok = read_extended(in, extended_request, q); !ok) return tl::unexpected(ok.error());
  return q;
}

void append_multi_packet(bytes& out, const file_inquiry& q) {
  frame_builder packet(out, protocol::emule,
                       q.size ? emule_opcode::multi_packet_ext : emule_opcode::multi_packet);
  little_endian_writer w(out);
  w.put(q.hash);
  if (q.size) w.u64(*q.size);
  if (q.name) {
    w.u8(opcode::request_file_name);
    write_extended(out, q);
  }
  if (q.status) w.u8(opcode::set_req_file_id);
  if (q.sources && q.sources2) {
    w.u8(emule_opcode::request_sources2).u8(*q.sources).u16(0);
  } else if (q.sources) {
    w.u8(emule_opcode::request_sources);
  }
  if (q.aich_root) w.u8(emule_opcode::aich_file_hash_request);
  packet.close();
}

decoded<file_inquiry> decode_multi_packet(byte_view payload, bool ext,
                                          std::uint8_t extended_request) {
  little_endian_reader in(payload);
  file_inquiry q;
  q.hash = in.array<16>();
  if (ext) q.size = in.u64();
  if (in.failed()) return drop("multi-packet cut short");
  for (std::size_t items = 0; !in.done(); ++items) {
    if (items == limits::max_multipacket_items) return drop("too many requests in a multi-packet");
    if (auto ok = read_item(in, extended_request, q); !ok) return tl::unexpected(ok.error());
    if (in.failed()) return drop("multi-packet cut short");
  }
  return q;
}

void append_multi_packet_answer(bytes& out, const file_answer& a) {
  frame_builder packet(out, protocol::emule, emule_opcode::multi_packet_answer);
  little_endian_writer w(out);
  w.put(a.hash);
  if (a.name) {
    w.u8(opcode::req_file_name_answer);
    write_string(out, *a.name);
  }
  if (a.status) {
    w.u8(opcode::file_status);
    write_part_status(out, *a.status);
  }
  if (a.aich_root) w.u8(emule_opcode::aich_file_hash_answer).put(*a.aich_root);
  packet.close();
}

decoded<file_answer> decode_multi_packet_answer(byte_view payload) {
  little_endian_reader in(payload);
  file_answer a;
  a.hash = in.array<16>();
  bool known = true;
  while (known && !in.done()) {
    switch (in.u8()) {
    case opcode::req_file_name_answer: a.name = read_name(in); break;
    case opcode::file_status: {
      auto status = read_part_status(in);
      if (!status) return tl::unexpected(status.error());
      a.status = std::move(*status);
      break;
    }
    case emule_opcode::aich_file_hash_answer: a.aich_root = in.array<20>(); break;
    default: known = false;
    }
  }
  if (in.failed()) return drop("multi-packet answer cut short");
  return a;
}

void append_file_name_answer(bytes& out, const md4_digest& hash, std::string_view name) {
  frame_builder packet(out, protocol::edonkey, opcode::req_file_name_answer);
  append(out, hash);
  write_string(out, name);
  packet.close();
}

decoded<file_answer> decode_file_name_answer(byte_view payload) {
  little_endian_reader in(payload);
  file_answer a;
  a.hash = in.array<16>();
  a.name = read_name(in);
  if (in.failed()) return drop("file name answer cut short");
  return a;
}

void append_file_status(bytes& out, const md4_digest& hash, const part_status& s) {
  frame_builder packet(out, protocol::edonkey, opcode::file_status);
  append(out, hash);
  write_part_status(out, s);
  packet.close();
}

decoded<file_answer> decode_file_status(byte_view payload) {
  little_endian_reader in(payload);
  file_answer a;
  a.hash = in.array<16>();
  auto status = read_part_status(in);
  if (!status) return tl::unexpected(status.error());
  a.status = std::move(*status);
  return a;
}

void append_hash_set(bytes& out, const hash_set& h) {
  frame_builder packet(out, protocol::edonkey, opcode::hash_set_answer);
  little_endian_writer w(out);
  w.put(h.hash).u16(static_cast<std::uint16_t>(h.parts.size()));
  for (const auto& part : h.parts) w.put(part);
  packet.close();
}

decoded<hash_set> decode_hash_set(byte_view payload) {
  little_endian_reader in(payload);
  hash_set h;
  h.hash = in.array<16>();
  const std::size_t count = in.u16();
  if (count > limits::max_parts) return drop("too many part hashes");
  if (in.failed() || in.left() < count * sizeof(md4_digest)) return drop("hash set cut short");
  h.parts.reserve(count);
  for (std::size_t i = 0; i < count; ++i) h.parts.push_back(in.array<16>());
  return h;
}

void append_hash_packet(bytes& out, protocol family, std::uint8_t op, const md4_digest& hash) {
  append_frame(out, family, op, hash);
}

decoded<md4_digest> decode_hash_packet(byte_view payload) {
  little_endian_reader in(payload);
  const auto hash = in.array<16>();
  if (in.failed()) return drop("file hash cut short");
  return hash;
}

} // namespace interswarm::ed2k
