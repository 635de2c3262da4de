#pragma once

#include "schema/base/range.hpp"
#include "storage/chunk.hpp"

#include <cstdint>
#include <list>
#include <mutex>
#include <unordered_map>
#include <vector>

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
  /// Gives what had to go. One that is larger than the whole budget is not kept.
  std::vector<Data> store(const chunk_name& name, const Data& data) {
    std::vector<Data> gone;
    if (data.size() > budget_ || entries_.contains(name)) return gone;
    while (used_ + data.size() > budget_) {
      const auto oldest = entries_.find(ages_.front());
      used_ -= oldest->second.data.size();
      gone.push_back(std::move(oldest->second.data));
      entries_.erase(oldest);
      ages_.pop_front();
    }
    ages_.push_back(name);
    entries_[name] = {data, std::prev(ages_.end())};
    used_ += data.size();
    return gone;
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
  std::list<chunk_name> ages_;
};

/// The same for chunks of bytes, from any thread: who serves what is in memory already need not ask
/// the one who reads.
class chunk_cache {
public:
  explicit chunk_cache(std::uint64_t budget_bytes) : chunks_(budget_bytes) {}

  /// The chunk, marked as used; empty when it is not here.
  slice find(const chunk_name& name) {
    const std::lock_guard lock(mutex_);
    return chunks_.find(name);
  }
  /// One that is larger than the whole budget is not kept.
  void store(const chunk_name& name, const slice& data) {
    std::vector<slice> gone; // freed after the lock
    const std::lock_guard lock(mutex_);
    gone = chunks_.store(name, data);
  }
  std::uint64_t used_bytes() const {
    const std::lock_guard lock(mutex_);
    return chunks_.used_bytes();
  }

private:
  mutable std::mutex mutex_; // for a look-up, never while bytes are copied
  basic_chunk_cache<slice> chunks_;
};

/// A range of a content of several chunks, of these names (32 bytes each), when it lies in one
/// chunk that is in the cache; else empty. (The name of a content's only chunk says less than its
/// id.)
slice find_range(chunk_cache& cache, byte_view chunk_names, std::uint64_t content_size,
                 const byte_range& range);

} // namespace interswarm::storage
