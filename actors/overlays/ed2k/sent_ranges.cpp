#include "actors/overlays/ed2k/sent_ranges.hpp"

#include "actors/overlays/ed2k/limits.hpp"

#include <algorithm>

namespace interswarm::ed2k {

namespace {

/// More files at the same offsets than a client has downloads, each asked for some times.
constexpr std::uint64_t most_cuts = 4 * limits::max_downloads_per_client;

} // namespace

std::vector<byte_range> sent_ranges::cut(const byte_range& block) {
  if (sent_.size() >= limits::max_sent_ranges) sent_.clear();
  std::vector<byte_range> out{block};
  for (std::uint64_t n = 2; n <= most_cuts; ++n) {
    if (std::all_of(out.begin(), out.end(), [this](const auto& r) { return fresh(r); })) break;
    const auto at = block.begin + std::max<std::uint64_t>(1, block.size() / n);
    if (block.size() < 2 || at >= block.end) {
      out = {block};
      break;
    }
    out = {{block.begin, at}, {at, block.end}};
  }
  for (const auto& r : out) sent_.emplace(r.begin, r.end);
  return out;
}

} // namespace interswarm::ed2k
