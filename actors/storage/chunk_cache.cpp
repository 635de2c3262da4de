#include "actors/storage/chunk_cache.hpp"

namespace interswarm::storage {

std::size_t chunk_cache::hash::operator()(const chunk_name& n) const noexcept {
  std::size_t out = 0;
  std::memcpy(&out, n.data(), sizeof out);
  return out;
}

slice chunk_cache::find(const chunk_name& name) {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return {};
  ages_.splice(ages_.end(), ages_, found->second.age);
  return found->second.data;
}

void chunk_cache::store(const chunk_name& name, const slice& data) {
  if (data.size() > budget_ || entries_.contains(name)) return;
  while (used_ + data.size() > budget_) {
    const auto oldest = entries_.find(ages_.front());
    used_ -= oldest->second.data.size();
    entries_.erase(oldest);
    ages_.pop_front();
  }
  ages_.push_back(name);
  entries_[name] = {data, std::prev(ages_.end())};
  used_ += data.size();
}

} // namespace interswarm::storage
