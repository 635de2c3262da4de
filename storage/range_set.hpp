#pragma once

#include "schema/base/range.hpp"

#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <map>
#include <optional>

namespace interswarm {

/// A set of byte offsets of one content, kept as sorted ranges that neither overlap nor touch. With
/// n ranges a lookup takes O(log n), `add` and `remove` take O(log n) plus the ranges they swallow
/// (each was added once).
class range_set {
  using map_type = std::map<std::uint64_t, std::uint64_t>;

public:
  /// Yields `byte_range` values in ascending order.
  class const_iterator {
  public:
    using iterator_category = std::input_iterator_tag;
    using value_type = byte_range;
    using difference_type = std::ptrdiff_t;
    using pointer = const byte_range*;
    using reference = byte_range;

    const_iterator() = default;
    explicit const_iterator(map_type::const_iterator at) : at_(at) {}
    byte_range operator*() const { return {at_->first, at_->second}; }
    const_iterator& operator++() {
      ++at_;
      return *this;
    }
    const_iterator operator++(int) {
      auto before = *this;
      ++at_;
      return before;
    }
    friend bool operator==(const const_iterator&, const const_iterator&) = default;

  private:
    map_type::const_iterator at_;
  };

  range_set() = default;
  range_set(std::initializer_list<byte_range> ranges) {
    for (const auto& r : ranges) add(r);
  }

  /// An empty range changes nothing.
  void add(byte_range r);
  void add(const range_set& other);
  void remove(byte_range r);
  void subtract(const range_set& other);
  void clear();

  /// Whether every byte of `r` is in the set; true for an empty range.
  bool contains(byte_range r) const;
  bool contains(std::uint64_t offset) const { return contains({offset, offset + 1}); }
  /// Whether any byte of `r` is in the set.
  bool intersects(byte_range r) const;

  range_set intersect(byte_range r) const;
  range_set intersect(const range_set& other) const;
  /// The bytes of `r` that are not in the set.
  range_set missing(byte_range r) const;
  /// The lowest run of bytes of `r` that are not in the set; nothing if all are.
  std::optional<byte_range> first_missing(byte_range r) const;
  /// The whole range that `offset` lies in; nothing if it is not in the set.
  std::optional<byte_range> range_at(std::uint64_t offset) const;

  /// Bytes in the set.
  std::uint64_t bytes() const { return bytes_; }
  /// Separate ranges in the set.
  std::size_t count() const { return ranges_.size(); }
  bool empty() const { return ranges_.empty(); }

  const_iterator begin() const { return const_iterator(ranges_.begin()); }
  const_iterator end() const { return const_iterator(ranges_.end()); }

  friend bool operator==(const range_set& a, const range_set& b) { return a.ranges_ == b.ranges_; }

private:
  /// The first range that ends behind `offset`.
  map_type::const_iterator first_behind(std::uint64_t offset) const;

  map_type ranges_; // begin -> end
  std::uint64_t bytes_ = 0;
};

} // namespace interswarm
