#pragma once

#include "schema/base/bytes.hpp"

#include <concepts>
#include <optional>

namespace interswarm {

enum class byte_order : std::uint8_t { big, little };

/// Bounds-checked reading of integers and byte runs. After a read past the end it is `failed()` and
/// every further read gives zero or nothing, so a decoder may read a whole fixed part and check
/// once.
template <byte_order Order>
class wire_reader {
public:
  explicit wire_reader(byte_view data) : rest_(data) {}

  template <std::unsigned_integral T>
  T read() {
    const auto raw = take(sizeof(T));
    T out = 0;
    for (std::size_t i = 0; i < raw.size(); ++i) {
      const auto shift = 8 * (Order == byte_order::big ? sizeof(T) - 1 - i : i);
      out = static_cast<T>(out | (static_cast<T>(raw[i]) << shift));
    }
    return out;
  }
  std::uint8_t u8() { return read<std::uint8_t>(); }
  std::uint16_t u16() { return read<std::uint16_t>(); }
  std::uint32_t u32() { return read<std::uint32_t>(); }
  std::uint64_t u64() { return read<std::uint64_t>(); }

  /// Exactly `count` bytes, or nothing and `failed()`.
  byte_view take(std::size_t count) {
    if (failed_ || count > rest_.size()) {
      failed_ = true;
      rest_ = {};
      return {};
    }
    const auto out = rest_.first(count);
    rest_ = rest_.subspan(count);
    return out;
  }
  template <std::size_t N>
  std::array<byte, N> array() {
    std::array<byte, N> out{};
    const auto raw = take(N);
    if (raw.size() == N) std::memcpy(out.data(), raw.data(), N);
    return out;
  }
  byte_view rest() const { return rest_; }
  std::size_t left() const { return rest_.size(); }
  bool done() const { return rest_.empty(); }
  bool failed() const { return failed_; }

private:
  byte_view rest_;
  bool failed_ = false;
};

template <byte_order Order>
class wire_writer {
public:
  explicit wire_writer(bytes& out) : out_(&out) {}

  template <std::unsigned_integral T>
  wire_writer& write(T value) {
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      const auto shift = 8 * (Order == byte_order::big ? sizeof(T) - 1 - i : i);
      out_->push_back(static_cast<byte>(value >> shift));
    }
    return *this;
  }
  wire_writer& u8(std::uint8_t v) { return write(v); }
  wire_writer& u16(std::uint16_t v) { return write(v); }
  wire_writer& u32(std::uint32_t v) { return write(v); }
  wire_writer& u64(std::uint64_t v) { return write(v); }
  wire_writer& put(byte_view data) {
    append(*out_, data);
    return *this;
  }

private:
  bytes* out_;
};

using big_endian_reader = wire_reader<byte_order::big>;
using big_endian_writer = wire_writer<byte_order::big>;
using little_endian_reader = wire_reader<byte_order::little>;
using little_endian_writer = wire_writer<byte_order::little>;

} // namespace interswarm
