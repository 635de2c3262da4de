#pragma once

#include "schema/base/range.hpp"
#include "schema/base/result.hpp"

namespace interswarm {

/// How the units of one hash function lie over the bytes of a content: `[offset, end)` cut into
/// units, which start anew after every `period` bytes counted from `offset` (0 = never). The last
/// unit of a period and of the whole may be short.
class unit_grid {
public:
  unit_grid() = default;

  /// Refuses with `malformed` a unit of 0 and an end before the offset, with `too_large` what
  /// `limits::content_bytes` or `limits::hash_list_units` forbid.
  static result<unit_grid> make(std::uint64_t unit, std::uint64_t period, std::uint64_t offset,
                                std::uint64_t end);
  /// The same without the bound on the number of units, for bytes that are hashed here.
  static result<unit_grid> make_unbounded(std::uint64_t unit, std::uint64_t period,
                                          std::uint64_t offset, std::uint64_t end);

  std::uint64_t unit_size() const { return unit_; }
  /// All bytes that some unit covers.
  byte_range covered() const { return {offset_, end_}; }
  std::uint64_t count() const { return count_; }
  /// The bytes of unit `index`; empty when `index >= count()`.
  byte_range unit(std::uint64_t index) const;
  /// The unit that covers `offset`, which must lie in `covered()`.
  std::uint64_t index_of(std::uint64_t offset) const;
  /// The smallest run of whole units around the bytes of `r` that are covered; empty if none is.
  byte_range enclosing(byte_range r) const;
  /// The largest run of whole units inside `r`; empty if there is none.
  byte_range enclosed(byte_range r) const;
  /// Whether `r` begins and ends where units do.
  bool aligned(byte_range r) const { return !r.empty() && enclosing(r) == r; }

  friend bool operator==(const unit_grid&, const unit_grid&) = default;

private:
  std::uint64_t unit_ = 1;
  std::uint64_t period_ = 0; // never 0 after make(): "never anew" is the whole length
  std::uint64_t offset_ = 0;
  std::uint64_t end_ = 0;
  std::uint64_t units_a_period_ = 0;
  std::uint64_t count_ = 0;
};

} // namespace interswarm
