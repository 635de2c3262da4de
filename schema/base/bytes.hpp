#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace interswarm {

using byte = std::uint8_t;
using bytes = std::vector<byte>;
using byte_view = std::span<const byte>;

inline byte_view as_bytes(std::string_view text) {
  return {reinterpret_cast<const byte*>(text.data()), text.size()};
}

inline std::string_view as_text(byte_view data) {
  return {reinterpret_cast<const char*>(data.data()), data.size()};
}

inline void append(bytes& out, byte_view data) { out.insert(out.end(), data.begin(), data.end()); }

inline bool equal(byte_view a, byte_view b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

/// Immutable bytes with shared ownership: copying or cutting one never copies the bytes.
class slice {
public:
  slice() = default;
  explicit slice(bytes&& data) {
    auto owned = std::make_shared<const bytes>(std::move(data));
    view_ = *owned;
    owner_ = std::move(owned);
  }
  /// `view` must stay valid while `owner` lives.
  slice(std::shared_ptr<const void> owner, byte_view view)
      : owner_(std::move(owner)), view_(view) {}

  /// `fill(std::span<byte>)` writes up to `size` bytes, which hold nothing before, and gives how
  /// many.
  template <class Fill>
  static slice filled(std::size_t size, Fill fill) {
    std::shared_ptr<byte[]> owner = std::make_shared_for_overwrite<byte[]>(size);
    auto* const data = owner.get();
    const std::size_t count = fill(std::span<byte>(data, size));
    return {std::move(owner), byte_view(data, count)};
  }
  static slice copy_of(byte_view data) { return slice(bytes(data.begin(), data.end())); }

  byte_view view() const { return view_; }
  operator byte_view() const { return view_; }
  const byte* data() const { return view_.data(); }
  std::size_t size() const { return view_.size(); }
  bool empty() const { return view_.empty(); }
  /// `offset + length` must not exceed `size()`.
  slice sub(std::size_t offset, std::size_t length) const {
    return {owner_, view_.subspan(offset, length)};
  }
  friend bool operator==(const slice& a, const slice& b) { return equal(a.view_, b.view_); }

private:
  std::shared_ptr<const void> owner_;
  byte_view view_;
};

} // namespace interswarm
