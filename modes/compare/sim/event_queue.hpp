#pragma once

#include "modes/compare/plan/plan.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace interswarm::compare {

/// Something that is to happen; what the numbers mean is its owner's.
struct occasion {
  std::uint32_t what = 0;
  std::uint32_t which = 0;
  std::uint64_t more = 0;
};

/// Whoever has something happen later.
class event_owner {
public:
  virtual void happen(const occasion& o) = 0;

protected:
  ~event_owner() = default;
};

/// What is to happen, in order of time; what is to happen at the same time in the order in which it
/// was said.
class event_queue {
public:
  void add(moment at, event_owner& owner, const occasion& o) {
    heap_.push_back({at, added_++, &owner, o});
    std::push_heap(heap_.begin(), heap_.end());
  }
  /// `never` when there is nothing.
  moment next() const { return heap_.empty() ? never : heap_.front().at; }
  /// Lets the next one happen. It may add others.
  void run_next() {
    std::pop_heap(heap_.begin(), heap_.end());
    const auto e = heap_.back();
    heap_.pop_back();
    e.owner->happen(e.o);
  }
  std::uint64_t added() const { return added_; }

private:
  struct entry {
    moment at = 0;
    std::uint64_t order = 0;
    event_owner* owner = nullptr;
    occasion o;
    /// For a heap with the first one on top.
    friend bool operator<(const entry& a, const entry& b) {
      return a.at != b.at ? a.at > b.at : a.order > b.order;
    }
  };
  std::vector<entry> heap_;
  std::uint64_t added_ = 0;
};

} // namespace interswarm::compare
