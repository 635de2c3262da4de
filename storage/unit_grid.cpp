#include "storage/unit_grid.hpp"

#include "storage/limits.hpp"

#include <algorithm>

namespace interswarm {

result<unit_grid> unit_grid::make_unbounded(std::uint64_t unit, std::uint64_t period,
                                            std::uint64_t offset, std::uint64_t end) {
  if (unit == 0) return fail(errc::malformed, "a hash list with units of 0 bytes");
  if (end < offset) return fail(errc::malformed, "a hash list that ends before it begins");
  if (end > limits::content_bytes) return fail(errc::too_large, "a hash list beyond 2^60 bytes");
  unit_grid out;
  const auto length = end - offset;
  out.offset_ = offset;
  out.end_ = end;
  // "Never" and "later than the end" are the same; clamped, no sum below can overflow.
  out.period_ = period == 0 || period > length ? std::max<std::uint64_t>(length, 1) : period;
  out.unit_ = std::min(unit, out.period_);
  out.units_a_period_ = out.period_ / out.unit_ + (out.period_ % out.unit_ != 0);
  const auto rest = length % out.period_;
  out.count_ =
      length / out.period_ * out.units_a_period_ + rest / out.unit_ + (rest % out.unit_ != 0);
  return out;
}

result<unit_grid> unit_grid::make(std::uint64_t unit, std::uint64_t period, std::uint64_t offset,
                                  std::uint64_t end) {
  auto out = make_unbounded(unit, period, offset, end);
  if (out && out->count_ > limits::hash_list_units) {
    return fail(errc::too_large, "a hash list of " + std::to_string(out->count_) + " units");
  }
  return out;
}

byte_range unit_grid::unit(std::uint64_t index) const {
  if (index >= count_) return {};
  const auto period_begin = offset_ + index / units_a_period_ * period_;
  const auto begin = period_begin + index % units_a_period_ * unit_;
  return {begin, std::min({begin + unit_, period_begin + period_, end_})};
}

std::uint64_t unit_grid::index_of(std::uint64_t offset) const {
  const auto at = offset - offset_;
  return at / period_ * units_a_period_ + at % period_ / unit_;
}

byte_range unit_grid::enclosing(byte_range r) const {
  const auto inside = intersection(r, covered());
  if (inside.empty()) return {};
  return {unit(index_of(inside.begin)).begin, unit(index_of(inside.end - 1)).end};
}

byte_range unit_grid::enclosed(byte_range r) const {
  const auto inside = intersection(r, covered());
  if (inside.empty()) return {};
  auto first = unit(index_of(inside.begin));
  if (first.begin < inside.begin) first = {first.end, first.end};
  auto last = unit(index_of(inside.end - 1));
  if (last.end > inside.end) last = {last.begin, last.begin};
  const byte_range out{first.begin, last.end};
  return out.empty() ? byte_range{} : out;
}

} // namespace interswarm
