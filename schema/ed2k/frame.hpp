#pragma once

#include "schema/base/bytes.hpp"
#include "schema/base/result.hpp"

#include <optional>

namespace interswarm::ed2k {

/// First byte of each packet.
enum class protocol : std::uint8_t {
  edonkey = 0xE3,
  emule = 0xC5,
  /// The payload behind the opcode is a zlib stream.
  packed = 0xD4,
};

/// Who talks on a connection. It decides what a packed packet unpacks to and how far it may
/// inflate.
enum class link_kind : std::uint8_t {
  /// Client to client: packed means eMule (C5).
  client,
  /// Client to server, either direction: packed means eDonkey (E3).
  server,
};

constexpr std::size_t frame_header_bytes = 6;
constexpr std::size_t datagram_header_bytes = 2;

/// One packet, already unpacked: `family` is never `protocol::packed`. It does not own its payload.
struct frame {
  protocol family = protocol::edonkey;
  std::uint8_t opcode = 0;
  byte_view payload;
};

/// Inflates a whole zlib stream to at most `limit_bytes`. Fails on a broken, unfinished or longer
/// stream, and on bytes behind its end.
decoded<bytes> inflate_all(byte_view packed, std::size_t limit_bytes);
/// One zlib stream at `level` 1..9.
bytes deflate_all(byte_view plain, int level);

/// Cuts a TCP byte stream into packets.
///
///     auto room = splitter.room(65536); n = read(socket, room); splitter.commit(n);
///     while ((next = splitter.next()) && *next) handle(**next);
class frame_splitter {
public:
  explicit frame_splitter(link_kind kind) : kind_(kind) {}

  /// At least `count` writable bytes; invalidates every frame given before.
  std::span<byte> room(std::size_t count);
  /// The first `count` bytes of the last `room` were filled.
  void commit(std::size_t count);
  /// Copies `data` in: `room` and `commit` in one.
  void feed(byte_view data);
  /// The next whole packet, or nothing until more bytes came. Its payload stays valid until the
  /// next call of any non-const member. Fails with `drop` on a foreign protocol byte (also an
  /// obfuscated connection), a length of 0 or above `limits::max_packet_bytes`, and a packed
  /// payload that does not inflate; the stream is then unusable.
  decoded<std::optional<frame>> next();
  /// Bytes held that are not yet a whole packet.
  std::size_t buffered() const { return end_ - begin_; }
  /// Bytes that the packet under way still lacks; 0 when its header is not complete.
  std::size_t missing() const;

private:
  link_kind kind_;
  bytes buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bytes inflated_;
};

/// Appends a TCP packet.
void append_frame(bytes& out, protocol family, std::uint8_t opcode, byte_view payload);
/// Appends it packed when that is smaller, else plain; true when packed. Only for peers known to
/// unpack. `family` must be what the receiver unpacks to: eMule between clients, eDonkey on a
/// server connection.
bool append_frame_packed(bytes& out, protocol family, std::uint8_t opcode, byte_view payload);
/// Appends a UDP packet.
void append_datagram(bytes& out, protocol family, std::uint8_t opcode, byte_view payload);
/// One UDP packet; fails with `drop` on anything but E3 and C5.
decoded<frame> decode_datagram(byte_view datagram);

/// Writes one TCP packet in place: header first, payload straight behind it, the length filled in
/// at the end.
///
///     frame_builder packet(out, protocol::emule, 0x60); little_endian_writer(out).u16(3);
///     packet.close();
class frame_builder {
public:
  frame_builder(bytes& out, protocol family, std::uint8_t opcode);
  /// Sets the length to what was appended since construction.
  void close();

private:
  bytes* out_;
  std::size_t start_;
};

} // namespace interswarm::ed2k
