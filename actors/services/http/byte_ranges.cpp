#include "actors/services/http/byte_ranges.hpp"

#include "actors/services/http/field_text.hpp"
#include "actors/services/http/limits.hpp"

#include <algorithm>
#include <limits>
#include <optional>

namespace interswarm::http {

namespace {

constexpr auto no_end = std::numeric_limits<std::uint64_t>::max();

/// One element of the header's list.
struct spec {
  /// Of a suffix range, the length; else the first position.
  std::uint64_t number = 0;
  /// Inclusive; `no_end` for what goes on to the end.
  std::uint64_t last = no_end;
  bool suffix = false;
};

/// A number that no integer holds lies beyond every content: it stands for the highest.
std::optional<std::uint64_t> number(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::uint64_t out = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    out = out > (no_end - digit) / 10 ? no_end : out * 10 + digit;
  }
  return out;
}

std::optional<spec> parse_spec(std::string_view text) {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto before = text.substr(0, dash);
  const auto after = text.substr(dash + 1);
  if (before.empty()) {
    const auto length = number(after);
    if (!length) return std::nullopt;
    return spec{*length, no_end, true};
  }
  const auto first = number(before);
  const auto last = after.empty() ? std::optional(no_end) : number(after);
  if (!first || !last || *last < *first) return std::nullopt;
  return spec{*first, *last, false};
}

/// Nothing for a malformed list or one that is too long.
std::optional<std::vector<spec>> parse_specs(std::string_view header) {
  constexpr std::string_view unit = "bytes=";
  if (!starts_with_word(header, unit)) return std::nullopt;
  header.remove_prefix(unit.size());
  std::vector<spec> out;
  while (!header.empty()) {
    const auto comma = std::min(header.find(','), header.size());
    const auto element = trimmed(header.substr(0, comma));
    header.remove_prefix(std::min(comma + 1, header.size()));
    // RFC 9110 section 5.6.1.2: empty elements of a list are ignored.
    if (element.empty()) continue;
    const auto one = parse_spec(element);
    if (!one || out.size() == limits::ranges) return std::nullopt;
    out.push_back(*one);
  }
  if (out.empty()) return std::nullopt;
  return out;
}

byte_range within(const spec& s, std::uint64_t size) {
  if (s.suffix) return {size - std::min(s.number, size), size};
  if (s.number >= size) return {};
  return {s.number, s.last >= size ? size : s.last + 1};
}

/// Adds `r` where the first range that it belongs to stands, which others may then belong to too.
void add(std::vector<byte_range>& out, byte_range r) {
  const auto meets = [&](const byte_range& o) { return o.begin <= r.end && r.begin <= o.end; };
  std::size_t at = out.size();
  for (auto it = std::find_if(out.begin(), out.end(), meets); it != out.end();
       it = std::find_if(out.begin(), out.end(), meets)) {
    at = std::min(at, static_cast<std::size_t>(it - out.begin()));
    r = {std::min(r.begin, it->begin), std::max(r.end, it->end)};
    out.erase(it);
  }
  out.insert(out.begin() + static_cast<std::ptrdiff_t>(std::min(at, out.size())), r);
}

} // namespace

range_selection select_ranges(std::string_view header, std::uint64_t size) {
  using outcome = range_selection::outcome;
  const auto specs = parse_specs(trimmed(header));
  if (!specs) return {};
  range_selection out{outcome::part, {}};
  for (const auto& s : *specs) {
    const auto r = within(s, size);
    if (!r.empty()) add(out.ranges, r);
    // The last bytes of nothing are nothing, which no Content-Range can say.
    if (s.suffix && s.number > 0 && size == 0) return {};
  }
  if (out.ranges.empty()) out.what = outcome::unsatisfiable;
  return out;
}

std::string content_range(const byte_range& range, std::uint64_t size) {
  return "bytes " + std::to_string(range.begin) + '-' + std::to_string(range.end - 1) + '/' +
         std::to_string(size);
}

std::string unsatisfied_range(std::uint64_t size) { return "bytes */" + std::to_string(size); }

} // namespace interswarm::http
