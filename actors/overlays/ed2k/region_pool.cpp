#include "actors/overlays/ed2k/region_pool.hpp"

#include <algorithm>

namespace interswarm::ed2k {

bool region_pool::make_room(std::size_t count) {
  while (used_ != 0 && used_ + count > limit_) {
    if (idle_.empty()) return false;
    const auto oldest = idle_.front();
    const auto evict = std::move(regions_.at(oldest).evict);
    release(oldest);
    evict();
  }
  return true;
}

void region_pool::take(key k, std::size_t count, std::function<void()> start) {
  if (!waiting_.empty() || !make_room(count)) {
    waiting_.push_back({k, count, std::move(start)});
    return;
  }
  used_ += count;
  regions_[k].count = count;
  start();
}

void region_pool::keep(key k, std::function<void()> evict) {
  const auto found = regions_.find(k);
  if (found == regions_.end() || found->second.idle) return;
  auto& r = found->second;
  r.evict = std::move(evict);
  r.place = idle_.insert(idle_.end(), k);
  r.idle = true;
  serve_waiting();
}

void region_pool::use(key k) {
  const auto found = regions_.find(k);
  if (found == regions_.end() || !found->second.idle) return;
  idle_.erase(found->second.place);
  found->second.idle = false;
}

void region_pool::release(key k) {
  std::erase_if(waiting_, [&](const waiting& w) { return w.k == k; });
  const auto found = regions_.find(k);
  if (found == regions_.end()) return;
  use(k);
  used_ -= found->second.count;
  regions_.erase(found);
  serve_waiting();
}

void region_pool::serve_waiting() {
  // A start may release or keep at once, which comes back here.
  if (serving_) return;
  serving_ = true;
  while (!waiting_.empty() && make_room(waiting_.front().count)) {
    auto next = std::move(waiting_.front());
    waiting_.pop_front();
    used_ += next.count;
    regions_[next.k].count = next.count;
    next.start();
  }
  serving_ = false;
}

} // namespace interswarm::ed2k
