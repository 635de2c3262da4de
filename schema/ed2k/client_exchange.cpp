#include "schema/ed2k/client_exchange.hpp"

#include "schema/ed2k/client_opcode.hpp"
#include "schema/ed2k/frame.hpp"
#include "schema/ed2k/limits.hpp"

#include <algorithm>

namespace interswarm::ed2k {

namespace {

constexpr std::size_t entry_bytes(std::uint8_t version) {
  return version >= 4 ? 29 : version >= 2 ? 28 : 12;
}

constexpr std::uint32_t swapped(std::uint32_t v) {
  return (v >> 24) | ((v >> 8) & 0xFF00) | ((v << 8) & 0xFF0000) | (v << 24);
}

/// From version 3 on a high id is written in host order ("hybrid"), where the address's first byte
/// is the highest; a low id stays as it is.
client_id from_hybrid(std::uint32_t raw) { return {raw < 0x0100'0000 ? raw : swapped(raw)}; }
/// An address x.y.z.0 would read as a low id when swapped, so such a source cannot be told.
std::uint32_t to_hybrid(client_id id) { return id.is_low() ? id.value : swapped(id.value); }

void write_entries(bytes& out, const source_answer& a, std::uint8_t version) {
  little_endian_writer w(out);
  const auto count = std::min(a.sources.size(), limits::max_exchanged_sources);
  w.put(a.hash).u16(static_cast<std::uint16_t>(count));
  for (std::size_t i = 0; i < count; ++i) {
    const auto& s = a.sources[i];
    w.u32(version >= 3 ? to_hybrid(s.id) : s.id.value).u16(s.port);
    w.u32(client_id::of(s.server.address).value).u16(s.server.port);
    if (version >= 2) w.put(s.user_hash);
    if (version >= 4) w.u8(s.crypt);
  }
}

decoded<source_answer> read_entries(little_endian_reader& in, std::uint8_t version,
                                    bool version_by_length) {
  source_answer a;
  a.hash = in.array<16>();
  const std::size_t count = in.u16();
  if (in.failed()) return drop("source answer cut short");
  if (count > limits::max_exchanged_sources) return drop("too many exchanged sources");
  if (version_by_length && count > 0) {
    const auto each = in.left() / count;
    version = each == 12 ? 1 : each == 29 ? 4 : std::clamp<std::uint8_t>(version, 2, 3);
  }
  if (in.left() != count * entry_bytes(version)) return drop("source answer of another length");
  for (std::size_t i = 0; i < count; ++i) {
    exchanged_source s;
    const auto raw = in.u32();
    s.id = version >= 3 ? from_hybrid(raw) : client_id{raw};
    s.port = in.u16();
    s.server.address = client_id{in.u32()}.address();
    s.server.port = in.u16();
    if (version >= 2) s.user_hash = in.array<16>();
    if (version >= 4) s.crypt = in.u8();
    a.sources.push_back(s);
  }
  return a;
}

} // namespace

void append_source_answer(bytes& out, const source_answer& a, std::uint8_t version) {
  frame_builder packet(out, protocol::emule, emule_opcode::answer_sources);
  write_entries(out, a, version);
  packet.close();
}

decoded<source_answer> decode_source_answer(byte_view payload, std::uint8_t version) {
  little_endian_reader in(payload);
  return read_entries(in, version, true);
}

void append_source_answer2(bytes& out, const source_answer& a, std::uint8_t version) {
  frame_builder packet(out, protocol::emule, emule_opcode::answer_sources2);
  little_endian_writer(out).u8(version);
  write_entries(out, a, version);
  packet.close();
}

decoded<source_answer> decode_source_answer2(byte_view payload) {
  little_endian_reader in(payload);
  const auto version = in.u8();
  if (in.failed() || version == 0 || version > source_exchange2_version)
    return drop("foreign source exchange version");
  return read_entries(in, version, false);
}

decoded<source_request2> decode_source_request2(byte_view payload) {
  little_endian_reader in(payload);
  source_request2 r;
  r.version = in.u8();
  in.u16();
  r.hash = in.array<16>();
  if (in.failed()) return drop("source request cut short");
  return r;
}

} // namespace interswarm::ed2k
