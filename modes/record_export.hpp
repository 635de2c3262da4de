#pragma once

#include "schema/base/result.hpp"
#include "schema/bridge.values.hpp"
#include "schema/service.values.hpp"

#include <optional>
#include <string>
#include <vector>

namespace interswarm {

/// Records that an accounting program takes: one a line, the fields of each kind always the same
/// and in the same order. A field is called as in RFC 7937 section 3.4.1 where it says what that
/// one says; ours begin with "x-". Times are UTC.
enum class export_format { csv, jsonl };

/// One field of a record: text or a number; without either the field has no value, which is "-" in
/// CSV and left out in JSON.
struct export_field {
  const char* name;
  std::optional<std::string> text{};
  std::optional<std::uint64_t> number{};
};
using export_record = std::vector<export_field>;

export_record record_of(const msg::delivery& d);
/// With the byte-hours of the part that lies in the period, in decimal.
export_record record_of(const msg::keeping& k, const std::string& byte_hours);
export_record record_of(const msg::ledger_entry& e);

/// The first line of a CSV file (RFC 4180 section 2, item 3), with its CRLF; nothing for JSON.
std::string export_header(const export_record& like, export_format format);
/// A line with its end: CRLF in CSV, LF in JSON lines. Whatever the texts hold stays one field.
std::string export_line(const export_record& record, export_format format);

/// "2026-11-26T22:00:00Z" of Unix seconds.
std::string utc_moment(std::int64_t unix_seconds);
/// A moment that a person gives: such a text, "2026-11-26" (its beginning), or how long ago it was:
/// "90s", "12h", "30d". Fails `configuration`.
result<std::int64_t> read_moment(const std::string& text, std::int64_t now);

} // namespace interswarm
