#include "schema/ed2k/frame.hpp"

#include "schema/base/wire.hpp"
#include "schema/ed2k/limits.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <zlib.h>

namespace interswarm::ed2k {

namespace {

bool is_protocol(byte first) {
  return first == static_cast<byte>(protocol::edonkey) ||
         first == static_cast<byte>(protocol::emule) ||
         first == static_cast<byte>(protocol::packed);
}

std::uint32_t read_u32(const byte* at) { return little_endian_reader({at, 4}).u32(); }

std::size_t inflate_limit(link_kind kind, std::size_t packed_bytes) {
  if (kind == link_kind::server) return limits::max_server_inflated_bytes;
  return std::min(limits::max_packet_bytes,
                  packed_bytes * limits::client_inflate_ratio + limits::client_inflate_slack_bytes);
}

} // namespace

decoded<bytes> inflate_all(byte_view packed, std::size_t limit_bytes) {
  z_stream z{};
  if (inflateInit(&z) != Z_OK) throw std::bad_alloc();
  bytes out;
  // zlib's interface is not const-correct; it does not write to its input.
  z.next_in = const_cast<byte*>(packed.data());
  z.avail_in = static_cast<uInt>(packed.size());
  std::array<byte, 16'384> piece;
  int state = Z_OK;
  // zlib makes progress or leaves Z_OK, so this ends; a piece too many is the most it ever holds
  // above the limit.
  while (state == Z_OK && out.size() <= limit_bytes) {
    z.next_out = piece.data();
    z.avail_out = static_cast<uInt>(piece.size());
    state = inflate(&z, Z_NO_FLUSH);
    append(out, byte_view(piece).first(piece.size() - z.avail_out));
  }
  const auto left = z.avail_in;
  inflateEnd(&z);
  if (out.size() > limit_bytes) return drop("packed payload inflates beyond its limit");
  if (state != Z_STREAM_END) return drop("packed payload is no whole zlib stream");
  if (left != 0) return drop("bytes behind a packed payload");
  return out;
}

bytes deflate_all(byte_view plain, int level) {
  auto size = compressBound(static_cast<uLong>(plain.size()));
  bytes out(size);
  if (compress2(out.data(), &size, plain.data(), static_cast<uLong>(plain.size()), level) != Z_OK) {
    throw std::runtime_error("zlib could not compress");
  }
  out.resize(size);
  return out;
}

std::span<byte> frame_splitter::room(std::size_t count) {
  if (begin_ == end_) begin_ = end_ = 0;
  if (buffer_.size() - end_ < count) {
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
              buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
    end_ -= begin_;
    begin_ = 0;
    if (buffer_.size() - end_ < count) buffer_.resize(end_ + count);
  }
  return std::span<byte>(buffer_).subspan(end_);
}

void frame_splitter::commit(std::size_t count) {
  if (count > buffer_.size() - end_) throw std::length_error("more bytes than there was room for");
  end_ += count;
}

void frame_splitter::feed(byte_view data) {
  const auto into = room(data.size());
  std::copy(data.begin(), data.end(), into.begin());
  commit(data.size());
}

std::size_t frame_splitter::missing() const {
  if (buffered() < frame_header_bytes) return 0;
  const std::size_t whole = std::size_t{5} + read_u32(buffer_.data() + begin_ + 1);
  return whole > buffered() ? whole - buffered() : 0;
}

decoded<std::optional<frame>> frame_splitter::next() {
  if (buffered() == 0) return std::optional<frame>{};
  const byte* at = buffer_.data() + begin_;
  if (!is_protocol(at[0])) return drop("not an ed2k packet");
  if (buffered() < 5) return std::optional<frame>{};
  const std::size_t length = read_u32(at + 1);
  if (length == 0 || length > limits::max_packet_bytes) return drop("packet length out of bounds");
  if (buffered() < 5 + length) return std::optional<frame>{};
  begin_ += 5 + length;
  frame out{static_cast<protocol>(at[0]), at[5], {at + frame_header_bytes, length - 1}};
  if (out.family == protocol::packed) {
    auto plain = inflate_all(out.payload, inflate_limit(kind_, out.payload.size()));
    if (!plain) return tl::unexpected(plain.error());
    inflated_ = std::move(*plain);
    out.family = kind_ == link_kind::client ? protocol::emule : protocol::edonkey;
    out.payload = inflated_;
  }
  return std::optional<frame>(out);
}

void append_frame(bytes& out, protocol family, std::uint8_t opcode, byte_view payload) {
  little_endian_writer(out)
      .u8(static_cast<byte>(family))
      .u32(static_cast<std::uint32_t>(payload.size() + 1))
      .u8(opcode)
      .put(payload);
}

bool append_frame_packed(bytes& out, protocol family, std::uint8_t opcode, byte_view payload) {
  const auto packed = deflate_all(payload, 9);
  const bool smaller = packed.size() < payload.size();
  append_frame(out, smaller ? protocol::packed : family, opcode,
               smaller ? byte_view(packed) : payload);
  return smaller;
}

void append_datagram(bytes& out, protocol family, std::uint8_t opcode, byte_view payload) {
  little_endian_writer(out).u8(static_cast<byte>(family)).u8(opcode).put(payload);
}

decoded<frame> decode_datagram(byte_view datagram) {
  if (datagram.size() < datagram_header_bytes) return drop("datagram too short");
  const auto family = static_cast<protocol>(datagram[0]);
  if (family != protocol::edonkey && family != protocol::emule) return drop("not an ed2k datagram");
  return frame{family, datagram[1], datagram.subspan(datagram_header_bytes)};
}

frame_builder::frame_builder(bytes& out, protocol family, std::uint8_t opcode)
    : out_(&out), start_(out.size()) {
  little_endian_writer(out).u8(static_cast<byte>(family)).u32(0).u8(opcode);
}

void frame_builder::close() {
  const auto length = static_cast<std::uint32_t>(out_->size() - start_ - 5);
  for (std::size_t i = 0; i < 4; ++i)
    (*out_)[start_ + 1 + i] = static_cast<byte>(length >> (8 * i));
}

} // namespace interswarm::ed2k
