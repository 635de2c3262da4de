#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <unordered_map>

namespace interswarm::ed2k {

/// The bytes that all servings together may hold. What is loaded takes its bytes first; when they
/// are all taken, the region that was used longest ago gives way, and when none can, the load waits
/// for its turn.
class region_pool {
public:
  using key = std::uint64_t;

  explicit region_pool(std::size_t limit_bytes) : limit_(limit_bytes) {}

  /// A key for one region, never given twice.
  key make_key() { return next_++; }
  /// Calls `start` once `count` bytes are taken for `k`, at once or later. One region larger than
  /// the whole pool is let through when nothing else is held.
  void take(key k, std::size_t count, std::function<void()> start);
  /// The region is loaded and nobody waits for it: `evict` is called when it must give way.
  void keep(key k, std::function<void()> evict);
  /// In use again: it cannot be evicted until `keep`.
  void use(key k);
  /// Its bytes are free.
  void release(key k);

  std::size_t used_bytes() const { return used_; }

private:
  struct region {
    std::size_t count = 0;
    std::function<void()> evict;
    std::list<key>::iterator place;
    bool idle = false;
  };
  struct waiting {
    key k = 0;
    std::size_t count = 0;
    std::function<void()> start;
  };

  bool make_room(std::size_t count);
  void serve_waiting();

  std::size_t limit_;
  std::size_t used_ = 0;
  key next_ = 1;
  bool serving_ = false;
  std::unordered_map<key, region> regions_;
  std::list<key> idle_; // oldest first
  std::deque<waiting> waiting_;
};

} // namespace interswarm::ed2k
