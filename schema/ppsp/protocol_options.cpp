#include "schema/ppsp/protocol_options.hpp"

#include "schema/ppsp/limits.hpp"

#include <algorithm>

namespace interswarm::ppsp {

namespace {

enum class code : std::uint8_t {
  version = 0,
  minimum_version = 1,
  swarm_id = 2,
  integrity = 3,
  hash = 4,
  signature = 5,
  addressing = 6,
  live_window = 7,
  supported = 8,
  chunk_bytes = 9,
  end = 0xFF,
};

constexpr auto message_types = static_cast<unsigned>(last_message_type) + 1;

/// RFC 7574 §7.9: as wide as the addressing method's numbers.
bool has_narrow_window(chunk_addressing a) {
  return a == chunk_addressing::bins_32 || a == chunk_addressing::chunk_ranges_32;
}

void append_supported(bytes& out, const message_set& set) {
  bytes bitmap((message_types + 7) / 8);
  for (unsigned i = 0; i < message_types; ++i) {
    if (set.contains(static_cast<message_type>(i)))
      bitmap[i / 8] = static_cast<byte>(bitmap[i / 8] | (0x80 >> (i % 8)));
  }
  big_endian_writer(out).u8(static_cast<byte>(bitmap.size())).put(bitmap);
}

/// Types of later versions are left out.
message_set set_of(byte_view bitmap) {
  message_set out;
  for (unsigned i = 0; i < message_types && i / 8 < bitmap.size(); ++i) {
    if (bitmap[i / 8] & (0x80 >> (i % 8))) out.add(static_cast<message_type>(i));
  }
  return out;
}

template <class Enum>
bool read_enum(big_endian_reader& in, std::optional<Enum>& into, Enum last) {
  const auto value = in.u8();
  if (in.failed() || value > static_cast<std::uint8_t>(last)) return false;
  into = static_cast<Enum>(value);
  return true;
}

bool read_swarm_id(big_endian_reader& in, protocol_options& o) {
  const auto length = in.u16();
  if (length == 0 || length > limits::max_swarm_id_bytes) return false;
  const auto raw = in.take(length);
  o.swarm_id = bytes(raw.begin(), raw.end());
  return !in.failed();
}

bool read_signature(big_endian_reader& in, protocol_options& o) {
  const auto value = static_cast<signature_algorithm>(in.u8());
  if (in.failed() || !is_known(value)) return false;
  o.signature = value;
  return true;
}

bool read_live_window(big_endian_reader& in, protocol_options& o) {
  const auto method = o.addressing.value_or(chunk_addressing::chunk_ranges_32);
  if (has_narrow_window(method)) {
    const auto window = in.u32();
    o.live_window = window == 0xFFFF'FFFF ? ~std::uint64_t{0} : window;
  } else {
    o.live_window = in.u64();
  }
  return !in.failed();
}

bool read_supported(big_endian_reader& in, protocol_options& o) {
  const auto length = in.u8();
  if (length > limits::max_supported_bytes) return false;
  o.supported = set_of(in.take(length));
  return !in.failed();
}

/// The value of option `c`; whether it was good.
bool read_value(big_endian_reader& in, code c, protocol_options& o) {
  switch (c) {
  case code::version: o.version = in.u8(); return !in.failed() && o.version != 0;
  case code::minimum_version: o.minimum_version = in.u8(); return !in.failed();
  case code::swarm_id: return read_swarm_id(in, o);
  case code::integrity: return read_enum(in, o.integrity, last_integrity_method);
  case code::hash: return read_enum(in, o.hash, last_merkle_hash);
  case code::signature: return read_signature(in, o);
  case code::addressing: return read_enum(in, o.addressing, last_chunk_addressing);
  case code::live_window: return read_live_window(in, o);
  case code::supported: return read_supported(in, o);
  case code::chunk_bytes: o.chunk_bytes = in.u32(); return !in.failed() && *o.chunk_bytes != 0;
  case code::end: break;
  }
  return false;
}

} // namespace

bool is_known(signature_algorithm a) {
  switch (a) {
  case signature_algorithm::rsa_sha1:
  case signature_algorithm::rsa_sha256:
  case signature_algorithm::ecdsa_p256_sha256:
  case signature_algorithm::ecdsa_p384_sha384: return true;
  }
  return false;
}

message_set message_set::all() {
  message_set out;
  for (unsigned i = 0; i < message_types; ++i) out.add(static_cast<message_type>(i));
  return out;
}

void append_options(bytes& out, const protocol_options& o) {
  big_endian_writer to(out);
  const auto option = [&](code c) -> big_endian_writer& { return to.u8(static_cast<byte>(c)); };
  const auto small = [&](code c, auto value) {
    if (value) option(c).u8(static_cast<byte>(*value));
  };
  option(code::version).u8(o.version);
  small(code::minimum_version, o.minimum_version);
  if (o.swarm_id)
    option(code::swarm_id).u16(static_cast<std::uint16_t>(o.swarm_id->size())).put(*o.swarm_id);
  small(code::integrity, o.integrity);
  small(code::hash, o.hash);
  small(code::signature, o.signature);
  small(code::addressing, o.addressing);
  if (o.live_window) {
    option(code::live_window);
    if (has_narrow_window(o.addressing.value_or(chunk_addressing::chunk_ranges_32)))
      to.u32(static_cast<std::uint32_t>(std::min<std::uint64_t>(*o.live_window, 0xFFFF'FFFF)));
    else
      to.u64(*o.live_window);
  }
  if (o.supported) {
    option(code::supported);
    append_supported(out, *o.supported);
  }
  if (o.chunk_bytes) option(code::chunk_bytes).u32(*o.chunk_bytes);
  option(code::end);
}

decoded<protocol_options> read_options(big_endian_reader& in) {
  protocol_options out;
  int before = -1;
  while (true) {
    const auto c = in.u8();
    if (in.failed()) return drop("a handshake's options have no end");
    if (static_cast<code>(c) == code::end) break;
    if (c <= before) return drop("a handshake's options are not in order");
    // RFC 7574 §7.2: the version comes first and says how to read the rest.
    if (before < 0 && c != 0) return drop("a handshake without its version");
    if (!read_value(in, static_cast<code>(c), out))
      return drop("a handshake's option " + std::to_string(c) + " is not understood");
    before = c;
  }
  if (before < 0) return drop("a handshake without its version");
  return out;
}

} // namespace interswarm::ppsp
