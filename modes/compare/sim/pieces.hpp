#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

namespace interswarm::compare {

/// Bit i: piece i.
using piece_set = std::uint64_t;

/// How a simulated content is cut into at most 64 pieces, so that what a peer has of it is one
/// word, and a download costs about the same whatever its size. Pieces are a power of two of bytes
/// long, at least 256 KiB; where they are longer, the first one's place is taken by pieces of 256
/// KiB, 256 KiB, 512 KiB and so on: a download begins with those, so that its first bytes, and what
/// a relay has to read before it can send, do not wait for more than they would in reality.
class pieces {
public:
  static constexpr std::uint64_t least_bytes = std::uint64_t{256} << 10;
  static constexpr std::uint32_t max_count = 64;

  explicit constexpr pieces(std::uint64_t content_size) : size_(content_size) {
    while (count_with_head() > max_count) {
      piece_ *= 2;
      ++head_;
    }
  }
  constexpr std::uint64_t size() const { return size_; }
  /// Of the long ones.
  constexpr std::uint64_t piece_bytes() const { return piece_; }
  constexpr std::uint32_t count() const { return static_cast<std::uint32_t>(count_with_head()); }
  /// Where piece `p` begins; `p` may be `count()`, then it is at the content's end or behind it.
  constexpr std::uint64_t offset(std::uint32_t p) const {
    if (p > head_) return (p - head_) * piece_;
    return p == 0 ? 0 : least_bytes << (p - 1);
  }
  constexpr std::uint64_t bytes_of(std::uint32_t p) const {
    return std::min(offset(p + 1), size_) - offset(p);
  }
  /// The piece that has the content's byte `at`.
  constexpr std::uint32_t piece_at(std::uint64_t at) const {
    if (at >= piece_) return static_cast<std::uint32_t>(at / piece_) + head_;
    return static_cast<std::uint32_t>(std::bit_width(at / least_bytes));
  }
  constexpr piece_set all() const { return first(count()); }
  /// The short ones.
  constexpr piece_set head() const { return first(head_ == 0 ? 0 : head_ + 1) & all(); }
  /// The first n pieces.
  static constexpr piece_set first(std::uint32_t n) {
    return n >= 64 ? ~piece_set{0} : (piece_set{1} << n) - 1;
  }
  /// Bytes of the content from its beginning that are there without a gap.
  constexpr std::uint64_t in_order(piece_set have) const {
    return std::min(size_, offset(static_cast<std::uint32_t>(std::countr_one(have))));
  }

  /// Of what a party has, what it can give where it gives nothing but whole units of `unit` bytes:
  /// the pieces that lie in units of which it has all.
  constexpr piece_set within_whole_units(piece_set have, std::uint64_t unit) const {
    piece_set out = have;
    if (unit <= piece_) return out; // their edges, at most
    for (std::uint64_t begin = 0; begin < size_; begin += unit) {
      const auto from = piece_at(begin), to = piece_at(std::min(begin + unit, size_) - 1);
      const auto of_unit = first(to + 1) & ~first(from);
      if ((have & of_unit) != of_unit) out &= ~of_unit;
    }
    return out;
  }

private:
  constexpr std::uint64_t count_with_head() const { return head_ + (size_ + piece_ - 1) / piece_; }

  std::uint64_t size_;
  std::uint64_t piece_ = least_bytes;
  /// How many doublings lie between the shortest piece and the long ones.
  std::uint32_t head_ = 0;
};

constexpr piece_set bit(std::uint32_t piece) { return piece_set{1} << piece; }

} // namespace interswarm::compare
