#pragma once

#include "schema/base/range.hpp"
#include "schema/ed2k/part_hashes.hpp"

#include <algorithm>

namespace interswarm::ed2k {

/// eMule's EMBLOCKSIZE: what a downloader requests at once, and an AICH leaf.
constexpr std::uint64_t block_bytes = 184'320;
/// Blocks of a whole part: 52 and a shorter one.
constexpr std::uint64_t blocks_per_part = (part_bytes + block_bytes - 1) / block_bytes;

/// Which block of which part; blocks start anew at each part.
struct block_index {
  std::uint64_t part = 0;
  std::uint64_t block = 0;

  friend constexpr auto operator<=>(const block_index&, const block_index&) = default;
};

/// Bytes of part `part` in a file of `size`; empty behind the end (also for the virtual last part).
constexpr byte_range part_range(std::uint64_t size, std::uint64_t part) {
  const auto begin = std::min(size, part * part_bytes);
  return {begin, std::min(size, begin + part_bytes)};
}

constexpr std::uint64_t block_count(std::uint64_t size, std::uint64_t part) {
  return (part_range(size, part).size() + block_bytes - 1) / block_bytes;
}

constexpr byte_range block_range(std::uint64_t size, block_index at) {
  const auto part = part_range(size, at.part);
  const auto begin = std::min(part.end, part.begin + at.block * block_bytes);
  return {begin, std::min(part.end, begin + block_bytes)};
}

/// The block that `offset` lies in.
constexpr block_index block_at(std::uint64_t offset) {
  return {offset / part_bytes, offset % part_bytes / block_bytes};
}

} // namespace interswarm::ed2k
