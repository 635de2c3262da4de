#pragma once

#include "storage/chunk.hpp"

#include <cstdint>
#include <list>
#include <unordered_map>

namespace interswarm::storage {

/// Chunks in memory within a number of bytes; the one unused for longest goes first. `Data` is
/// cheap to copy and has `size()` and `empty()`, and is empty when it is made from nothing: bytes,
/// or in a simulation just their number.
template <class Data>
class basic_chunk_cache {
public:
  explicit basic_chunk_cache(std::uint64_t budget_bytes) : budget_(budget_bytes) {}

  /// The chunk, marked as used; empty when it is not here.
  Data find(const chunk_name& name) {
    const auto found = entries_.find(name);
    if (found == entries_.end()) return {};
    ages_.splice(ages_.end(), ages_, found->second.age);
    return found->second.data;
  }
  /// One that is larger than the whole budget is not kept.
  void store(const chunk_name& name, const Data& data) {
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
  std::uint64_t used_bytes() const { return used_; }
  /// From the one unused for longest to the one used last.
  const std::list<chunk_name>& names() const { return ages_; }

private:
  /// A name is a digest: its first bytes are as good as any hash of it.
  struct hash {
    std::size_t operator()(const chunk_name& n) const noexcept {
      std::size_t out = 0;
      std::memcpy(&out, n.data(), sizeof out);
      return out;
    }
  };
  struct entry {
    Data data;
    std::list<chunk_name>::iterator age;
  };
  std::uint64_t budget_;
  std::uint64_t used_ = 0;
  std::unordered_map<chunk_name, entry, hash> entries_;
  std::list<chunk_name> ages_; // least recently used first
};

using chunk_cache = basic_chunk_cache<slice>;

} // namespace interswarm::storage
