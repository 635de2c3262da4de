#pragma once

#include "schema/base/endpoint.hpp"
#include "schema/ppsp/protocol_options.hpp"

#include <variant>

namespace interswarm::ppsp {

/// Each side's own number of a connection; 0 is "not yet" before a handshake's answer and "no more"
/// in a closing one (RFC 7574 §3.11).
using channel_id = std::uint32_t;

/// The sender's channel, by which it wants to be addressed, and how it speaks. Channel 0 closes.
struct handshake {
  channel_id source = 0;
  protocol_options options;
};
/// Payload of the chunks that are named, the last thing in a datagram.
struct data {
  chunk_range chunks;
  /// The sender's clock, µs.
  std::uint64_t sent_at_us = 0;
  byte_view payload;
};
/// What came and is verified, and how long the newest was under way: the receiver's clock minus
/// `sent_at_us`, µs. Clocks differ, so only its changes mean something.
struct ack {
  chunk_range chunks;
  std::uint64_t delay_us = 0;
};
struct have {
  chunk_range chunks;
};
struct request {
  chunk_range chunks;
};
struct cancel {
  chunk_range chunks;
};
/// The hash of the tree's node over `chunks`.
struct integrity {
  chunk_range chunks;
  byte_view hash;
};
/// The source's signature over the node's address, `signed_at` and the hash sent before it.
struct signed_integrity {
  chunk_range chunks;
  /// NTP's 64 bits: seconds since 1900, and a binary fraction.
  std::uint64_t signed_at = 0;
  byte_view signature;
};
struct pex_request {};
struct pex_response {
  endpoint peer;
};
/// A membership certificate (RFC 7574 §12.2.1), DER.
struct pex_certificate {
  byte_view certificate;
};
struct choke {};
struct unchoke {};

/// Views point into the datagram.
using message =
    std::variant<handshake, data, ack, have, request, cancel, integrity, signed_integrity,
                 pex_request, pex_response, pex_certificate, choke, unchoke>;

/// What the bytes of messages depend on, by default as RFC 7574 has it.
struct dialect {
  chunk_address address;
  std::size_t hash_bytes = 32;
  /// 0: no signatures in this swarm.
  std::size_t signature_bytes = 0;

  /// As the sender of `o` speaks: what `o` does not say stays. The length of RSA signatures is the
  /// key's, so it stays as well.
  dialect with(const protocol_options& o) const;
};

/// Appends the datagram's beginning.
void append_channel(bytes& out, channel_id destination);
/// Appends one message. `data` must be the datagram's last.
void append_message(bytes& out, const message& m, const dialect& d);
/// Appends the handshake that closes a channel of the peer.
void append_close(bytes& out);

/// Reads a datagram message by message. Messages have no lengths: behind one that is broken or
/// unknown nothing can be read, and `next` fails from then on.
///
///     datagram_reader in(datagram, dialect_of(channel)); in.destination();
///     while (auto m = in.next()) { if (!*m) break; handle(**m); }
class datagram_reader {
public:
  /// A datagram of less than 4 bytes is `is_broken`.
  datagram_reader(byte_view datagram, const dialect& d);

  bool is_broken() const { return is_broken_; }
  channel_id destination() const { return destination_; }
  /// Nothing but the channel: the peer lives (RFC 7574 §8.15).
  bool is_keep_alive() const { return !is_broken_ && count_ == 0 && in_.done(); }
  /// The next message, or nothing at the end. Behind a HANDSHAKE that opens a channel the rest is
  /// read as its options say.
  decoded<std::optional<message>> next();

private:
  decoded<message> read(message_type type);
  decoded<message> read_handshake();
  decoded<message> read_integrity();
  decoded<message> read_signed_integrity();
  decoded<message> read_certificate();

  big_endian_reader in_;
  dialect dialect_;
  channel_id destination_ = 0;
  std::size_t count_ = 0;
  bool is_broken_ = false;
};

} // namespace interswarm::ppsp
