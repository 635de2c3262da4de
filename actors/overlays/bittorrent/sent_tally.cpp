#include "actors/overlays/bittorrent/sent_tally.hpp"

#include <algorithm>

namespace interswarm::bittorrent {

namespace {

constexpr std::uint64_t head_bytes = 13;

} // namespace

void sent_tally::told(std::uint64_t bytes) {
  told_ += bytes;
  while (bytes > 0 && !waiting_.empty()) {
    auto& first = waiting_.front();
    const auto part = std::min(bytes, first.bytes);
    first.bytes -= part;
    first.whole = false;
    bytes -= part;
    if (first.bytes == 0) waiting_.pop_front();
  }
}

std::uint64_t sent_tally::left(std::optional<std::uint64_t> acknowledged, std::uint64_t sent,
                               bool has_all) const {
  if (!acknowledged) return has_all && queued_ > told_ ? queued_ - told_ : 0;
  std::uint64_t out = 0;
  auto more = *acknowledged > sent ? *acknowledged - sent : 0;
  for (const auto& b : waiting_) {
    const auto need = b.bytes + (b.whole ? head_bytes : 0);
    if (more < need) break;
    more -= need;
    out += b.bytes;
  }
  return out;
}

} // namespace interswarm::bittorrent
