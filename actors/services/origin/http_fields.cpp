#include "actors/services/origin/http_fields.hpp"

#include "actors/services/origin/http_url.hpp"
#include "actors/services/origin/limits.hpp"
#include "schema/base/bytes.hpp"
#include "schema/base/encoding.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

namespace interswarm::origin {

namespace {

using namespace std::chrono;

constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

/// RFC 9110 section 5.6.2.
bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c > 0x20 && c < 0x7F &&
           std::string_view("\"(),/:;<=>?@[\\]{}").find(c) == std::string_view::npos;
  });
}

/// A number of exactly `digits` digits at the front, taken off.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
  int out = 0;
  if (text.size() < digits) return std::nullopt;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + digits, out);
  if (failed != std::errc() || end != text.data() + digits || out < 0) return std::nullopt;
  text.remove_prefix(digits);
  return out;
}

bool take(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

std::optional<int> take_month(std::string_view& text) {
  const auto found = std::find(months.begin(), months.end(), text.substr(0, 3));
  if (found == months.end()) return std::nullopt;
  text.remove_prefix(3);
  return static_cast<int>(found - months.begin()) + 1;
}

/// "08:49:37" as seconds.
std::optional<int> take_time(std::string_view& text) {
  const auto hour = take_number(text, 2);
  if (!hour || !take(text, ":")) return std::nullopt;
  const auto minute = take_number(text, 2);
  if (!minute || !take(text, ":")) return std::nullopt;
  const auto second = take_number(text, 2);
  // 60 is a leap second.
  if (!second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return *hour * 3600 + *minute * 60 + *second;
}

std::optional<std::int64_t> unix_time(int year_number, int month_number, int day_number,
                                      int second) {
  const auto date = year(year_number) / month(static_cast<unsigned>(month_number)) /
                    day(static_cast<unsigned>(day_number));
  if (!date.ok()) return std::nullopt;
  return sys_days(date).time_since_epoch().count() * std::int64_t{86'400} + second;
}

/// " 1994 08:49:37 GMT" and its like: what both forms with a zone end with.
std::optional<std::int64_t> finish_date(std::string_view text, int day_number, int month_number,
                                        int year_number) {
  const auto second = take(text, " ") ? take_time(text) : std::nullopt;
  if (!second || text != " GMT") return std::nullopt;
  return unix_time(year_number, month_number, day_number, *second);
}

/// "Nov  6 08:49:37 1994", C's asctime.
std::optional<std::int64_t> parse_asctime(std::string_view text) {
  const auto month_number = take_month(text);
  if (!month_number || !take(text, " ")) return std::nullopt;
  const auto day_number = take(text, " ") ? take_number(text, 1) : take_number(text, 2);
  if (!day_number || !take(text, " ")) return std::nullopt;
  const auto second = take_time(text);
  if (!second || !take(text, " ")) return std::nullopt;
  const auto year_number = take_number(text, 4);
  if (!year_number || !text.empty()) return std::nullopt;
  return unix_time(*year_number, *month_number, *day_number, *second);
}

/// A parameter's value behind its '=', taken off: a token or a quoted string.
std::string take_value(std::string_view& text) {
  std::string out;
  if (!take(text, "\"")) {
    const auto end = std::min(text.find(';'), text.size());
    out = trimmed(text.substr(0, end));
    text.remove_prefix(end);
    return out;
  }
  while (!text.empty() && text.front() != '"') {
    if (text.front() == '\\' && text.size() > 1) text.remove_prefix(1);
    out += text.front();
    text.remove_prefix(1);
  }
  if (!text.empty()) text.remove_prefix(1);
  return out;
}

/// RFC 8187: "UTF-8''na%C3%AFve.txt".
std::string decode_extended(std::string_view value) {
  const auto first = value.find('\'');
  const auto second = first == value.npos ? value.npos : value.find('\'', first + 1);
  if (second == value.npos || lowered(value.substr(0, first)) != "utf-8") return {};
  const auto raw = percent_decode(value.substr(second + 1));
  return raw ? std::string(as_text(*raw)) : std::string();
}

} // namespace

std::optional<std::uint64_t> parse_length(std::string_view text) {
  std::uint64_t out = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

std::optional<content_range> content_range::parse(std::string_view text) {
  if (lowered(text.substr(0, 6)) != "bytes ") return std::nullopt;
  text = trimmed(text.substr(6));
  const auto slash = text.find('/');
  if (slash == text.npos) return std::nullopt;
  content_range out;
  const auto range = text.substr(0, slash);
  const auto size = text.substr(slash + 1);
  if (size != "*" && !(out.size = parse_length(size))) return std::nullopt;
  if (range == "*") return out.size ? std::optional(out) : std::nullopt;
  const auto dash = range.find('-');
  if (dash == range.npos) return std::nullopt;
  const auto first = parse_length(range.substr(0, dash));
  const auto last = parse_length(range.substr(dash + 1));
  if (!first || !last || *last < *first || *last == UINT64_MAX) return std::nullopt;
  if (out.size && *last >= *out.size) return std::nullopt;
  out.range = byte_range{*first, *last + 1};
  return out;
}

std::optional<entity_tag> entity_tag::parse(std::string_view text) {
  entity_tag out;
  out.weak = take(text, "W/");
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::nullopt;
  text = text.substr(1, text.size() - 2);
  const bool fits = std::all_of(text.begin(), text.end(), [](char c) {
    return c == 0x21 || static_cast<unsigned char>(c) >= 0x80 || (c >= 0x23 && c <= 0x7E);
  });
  if (!fits) return std::nullopt;
  out.opaque = text;
  return out;
}

std::optional<std::int64_t> parse_http_date(std::string_view text, std::int64_t now) {
  const auto comma = text.find(',');
  if (comma == text.npos) return text.size() > 4 ? parse_asctime(text.substr(4)) : std::nullopt;
  text.remove_prefix(comma + 1);
  if (!take(text, " ")) return std::nullopt;
  const auto day_number = take_number(text, 2);
  if (!day_number) return std::nullopt;
  const bool old_form = take(text, "-");
  if (!old_form && !take(text, " ")) return std::nullopt;
  const auto month_number = take_month(text);
  if (!month_number || !take(text, old_form ? "-" : " ")) return std::nullopt;
  auto year_number = take_number(text, old_form ? 2 : 4);
  if (!year_number) return std::nullopt;
  if (old_form) {
    // More than 50 years ahead means the past (RFC 9110 section 5.6.7).
    const auto today = year_month_day(floor<std::chrono::days>(sys_seconds(seconds(now))));
    const int this_year = static_cast<int>(today.year());
    *year_number += this_year / 100 * 100;
    if (*year_number > this_year + 50) *year_number -= 100;
  }
  return finish_date(text, *day_number, *month_number, *year_number);
}

std::string http_date(std::int64_t unix_seconds) {
  const auto date = floor<std::chrono::days>(sys_seconds(seconds(unix_seconds)));
  const year_month_day d(date);
  const auto second = static_cast<int>(unix_seconds - date.time_since_epoch().count() * 86'400);
  std::array<char, 64> out{};
  const auto n =
      std::snprintf(out.data(), out.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT",
                    days[weekday(date).c_encoding()].data(), static_cast<unsigned>(d.day()),
                    months[static_cast<unsigned>(d.month()) - 1].data(), static_cast<int>(d.year()),
                    second / 3600, second / 60 % 60, second % 60);
  return {out.data(), static_cast<std::size_t>(std::max(n, 0))};
}

std::optional<std::chrono::seconds> parse_retry_after(std::string_view text, std::int64_t now) {
  const auto most = limits::retry_after;
  if (const auto wait = parse_length(text))
    return std::min<std::uint64_t>(*wait, static_cast<std::uint64_t>(most.count())) * 1s;
  const auto date = parse_http_date(text, now);
  if (!date) return std::nullopt;
  return std::clamp(seconds(*date - now), seconds(0), most);
}

std::string disposition_file_name(std::string_view text) {
  std::string plain;
  auto at = text.find(';');
  while (at != text.npos) {
    text = trimmed(text.substr(at + 1));
    const auto equals = text.find('=');
    if (equals == text.npos) break;
    const auto name = lowered(trimmed(text.substr(0, equals)));
    text = trimmed(text.substr(equals + 1));
    const auto value = take_value(text);
    if (name == "filename*") {
      auto extended = bare_file_name(decode_extended(value));
      if (!extended.empty()) return extended;
    }
    if (name == "filename" && plain.empty()) plain = bare_file_name(value);
    at = text.find(';');
  }
  return plain;
}

std::string media_type(std::string_view text) {
  const auto whole = trimmed(text.substr(0, text.find(';')));
  const auto slash = whole.find('/');
  if (slash == whole.npos || !is_token(whole.substr(0, slash)) ||
      !is_token(whole.substr(slash + 1)) || whole.size() > 127)
    return {};
  return lowered(whole);
}

validators::verdict validators::compare(const validators& now) const {
  if (etag && now.etag && *etag != *now.etag) {
    // The same tag, once weak and once strong, says neither.
    if (etag->opaque != now.etag->opaque) return verdict::changed;
  } else if (etag && now.etag && !etag->weak) {
    return verdict::same;
  }
  if (last_modified && now.last_modified) {
    if (*last_modified != *now.last_modified) return verdict::changed;
    if (date_is_strong && now.date_is_strong && !etag && !now.etag) return verdict::same;
  }
  return verdict::unproven;
}

std::optional<std::string> validators::if_range() const {
  if (etag) return etag->weak ? std::nullopt : std::optional(etag->to_string());
  if (last_modified && date_is_strong) return http_date(*last_modified);
  return std::nullopt;
}

std::string validators::to_string() const {
  if (etag) return "ETag " + printable(etag->to_string(), 80);
  if (last_modified) return "date " + http_date(*last_modified);
  return "no validator";
}

} // namespace interswarm::origin
