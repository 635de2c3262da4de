#pragma once

#include "storage/chunk.hpp"

#include <cstdint>
#include <list>
#include <unordered_map>

namespace interswarm::storage {

/// Chunks in memory within a number of bytes; the one unused for longest goes first.
class chunk_cache {
public:
  explicit chunk_cache(std::uint64_t budget_bytes) : budget_(budget_bytes) {}

  /// The chunk, marked as used; empty when it is not here.
  slice find(const chunk_name& name);
  /// One that is larger than the whole budget is not kept.
  void store(const chunk_name& name, const slice& data);
  std::uint64_t used_bytes() const { return used_; }

private:
  struct hash {
    std::size_t operator()(const chunk_name& n) const noexcept;
  };
  struct entry {
    slice data;
    std::list<chunk_name>::iterator age;
  };
  std::uint64_t budget_;
  std::uint64_t used_ = 0;
  std::unordered_map<chunk_name, entry, hash> entries_;
  std::list<chunk_name> ages_; // least recently used first
};

} // namespace interswarm::storage
