#include "actors/storage/chunk_cache.hpp"

#include <algorithm>
#include <vector>

namespace interswarm::storage {

std::size_t chunk_cache::hash::operator()(const chunk_name& n) const noexcept {
  std::size_t out = 0;
  std::memcpy(&out, n.data(), sizeof out);
  return out;
}

std::uint64_t chunk_cache::used_bytes() const {
  const std::lock_guard lock(mutex_);
  return used_;
}

slice chunk_cache::find(const chunk_name& name) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return {};
  ages_.splice(ages_.end(), ages_, found->second.age);
  return found->second.data;
}

void chunk_cache::store(const chunk_name& name, const slice& data) {
  std::vector<slice> dropped; // freed after the lock
  const std::lock_guard lock(mutex_);
  if (data.size() > budget_ || entries_.contains(name)) return;
  while (used_ + data.size() > budget_) {
    const auto oldest = entries_.find(ages_.front());
    used_ -= oldest->second.data.size();
    dropped.push_back(std::move(oldest->second.data));
    entries_.erase(oldest);
    ages_.pop_front();
  }
  ages_.push_back(name);
  entries_[name] = {data, std::prev(ages_.end())};
  used_ += data.size();
}

slice find_range(chunk_cache& cache, byte_view chunk_names, std::uint64_t content_size,
                 const byte_range& range) {
  if (range.empty() || content_size <= chunk_bytes) return {};
  const auto index = range.begin / chunk_bytes;
  const auto where = chunk_range(content_size, index);
  chunk_name name;
  if (range.end > where.end || (index + 1) * name.size() > chunk_names.size()) return {};
  std::copy_n(chunk_names.data() + index * name.size(), name.size(), name.begin());
  const auto chunk = cache.find(name);
  if (chunk.size() != where.size()) return {};
  return chunk.sub(range.begin - where.begin, range.size());
}

} // namespace interswarm::storage
