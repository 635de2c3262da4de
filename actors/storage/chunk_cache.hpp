#pragma once

#include "storage/chunk.hpp"

#include <cstdint>
#include <list>
#include <mutex>
#include <unordered_map>

namespace interswarm::storage {

/// Chunks in memory within a number of bytes; the one unused for longest goes first. From any
/// thread: who serves what is in memory already need not ask the one who reads.
class chunk_cache {
public:
  explicit chunk_cache(std::uint64_t budget_bytes) : budget_(budget_bytes) {}

  /// The chunk, marked as used; empty when it is not here.
  slice find(const chunk_name& name);
  /// One that is larger than the whole budget is not kept.
  void store(const chunk_name& name, const slice& data);
  std::uint64_t used_bytes() const;

private:
  struct hash {
    std::size_t operator()(const chunk_name& n) const noexcept;
  };
  struct entry {
    slice data;
    std::list<chunk_name>::iterator age;
  };
  const std::uint64_t budget_;
  mutable std::mutex mutex_; // for a look-up, never while bytes are copied
  std::uint64_t used_ = 0;
  std::unordered_map<chunk_name, entry, hash> entries_;
  std::list<chunk_name> ages_; // least recently used first
};

/// A range of a content of several chunks, of these names (32 bytes each), when it lies in one
/// chunk that is in the cache; else empty. (The name of a content's only chunk says less than its
/// id.)
slice find_range(chunk_cache& cache, byte_view chunk_names, std::uint64_t content_size,
                 const byte_range& range);

} // namespace interswarm::storage
