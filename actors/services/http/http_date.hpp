#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace interswarm::http {

/// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7), for Unix seconds of the years 0 to
/// 9999.
std::string format_http_date(std::int64_t unix_s);

/// Unix seconds of any of the three forms that a recipient must take. `now_s` tells the century of
/// the two-digit years of RFC 850: a date more than 50 years ahead is of the past. Nothing for
/// another text or a day that no calendar has.
std::optional<std::int64_t> parse_http_date(std::string_view text, std::int64_t now_s);

} // namespace interswarm::http
