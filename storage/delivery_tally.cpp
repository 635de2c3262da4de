#include "storage/delivery_tally.hpp"

namespace interswarm {

namespace {

constexpr std::int64_t hour_s = 3600;

std::int64_t hour_of(std::int64_t now_ms) { return now_ms / 1000 / hour_s * hour_s; }

} // namespace

delivery_tally::key delivery_tally::key_of(const msg::delivery& d) {
  return {d.hour, d.overlay, d.tenant,
          bytes(d.content_id.view().begin(), d.content_id.view().end()), d.party};
}

bool delivery_tally::add(const msg::delivery& what, std::int64_t now_ms) {
  if (what.bytes == 0) return true;
  auto wanted = what;
  wanted.hour = hour_of(now_ms);
  const auto k = key_of(wanted);
  auto at = counts_.find(k);
  if (at == counts_.end()) {
    if (counts_.size() >= max_counts_)
      std::erase_if(counts_, [](const auto& c) { return !c.second.changed; });
    if (counts_.size() >= max_counts_) return false;
    at = counts_.emplace(k, count{}).first;
    auto& e = at->second.entry;
    e = std::move(wanted);
    e.receipt = receipt_();
    e.node = node_;
    e.bytes = 0;
    e.first_at = now_ms;
  }
  at->second.entry.bytes += what.bytes;
  at->second.entry.last_at = now_ms;
  at->second.changed = true;
  return true;
}

std::vector<msg::delivery> delivery_tally::take_changed(std::size_t limit, std::int64_t now_ms) {
  const auto hour = hour_of(now_ms);
  std::erase_if(counts_,
                [&](const auto& c) { return !c.second.changed && c.second.entry.hour < hour; });
  std::vector<msg::delivery> out;
  for (auto& [k, c] : counts_) {
    if (!c.changed) continue;
    if (out.size() >= limit) break;
    c.changed = false;
    out.push_back(c.entry);
  }
  return out;
}

void delivery_tally::give_back(const std::vector<msg::delivery>& entries) {
  for (const auto& e : entries) {
    const auto at = counts_.find(key_of(e));
    if (at != counts_.end()) at->second.changed = true;
  }
}

} // namespace interswarm
