#pragma once

#include <compare>
#include <cstdint>

namespace interswarm {

/// Half-open byte range [begin, end) of one content.
struct byte_range {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  constexpr std::uint64_t size() const { return end > begin ? end - begin : 0; }
  constexpr bool empty() const { return end <= begin; }
  constexpr bool contains(const byte_range& other) const {
    return begin <= other.begin && other.end <= end;
  }
  constexpr bool overlaps(const byte_range& other) const {
    return begin < other.end && other.begin < end;
  }

  friend constexpr auto operator<=>(const byte_range&, const byte_range&) = default;
};

constexpr byte_range intersection(const byte_range& a, const byte_range& b) {
  const byte_range both{a.begin > b.begin ? a.begin : b.begin, a.end < b.end ? a.end : b.end};
  return both.empty() ? byte_range{} : both;
}

} // namespace interswarm
