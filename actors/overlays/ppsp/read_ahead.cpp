#include "actors/overlays/ppsp/read_ahead.hpp"

#include <algorithm>

namespace interswarm::ppsp {

namespace {

constexpr std::uint64_t first_bytes = 1u << 20;
/// A read that begins so near the end of the last one continues it, though several readers take
/// turns.
constexpr std::uint64_t slack_bytes = 16u << 20;

} // namespace

byte_range read_ahead::after(const byte_range& range) {
  const bool continues =
      end_ != 0 && range.begin <= end_ + slack_bytes && end_ <= range.end + slack_bytes;
  if (continues)
    bytes_ = std::min(most_, std::max(first_bytes, bytes_) * 2);
  else
    bytes_ = range.begin == 0 ? std::min(most_, first_bytes) : 0;
  end_ = continues ? std::max(end_, range.end) : range.end;
  return {end_, end_ + bytes_};
}

} // namespace interswarm::ppsp
