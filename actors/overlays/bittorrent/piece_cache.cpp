#include "actors/overlays/bittorrent/piece_cache.hpp"

#include <algorithm>

namespace interswarm::bittorrent {

const slice* piece_cache::find(key k, std::uint64_t now_ms) {
  const auto at = entries_.find(k);
  if (at == entries_.end() || !at->second.loaded) return nullptr;
  at->second.used_ms = now_ms;
  ages_.splice(ages_.end(), ages_, at->second.age);
  return &at->second.data;
}

bool piece_cache::make_room(std::uint64_t bytes, std::optional<std::uint64_t> used_before_ms) {
  while (used_ > 0 && used_ + bytes > budget_) {
    if (ages_.empty()) return false;
    const auto oldest = entries_.find(ages_.front());
    if (used_before_ms && oldest->second.used_ms >= *used_before_ms) return false;
    used_ -= oldest->second.bytes;
    ages_.pop_front();
    entries_.erase(oldest);
  }
  return true;
}

void piece_cache::take(key k, std::uint64_t bytes) {
  entry e;
  e.bytes = bytes;
  e.age = ages_.end();
  entries_.emplace(k, std::move(e));
  used_ += bytes;
}

bool piece_cache::admit(key k, std::uint64_t bytes) {
  if (line_.empty() && make_room(bytes, std::nullopt)) {
    take(k, bytes);
    return true;
  }
  line_.push_back({k, bytes});
  return false;
}

bool piece_cache::admit_early(key k, std::uint64_t bytes, std::uint64_t now_ms,
                              std::uint64_t unused_ms) {
  if (!line_.empty()) return false;
  if (!make_room(bytes, now_ms > unused_ms ? now_ms - unused_ms : 0)) return false;
  take(k, bytes);
  return true;
}

void piece_cache::store(key k, slice data, std::uint64_t now_ms) {
  const auto at = entries_.find(k);
  if (at == entries_.end() || at->second.loaded) return;
  at->second.loaded = true;
  at->second.used_ms = now_ms;
  at->second.data = std::move(data);
  at->second.age = ages_.insert(ages_.end(), k);
}

void piece_cache::drop(key k) {
  if (const auto at = entries_.find(k); at != entries_.end()) {
    used_ -= at->second.bytes;
    if (at->second.loaded) ages_.erase(at->second.age);
    entries_.erase(at);
  }
  std::erase_if(line_, [&](const auto& w) { return w.k == k; });
}

std::optional<piece_cache::key> piece_cache::next() {
  if (line_.empty() || !make_room(line_.front().bytes, std::nullopt)) return std::nullopt;
  const auto w = line_.front();
  line_.pop_front();
  take(w.k, w.bytes);
  return w.k;
}

void piece_cache::drop_torrent(std::uint32_t torrent) {
  std::vector<key> doomed;
  for (const auto& [k, e] : entries_)
    if (k >> 32 == torrent) doomed.push_back(k);
  for (const auto& w : line_)
    if (w.k >> 32 == torrent) doomed.push_back(w.k);
  for (const auto k : doomed) drop(k);
}

} // namespace interswarm::bittorrent
