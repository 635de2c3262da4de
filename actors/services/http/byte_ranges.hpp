#pragma once

#include "schema/base/range.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace interswarm::http {

/// What a Range header comes to for a content of a known size.
struct range_selection {
  enum class outcome : std::uint8_t {
    /// The whole content: no usable header (RFC 9110 section 14.2 lets a server ignore it).
    whole,
    /// `ranges`, one or several, in the order they were asked for.
    part,
    /// Nothing of what was asked for exists: status 416.
    unsatisfiable,
  };
  outcome what = outcome::whole;
  /// Not empty, within the content; ranges that overlapped or touched are one, so no byte comes
  /// twice.
  std::vector<byte_range> ranges;

  friend bool operator==(const range_selection&, const range_selection&) = default;
};

/// Evaluates a Range header's value (RFC 9110 section 14.1.2). A unit other than bytes, a malformed
/// value and more than limits::ranges ranges select the whole.
range_selection select_ranges(std::string_view header, std::uint64_t size);

/// "bytes 0-499/1234" (RFC 9110 section 14.4); `range` is not empty.
std::string content_range(const byte_range& range, std::uint64_t size);
/// "bytes */1234", for status 416.
std::string unsatisfied_range(std::uint64_t size);

} // namespace interswarm::http
