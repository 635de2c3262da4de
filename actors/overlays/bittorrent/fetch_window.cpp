#include "actors/overlays/bittorrent/fetch_window.hpp"

#include <algorithm>

namespace interswarm::bittorrent {

void fetch_window::begin(std::uint64_t id, byte_range range, std::uint64_t file_end, bool is_urgent,
                         std::uint64_t now_ms) {
  reads_[id] = {range, is_urgent};
  follow(range, file_end, now_ms);
}

void fetch_window::end(std::uint64_t id) { reads_.erase(id); }

void fetch_window::follow(byte_range range, std::uint64_t file_end, std::uint64_t now_ms) {
  const auto first = std::max<std::uint64_t>(ahead_bytes_ / 16, piece_length_);
  // Reads of one reader overlap and overtake each other a little.
  for (auto& r : readers_) {
    const auto slack = std::max<std::uint64_t>(r.ahead, range.size());
    if (range.begin > r.next + slack || range.begin + slack < r.next) continue;
    if (range.end > r.next) {
      r.ahead = std::min(std::max(ahead_bytes_, first), r.ahead * 2);
      r.next = range.end;
    }
    r.file_end = file_end;
    r.seen_ms = now_ms;
    return;
  }
  if (readers_.size() >= max_readers)
    readers_.erase(
        std::min_element(readers_.begin(), readers_.end(),
                         [](const auto& a, const auto& b) { return a.seen_ms < b.seen_ms; }));
  readers_.push_back({range.end, first, file_end, now_ms});
}

void fetch_window::want(std::map<std::uint32_t, std::uint8_t>& out, byte_range range,
                        std::uint8_t level) const {
  if (range.empty()) return;
  const auto last = static_cast<std::uint32_t>((range.end - 1) / piece_length_);
  for (auto p = static_cast<std::uint32_t>(range.begin / piece_length_); p <= last; ++p) {
    auto& have = out[p];
    have = std::max(have, level);
  }
}

std::map<std::uint32_t, std::uint8_t> fetch_window::wanted(std::uint64_t now_ms) const {
  std::map<std::uint32_t, std::uint8_t> out;
  for (const auto& [id, r] : reads_) want(out, r.range, r.is_urgent ? urgent : asked);
  for (const auto& r : readers_) {
    if (now_ms > r.seen_ms + quiet_ms) continue;
    const auto middle = std::min(r.file_end, r.next + r.ahead / 2);
    want(out, {r.next, middle}, soon);
    want(out, {middle, std::min(r.file_end, r.next + r.ahead)}, later);
  }
  return out;
}

} // namespace interswarm::bittorrent
