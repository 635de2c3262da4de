#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

namespace interswarm::compare {

/// Bit i: piece i.
using piece_set = std::uint64_t;

/// How a simulated content is cut: pieces of a power of two of bytes, at least 256 KiB, and so
/// large that there are at most 64 of them. What a peer has of a content is one word, and a
/// download costs about the same whatever its size.
class pieces {
public:
  static constexpr std::uint64_t least_bytes = std::uint64_t{256} << 10;
  static constexpr std::uint32_t max_count = 64;

  explicit constexpr pieces(std::uint64_t content_size) : size_(content_size) {
    while ((size_ + piece_ - 1) / piece_ > max_count) piece_ *= 2;
  }
  constexpr std::uint64_t size() const { return size_; }
  constexpr std::uint64_t piece_bytes() const { return piece_; }
  constexpr std::uint32_t count() const {
    return static_cast<std::uint32_t>((size_ + piece_ - 1) / piece_);
  }
  constexpr std::uint64_t bytes_of(std::uint32_t p) const {
    return std::min(piece_, size_ - p * piece_);
  }
  constexpr piece_set all() const { return first(count()); }
  /// The first n pieces.
  static constexpr piece_set first(std::uint32_t n) {
    return n >= 64 ? ~piece_set{0} : (piece_set{1} << n) - 1;
  }
  /// Bytes of the content from its beginning that are there without a gap.
  constexpr std::uint64_t in_order(piece_set have) const {
    return std::min(size_, static_cast<std::uint64_t>(std::countr_one(have)) * piece_);
  }

private:
  std::uint64_t size_;
  std::uint64_t piece_ = least_bytes;
};

constexpr piece_set bit(std::uint32_t piece) { return piece_set{1} << piece; }

} // namespace interswarm::compare
