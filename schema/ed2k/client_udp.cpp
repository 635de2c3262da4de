#include "schema/ed2k/client_udp.hpp"

#include "schema/ed2k/client_opcode.hpp"

namespace interswarm::ed2k {

namespace {

constexpr std::uint8_t version_with_status = 4;
constexpr std::uint8_t version_with_complete = 3;

void append_header(bytes& out, std::uint8_t op) { append_datagram(out, protocol::emule, op, {}); }

} // namespace

void append_reask(bytes& out, const reask& r, std::uint8_t udp_version) {
  append_header(out, udp_opcode::reask_file_ping);
  append(out, r.hash);
  if (udp_version >= version_with_status) write_part_status(out, r.have.value_or(part_status{}));
  if (udp_version >= version_with_complete)
    little_endian_writer(out).u16(r.complete_sources.value_or(0));
}

decoded<reask> decode_reask(byte_view payload, std::uint8_t udp_version) {
  little_endian_reader in(payload);
  reask r;
  r.hash = in.array<16>();
  if (udp_version >= version_with_status) {
    auto have = read_part_status(in);
    if (!have) return tl::unexpected(have.error());
    have->complete = false;
    r.have = std::move(*have);
  }
  if (udp_version >= version_with_complete) r.complete_sources = in.u16();
  if (in.failed()) return drop("re-ask cut short");
  return r;
}

void append_reask_ack(bytes& out, const reask_ack& a, std::uint8_t udp_version) {
  append_header(out, udp_opcode::reask_ack);
  if (udp_version >= version_with_status) {
    write_part_status(out, a.have.value_or(part_status{.complete = true, .parts = {}}));
  }
  little_endian_writer(out).u16(a.rank);
}

decoded<reask_ack> decode_reask_ack(byte_view payload, std::uint8_t udp_version) {
  little_endian_reader in(payload);
  reask_ack a;
  if (udp_version >= version_with_status) {
    auto have = read_part_status(in);
    if (!have) return tl::unexpected(have.error());
    a.have = std::move(*have);
  }
  a.rank = in.u16();
  if (in.failed()) return drop("re-ask answer cut short");
  return a;
}

} // namespace interswarm::ed2k
