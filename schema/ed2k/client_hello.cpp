#include "schema/ed2k/client_hello.hpp"

#include "schema/ed2k/client_opcode.hpp"
#include "schema/ed2k/frame.hpp"
#include "schema/ed2k/limits.hpp"

namespace interswarm::ed2k {

namespace {

constexpr std::uint8_t hash_size = 16;
constexpr std::uint64_t edonkey_version = 0x3C;
constexpr std::uint8_t emule_info_version = 0x44;
constexpr std::uint8_t emule_info_protocol = 0x01;
constexpr std::size_t max_trailing_bytes = 64;

std::uint32_t bits(bool flag, int shift) { return (flag ? 1u : 0u) << shift; }
std::uint32_t bits(std::uint8_t value, int shift, std::uint32_t mask) {
  return (value & mask) << shift;
}
std::uint8_t nibble(std::uint32_t word, int shift) {
  return static_cast<std::uint8_t>((word >> shift) & 15);
}

endpoint read_endpoint(little_endian_reader& in) {
  const client_id id{in.u32()};
  return {id.address(), in.u16()};
}

void write_endpoint(bytes& out, const endpoint& e) {
  little_endian_writer(out).u32(client_id::of(e.address).value).u16(e.port);
}

} // namespace

capabilities decode_capabilities(std::uint32_t one, std::uint32_t two) {
  capabilities c;
  c.aich = nibble(one >> 29, 0);
  c.unicode = ((one >> 28) & 1) != 0;
  c.udp = nibble(one, 24);
  c.compression = nibble(one, 20);
  c.secure_ident = nibble(one, 16);
  c.source_exchange = nibble(one, 12);
  c.extended_request = nibble(one, 8);
  c.comments = nibble(one, 4);
  c.no_view_shared = ((one >> 2) & 1) != 0;
  c.multi_packet = ((one >> 1) & 1) != 0;
  c.preview = (one & 1) != 0;
  c.large_files = ((two >> 4) & 1) != 0;
  c.ext_multi_packet = ((two >> 5) & 1) != 0;
  c.supports_crypt = ((two >> 7) & 1) != 0;
  c.requests_crypt = ((two >> 8) & 1) != 0;
  c.requires_crypt = ((two >> 9) & 1) != 0;
  c.source_exchange2 = ((two >> 10) & 1) != 0;
  return c;
}

std::uint32_t misc_options_1(const capabilities& c) {
  return bits(c.aich, 29, 7) | bits(c.unicode, 28) | bits(c.udp, 24, 15) |
         bits(c.compression, 20, 15) | bits(c.secure_ident, 16, 15) |
         bits(c.source_exchange, 12, 15) | bits(c.extended_request, 8, 15) |
         bits(c.comments, 4, 15) | bits(c.no_view_shared, 2) | bits(c.multi_packet, 1) |
         bits(c.preview, 0);
}

std::uint32_t misc_options_2(const capabilities& c) {
  return bits(c.large_files, 4) | bits(c.ext_multi_packet, 5) | bits(c.supports_crypt, 7) |
         bits(c.requests_crypt, 8) | bits(c.requires_crypt, 9) | bits(c.source_exchange2, 10);
}

void append_hello(bytes& out, const hello& h, bool answer) {
  frame_builder packet(out, protocol::edonkey, answer ? opcode::hello_answer : opcode::hello);
  little_endian_writer w(out);
  if (!answer) w.u8(hash_size);
  w.put(h.user_hash).u32(h.id.value).u16(h.tcp_port);
  std::vector<tag> tags{{tag_name::name, h.nick}, {tag_name::version, edonkey_version}};
  if (h.can.is_emule) {
    tags.emplace_back(tag_name::udp_ports, std::uint64_t{h.udp_port});
    tags.emplace_back(tag_name::emule_version, std::uint64_t{h.emule_version});
    tags.emplace_back(tag_name::misc_options_1, std::uint64_t{misc_options_1(h.can)});
    tags.emplace_back(tag_name::misc_options_2, std::uint64_t{misc_options_2(h.can)});
  }
  write_tag_list(out, tags);
  write_endpoint(out, h.server);
  packet.close();
}

decoded<hello> decode_hello(byte_view payload, bool answer) {
  little_endian_reader in(payload);
  if (!answer && in.u8() != hash_size) return drop("hello with a foreign hash size");
  hello h;
  h.user_hash = in.array<16>();
  h.id.value = in.u32();
  h.tcp_port = in.u16();
  const auto tags = read_tag_list(in);
  if (!tags) return tl::unexpected(tags.error());
  h.server = read_endpoint(in);
  if (in.failed()) return drop("hello cut short");
  if (in.left() > max_trailing_bytes) return drop("bytes behind a hello");
  h.nick = tag_text(*tags, tag_name::name).substr(0, limits::max_name_bytes);
  h.udp_port = static_cast<std::uint16_t>(tag_integer(*tags, tag_name::udp_ports));
  h.can =
      decode_capabilities(static_cast<std::uint32_t>(tag_integer(*tags, tag_name::misc_options_1)),
                          static_cast<std::uint32_t>(tag_integer(*tags, tag_name::misc_options_2)));
  h.emule_version = static_cast<std::uint32_t>(tag_integer(*tags, tag_name::emule_version));
  h.can.is_emule = find_tag(*tags, tag_name::emule_version) != nullptr;
  return h;
}

void append_emule_info(bytes& out, const hello& h, bool answer) {
  frame_builder packet(out, protocol::emule,
                       answer ? emule_opcode::emule_info_answer : emule_opcode::emule_info);
  little_endian_writer(out).u8(emule_info_version).u8(emule_info_protocol);
  write_tag_list(out, {{tag_name::et_compression, std::uint64_t{h.can.compression}},
                       {tag_name::et_udp_port, std::uint64_t{h.udp_port}},
                       {tag_name::et_udp_version, std::uint64_t{h.can.udp}},
                       {tag_name::et_source_exchange, std::uint64_t{h.can.source_exchange}},
                       {tag_name::et_comments, std::uint64_t{h.can.comments}},
                       {tag_name::et_extended_request, std::uint64_t{h.can.extended_request}},
                       {tag_name::et_features, std::uint64_t{h.can.secure_ident}}});
  packet.close();
}

decoded<void> decode_emule_info(byte_view payload, hello& into) {
  little_endian_reader in(payload);
  in.u8();
  if (in.u8() != emule_info_protocol) return drop("foreign EMULEINFO");
  const auto tags = read_tag_list(in);
  if (!tags) return tl::unexpected(tags.error());
  const auto version = [&](std::uint8_t name) {
    return static_cast<std::uint8_t>(tag_integer(*tags, name) & 15);
  };
  into.can.is_emule = true;
  into.can.compression = version(tag_name::et_compression);
  into.can.udp = version(tag_name::et_udp_version);
  into.can.source_exchange = version(tag_name::et_source_exchange);
  into.can.comments = version(tag_name::et_comments);
  into.can.extended_request = version(tag_name::et_extended_request);
  into.can.secure_ident = version(tag_name::et_features) & 3;
  into.udp_port = static_cast<std::uint16_t>(tag_integer(*tags, tag_name::et_udp_port));
  return {};
}

md4_digest mark_user_hash(md4_digest random) {
  random[5] = 0x0E;
  random[14] = 0x6F;
  return random;
}

} // namespace interswarm::ed2k
