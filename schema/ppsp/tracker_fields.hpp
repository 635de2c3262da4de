#pragma once

#include "schema/ppsp/tracker_values.hpp"

#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

/// The JSON of the tracker protocol's members, for its two codecs alone.
namespace interswarm::ppsp::tracker_fields {

/// The object below "PPSPTrackerProtocol". Nothing where `body` is longer than `max_bytes`, nested
/// deeper than `limits::tracker_depth`, not JSON, or another object.
std::optional<nlohmann::json> parse(byte_view body, std::size_t max_bytes);

/// The member, or null where there is none, `from` is no object, or the member is JSON's null.
const nlohmann::json* find(const nlohmann::json& from, const char* name);
/// An array's elements, or the one value that stands in place of an array; no more than `most`,
/// nothing where there are more.
std::optional<std::vector<const nlohmann::json*>> each(const nlohmann::json* from,
                                                       std::size_t most);
/// A string, or a number as its digits.
std::optional<std::string> text(const nlohmann::json* from, std::size_t max_bytes);
/// A whole number that is not negative, or a string of one.
std::optional<std::uint64_t> number(const nlohmann::json* from, std::uint64_t max);
template <class Int>
std::optional<Int> number_as(const nlohmann::json* from) {
  const auto n = number(from, std::numeric_limits<Int>::max());
  return n ? std::optional(static_cast<Int>(*n)) : std::nullopt;
}
/// The index in `words` of a string, whatever the case of its letters.
std::optional<std::size_t> word(const nlohmann::json* from,
                                const std::vector<std::string_view>& words);

/// Nothing where the address or the port is missing or broken.
std::optional<peer_address> read_address(const nlohmann::json& from);
/// What is not said or not understood stays as it is by default.
peer_num read_numbers(const nlohmann::json& from);

/// A JSON object or array that is written member by member.
class writer {
public:
  writer& open(char bracket);
  writer& close(char bracket);
  /// The name of the member that comes next.
  writer& name(std::string_view name);
  writer& value(std::string_view text);
  writer& value(std::uint64_t number);
  writer& member(std::string_view n, std::string_view text) { return name(n).value(text); }
  writer& member(std::string_view n, std::uint64_t number) { return name(n).value(number); }
  void address(const peer_address& a);
  void numbers(const peer_num& n);
  bytes take() { return {out_.begin(), out_.end()}; }

private:
  void separate();
  void quote(std::string_view text);

  std::string out_;
  bool first_ = true;
};

} // namespace interswarm::ppsp::tracker_fields
