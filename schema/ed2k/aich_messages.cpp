#include "schema/base/wire.hpp"
#include "schema/ed2k/aich.hpp"
#include "schema/ed2k/client_opcode.hpp"
#include "schema/ed2k/client_transfer.hpp"
#include "schema/ed2k/frame.hpp"
#include "schema/ed2k/limits.hpp"

namespace interswarm::ed2k {

namespace {

decoded<void> read_nodes(little_endian_reader& in, bool wide, aich_recovery& r) {
  const std::size_t count = in.u16();
  if (r.nodes.size() + count > limits::max_aich_nodes) return drop("too many AICH nodes");
  for (std::size_t i = 0; i < count; ++i) {
    aich_node node;
    node.id = wide ? in.u32() : in.u16();
    node.hash = in.array<20>();
    if (in.failed()) return drop("AICH answer cut short");
    if (node.id <= 1) return drop("AICH answer names the root");
    r.nodes.push_back(node);
  }
  return {};
}

} // namespace

void append_aich_request(bytes& out, const aich_request& r) {
  frame_builder packet(out, protocol::emule, emule_opcode::aich_request);
  little_endian_writer(out).put(r.file).u16(r.part).put(r.root);
  packet.close();
}

decoded<aich_request> decode_aich_request(byte_view payload) {
  little_endian_reader in(payload);
  aich_request r;
  r.file = in.array<16>();
  r.part = in.u16();
  r.root = in.array<20>();
  if (in.failed()) return drop("AICH request cut short");
  return r;
}

void append_aich_answer(bytes& out, const aich_recovery& r, std::uint64_t size) {
  frame_builder packet(out, protocol::emule, emule_opcode::aich_answer);
  little_endian_writer w(out);
  const bool wide = needs_64_bit(size);
  const auto count = static_cast<std::uint16_t>(r.nodes.size());
  w.put(r.file).u16(r.part).put(r.root).u16(wide ? 0 : count);
  if (wide) w.u16(count);
  for (const auto& node : r.nodes) {
    if (wide) {
      w.u32(node.id);
    } else {
      w.u16(static_cast<std::uint16_t>(node.id));
    }
    w.put(node.hash);
  }
  if (!wide) w.u16(0);
  packet.close();
}

void append_aich_refusal(bytes& out, const md4_digest& file) {
  append_frame(out, protocol::emule, emule_opcode::aich_answer, file);
}

decoded<aich_recovery> decode_aich_answer(byte_view payload) {
  little_endian_reader in(payload);
  aich_recovery r;
  r.file = in.array<16>();
  if (in.failed()) return drop("AICH answer cut short");
  if (in.done()) return r;
  r.part = in.u16();
  r.root = in.array<20>();
  if (auto ok = read_nodes(in, false, r); !ok) return tl::unexpected(ok.error());
  if (in.failed()) return drop("AICH answer cut short");
  // Clients older than large files end here.
  if (in.done()) return r;
  if (auto ok = read_nodes(in, true, r); !ok) return tl::unexpected(ok.error());
  if (in.failed()) return drop("AICH answer cut short");
  return r;
}

void append_aich_file_hash(bytes& out, const aich_file_hash& h) {
  frame_builder packet(out, protocol::emule, emule_opcode::aich_file_hash_answer);
  little_endian_writer(out).put(h.file).put(h.root);
  packet.close();
}

decoded<aich_file_hash> decode_aich_file_hash(byte_view payload) {
  little_endian_reader in(payload);
  aich_file_hash h;
  h.file = in.array<16>();
  h.root = in.array<20>();
  if (in.failed()) return drop("AICH hash cut short");
  return h;
}

} // namespace interswarm::ed2k
