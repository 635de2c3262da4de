#pragma once

#include "schema/base/range.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace interswarm::origin {

/// A Content-Length or another plain decimal number (RFC 9110 section 8.6): digits only.
std::optional<std::uint64_t> parse_length(std::string_view text);

/// Content-Range (RFC 9110 section 14.4): "bytes 0-9/100", "bytes 0-9/*" or, of an answer 416,
/// "bytes */100".
struct content_range {
  std::optional<byte_range> range;
  std::optional<std::uint64_t> size;

  /// Nothing for another unit, a range that is empty or passes the size.
  static std::optional<content_range> parse(std::string_view text);
  friend bool operator==(const content_range&, const content_range&) = default;
};

/// ETag (RFC 9110 section 8.8.3).
struct entity_tag {
  bool weak = false;
  /// Without the quotes.
  std::string opaque;

  static std::optional<entity_tag> parse(std::string_view text);
  std::string to_string() const { return (weak ? "W/\"" : "\"") + opaque + "\""; }
  friend bool operator==(const entity_tag&, const entity_tag&) = default;
};

/// A date (RFC 9110 section 5.6.7) in all of its three forms, as Unix seconds. `now` puts a
/// two-digit year into its century.
std::optional<std::int64_t> parse_http_date(std::string_view text, std::int64_t now);
/// In the form to be sent, IMF-fixdate.
std::string http_date(std::int64_t unix_seconds);

/// Retry-After (RFC 9110 section 10.2.3): seconds, or a date seen from `now`. At most
/// `limits::retry_after`.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view text, std::int64_t now);

/// The file name of a Content-Disposition field (RFC 6266; `filename*` of RFC 8187 first) as a bare
/// name, or empty.
std::string disposition_file_name(std::string_view text);

/// "text/plain" of "Text/Plain; charset=utf-8"; empty when it is none.
std::string media_type(std::string_view text);

/// What tells one version of a server's file from another (RFC 9110 section 8.8). Never compared
/// between servers: each makes its own.
struct validators {
  std::optional<entity_tag> etag;
  /// Unix seconds.
  std::optional<std::int64_t> last_modified;
  /// The date is a strong validator: the answer was made at least a second after it (RFC 9110
  /// section 8.8.2.2).
  bool date_is_strong = false;

  enum class verdict : std::uint8_t {
    /// The very same bytes.
    same,
    /// Other bytes, or no way to say that they are not.
    changed,
    /// Nothing says that they changed, nothing strong that they did not.
    unproven,
  };
  verdict compare(const validators& now) const;
  /// The value of If-Range: only a strong validator is allowed there (RFC 9110 section 13.1.5).
  std::optional<std::string> if_range() const;
  bool none() const { return !etag && !last_modified; }
  /// For people: the tag, or the date.
  std::string to_string() const;
};

} // namespace interswarm::origin
