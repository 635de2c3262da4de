#include "storage/range_set.hpp"

#include <algorithm>

namespace interswarm {

range_set::map_type::const_iterator range_set::first_behind(std::uint64_t offset) const {
  auto at = ranges_.upper_bound(offset);
  if (at != ranges_.begin()) {
    const auto before = std::prev(at);
    if (before->second > offset) return before;
  }
  return at;
}

void range_set::add(byte_range r) {
  if (r.empty()) return;
  // Swallow what overlaps or touches, so that neighbours never stay separate.
  auto at = ranges_.upper_bound(r.begin);
  if (at != ranges_.begin() && std::prev(at)->second >= r.begin) --at;
  while (at != ranges_.end() && at->first <= r.end) {
    r.begin = std::min(r.begin, at->first);
    r.end = std::max(r.end, at->second);
    bytes_ -= at->second - at->first;
    at = ranges_.erase(at);
  }
  ranges_.emplace_hint(at, r.begin, r.end);
  bytes_ += r.size();
}

void range_set::add(const range_set& other) {
  for (const auto r : other) add(r);
}

void range_set::remove(byte_range r) {
  if (r.empty()) return;
  auto at = first_behind(r.begin);
  while (at != ranges_.end() && at->first < r.end) {
    const byte_range old{at->first, at->second};
    at = ranges_.erase(at);
    bytes_ -= old.size();
    if (old.begin < r.begin) {
      ranges_.emplace(old.begin, r.begin);
      bytes_ += r.begin - old.begin;
    }
    if (old.end > r.end) {
      ranges_.emplace(r.end, old.end);
      bytes_ += old.end - r.end;
      return;
    }
  }
}

void range_set::subtract(const range_set& other) {
  if (&other == this) return clear();
  for (const auto r : other) remove(r);
}

void range_set::clear() {
  ranges_.clear();
  bytes_ = 0;
}

bool range_set::contains(byte_range r) const {
  if (r.empty()) return true;
  const auto at = first_behind(r.begin);
  return at != ranges_.end() && at->first <= r.begin && at->second >= r.end;
}

bool range_set::intersects(byte_range r) const {
  if (r.empty()) return false;
  const auto at = first_behind(r.begin);
  return at != ranges_.end() && at->first < r.end;
}

range_set range_set::intersect(byte_range r) const {
  range_set out;
  if (r.empty()) return out;
  for (auto at = first_behind(r.begin); at != ranges_.end() && at->first < r.end; ++at) {
    const auto both = intersection(r, {at->first, at->second});
    out.ranges_.emplace_hint(out.ranges_.end(), both.begin, both.end);
    out.bytes_ += both.size();
  }
  return out;
}

range_set range_set::intersect(const range_set& other) const {
  const bool smaller = count() <= other.count();
  const auto& few = smaller ? *this : other;
  const auto& many = smaller ? other : *this;
  range_set out;
  for (const auto r : few) out.add(many.intersect(r));
  return out;
}

range_set range_set::missing(byte_range r) const {
  range_set out;
  while (const auto gap = first_missing(r)) {
    out.ranges_.emplace_hint(out.ranges_.end(), gap->begin, gap->end);
    out.bytes_ += gap->size();
    r.begin = gap->end;
  }
  return out;
}

std::optional<byte_range> range_set::first_missing(byte_range r) const {
  if (r.empty()) return std::nullopt;
  auto at = first_behind(r.begin);
  if (at != ranges_.end() && at->first <= r.begin) {
    r.begin = at->second;
    ++at;
  }
  if (at != ranges_.end()) r.end = std::min(r.end, at->first);
  return r.empty() ? std::nullopt : std::optional(r);
}

std::optional<byte_range> range_set::range_at(std::uint64_t offset) const {
  const auto at = first_behind(offset);
  if (at == ranges_.end() || at->first > offset) return std::nullopt;
  return byte_range{at->first, at->second};
}

} // namespace interswarm
