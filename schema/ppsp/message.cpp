#include "schema/ppsp/message.hpp"

#include "schema/ppsp/limits.hpp"

namespace interswarm::ppsp {

namespace {

/// Appends one message of each type.
class appender {
public:
  appender(bytes& out, const dialect& d) : out_(out), to_(out), dialect_(d) {}

  void operator()(const handshake& m) {
    type(message_type::handshake).u32(m.source);
    append_options(out_, m.options);
  }
  void operator()(const data& m) {
    addressed(message_type::data, m.chunks).u64(m.sent_at_us).put(m.payload);
  }
  void operator()(const ack& m) { addressed(message_type::ack, m.chunks).u64(m.delay_us); }
  void operator()(const have& m) { addressed(message_type::have, m.chunks); }
  void operator()(const request& m) { addressed(message_type::request, m.chunks); }
  void operator()(const cancel& m) { addressed(message_type::cancel, m.chunks); }
  void operator()(const integrity& m) { addressed(message_type::integrity, m.chunks).put(m.hash); }
  void operator()(const signed_integrity& m) {
    addressed(message_type::signed_integrity, m.chunks).u64(m.signed_at).put(m.signature);
  }
  void operator()(const pex_request&) { type(message_type::pex_request); }
  void operator()(const pex_response& m) {
    type(m.peer.address.is_v4() ? message_type::pex_response_v4 : message_type::pex_response_v6)
        .put(m.peer.address.network_bytes())
        .u16(m.peer.port);
  }
  void operator()(const pex_certificate& m) {
    type(message_type::pex_certificate)
        .u16(static_cast<std::uint16_t>(m.certificate.size()))
        .put(m.certificate);
  }
  void operator()(const choke&) { type(message_type::choke); }
  void operator()(const unchoke&) { type(message_type::unchoke); }

private:
  big_endian_writer& type(message_type t) { return to_.u8(static_cast<byte>(t)); }
  big_endian_writer& addressed(message_type t, const chunk_range& r) {
    type(t);
    append_address(out_, r, dialect_.address);
    return to_;
  }

  bytes& out_;
  big_endian_writer to_;
  const dialect& dialect_;
};

decoded<message> cut_short() { return drop("a datagram ends inside a message"); }
decoded<message> no_chunks() { return drop("a message's chunks are cut short or impossible"); }

template <class Message>
decoded<message> read_addressed(big_endian_reader& in, const chunk_address& a) {
  const auto chunks = read_address(in, a);
  if (!chunks) return no_chunks();
  return Message{*chunks};
}

decoded<message> read_data(big_endian_reader& in, const chunk_address& a) {
  const auto chunks = read_address(in, a);
  if (!chunks) return no_chunks();
  const auto sent_at_us = in.u64();
  if (in.failed()) return cut_short();
  if (in.done()) return drop("a DATA without payload");
  return data{*chunks, sent_at_us, in.take(in.left())};
}

decoded<message> read_ack(big_endian_reader& in, const chunk_address& a) {
  const auto chunks = read_address(in, a);
  if (!chunks) return no_chunks();
  const auto delay_us = in.u64();
  if (in.failed()) return cut_short();
  return ack{*chunks, delay_us};
}

decoded<message> read_peer(big_endian_reader& in, std::size_t address_bytes) {
  const auto address = ip_address::from_bytes(in.take(address_bytes));
  const auto port = in.u16();
  if (in.failed() || !address) return cut_short();
  return pex_response{{*address, port}};
}

} // namespace

dialect dialect::with(const protocol_options& o) const {
  auto out = *this;
  if (o.addressing) out.address.method = *o.addressing;
  if (o.chunk_bytes && *o.chunk_bytes != variable_chunk_bytes)
    out.address.chunk_bytes = *o.chunk_bytes;
  if (o.hash) out.hash_bytes = ppsp::hash_bytes(*o.hash);
  if (o.integrity && !is_live(*o.integrity)) out.signature_bytes = 0;
  if (o.signature == signature_algorithm::ecdsa_p256_sha256) out.signature_bytes = 64;
  if (o.signature == signature_algorithm::ecdsa_p384_sha384) out.signature_bytes = 96;
  return out;
}

void append_channel(bytes& out, channel_id destination) { big_endian_writer(out).u32(destination); }

void append_message(bytes& out, const message& m, const dialect& d) {
  std::visit(appender(out, d), m);
}

void append_close(bytes& out) {
  // RFC 7574 §8.4: source channel 0 and the end option alone.
  big_endian_writer(out).u8(static_cast<byte>(message_type::handshake)).u32(0).u8(0xFF);
}

datagram_reader::datagram_reader(byte_view datagram, const dialect& d)
    : in_(datagram), dialect_(d) {
  destination_ = in_.u32();
  is_broken_ = in_.failed();
}

decoded<std::optional<message>> datagram_reader::next() {
  if (is_broken_) return drop("what is left of a datagram cannot be read");
  if (in_.done()) return std::optional<message>{};
  ++count_;
  auto read_one = read(static_cast<message_type>(in_.u8()));
  if (!read_one) {
    is_broken_ = true;
    return tl::unexpected(read_one.error());
  }
  return std::optional<message>(std::move(*read_one));
}

decoded<message> datagram_reader::read(message_type type) {
  const auto& a = dialect_.address;
  switch (type) {
  case message_type::handshake: return read_handshake();
  case message_type::data: return read_data(in_, a);
  case message_type::ack: return read_ack(in_, a);
  case message_type::have: return read_addressed<have>(in_, a);
  case message_type::integrity: return read_integrity();
  case message_type::pex_response_v4: return read_peer(in_, 4);
  case message_type::pex_request: return message(pex_request{});
  case message_type::signed_integrity: return read_signed_integrity();
  case message_type::request: return read_addressed<request>(in_, a);
  case message_type::cancel: return read_addressed<cancel>(in_, a);
  case message_type::choke: return message(choke{});
  case message_type::unchoke: return message(unchoke{});
  case message_type::pex_response_v6: return read_peer(in_, 16);
  case message_type::pex_certificate: return read_certificate();
  }
  return drop("a message of unknown type " + std::to_string(static_cast<unsigned>(type)));
}

decoded<message> datagram_reader::read_handshake() {
  handshake out;
  out.source = in_.u32();
  if (in_.failed()) return cut_short();
  if (out.source == 0 && in_.left() > 0 && in_.rest().front() == 0xFF) {
    in_.u8();
    return message(std::move(out));
  }
  auto options = read_options(in_);
  if (!options) return tl::unexpected(options.error());
  dialect_ = dialect_.with(*options);
  out.options = std::move(*options);
  return message(std::move(out));
}

decoded<message> datagram_reader::read_integrity() {
  const auto chunks = read_address(in_, dialect_.address);
  if (!chunks) return no_chunks();
  const auto hash = in_.take(dialect_.hash_bytes);
  if (in_.failed()) return cut_short();
  return message(integrity{*chunks, hash});
}

decoded<message> datagram_reader::read_signed_integrity() {
  if (dialect_.signature_bytes == 0) return drop("a signature where nothing is signed");
  const auto chunks = read_address(in_, dialect_.address);
  if (!chunks) return no_chunks();
  const auto signed_at = in_.u64();
  const auto signature = in_.take(dialect_.signature_bytes);
  if (in_.failed()) return cut_short();
  return message(signed_integrity{*chunks, signed_at, signature});
}

decoded<message> datagram_reader::read_certificate() {
  const auto length = in_.u16();
  if (length > limits::max_certificate_bytes) return drop("a PEX certificate is too long");
  const auto certificate = in_.take(length);
  if (in_.failed()) return cut_short();
  return message(pex_certificate{certificate});
}

} // namespace interswarm::ppsp
