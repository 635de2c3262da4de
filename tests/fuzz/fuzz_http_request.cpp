// The first line is a request's target, the second a Range header, the rest another field's value.
#include "actors/services/http/byte_ranges.hpp"
#include "actors/services/http/conditions.hpp"
#include "actors/services/http/content_headers.hpp"
#include "actors/services/http/http_date.hpp"
#include "actors/services/http/limits.hpp"
#include "actors/services/http/request_target.hpp"
#include "schema/base/encoding.hpp"

#include <algorithm>
#include <cstdlib>

using namespace interswarm;
using namespace interswarm::http;

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

std::string_view take_line(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  const auto out = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return out;
}

void try_target(std::string_view line) {
  const auto target = parse_target(line);
  if (target.what != request_target::kind::content) {
    check(target.name.empty() && !target.signature);
    return;
  }
  check(!target.name.empty() && target.name.size() <= limits::name_bytes);
  for (const char c : target.name) check(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  // A name that is encoded as the documentation asks for comes back as it is.
  const auto again = parse_target("/content/" + percent_encode(as_bytes(target.name)) + "/x");
  check(again.what == request_target::kind::content && again.name == target.name);
}

void try_ranges(std::string_view line, std::uint64_t size) {
  const auto out = select_ranges(line, size);
  check((out.what == range_selection::outcome::part) == !out.ranges.empty());
  check(out.ranges.size() <= limits::ranges);
  std::uint64_t sum = 0;
  for (const auto& r : out.ranges) {
    check(!r.empty() && r.end <= size);
    sum += r.size();
    for (const auto& o : out.ranges) check(&o == &r || !o.overlaps(r));
  }
  check(sum <= size);
}

void try_conditions(std::string_view line) {
  const std::string text(line);
  const validators has{"\"a\"", 784'111'777};
  const conditions all{text, text, text, text, text};
  evaluate(all, has, 1'800'000'000);
  conditions none_match;
  none_match.if_none_match = text;
  evaluate(none_match, has, 1'800'000'000);
  range_applies(all, has, 1'800'000'000);
  if (const auto at = parse_http_date(line, 1'800'000'000))
    check(parse_http_date(format_http_date(*at), 1'800'000'000) == at);
  for (const auto& out : {content_disposition(line, true), media_type_of(line, line)}) {
    for (const char c : out) check(c >= 0x20 && c < 0x7f);
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = as_text({data, size});
  try_target(take_line(text));
  const auto header = take_line(text);
  for (const std::uint64_t content :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{10'000}, ~std::uint64_t{0}})
    try_ranges(header, content);
  try_conditions(text);
  return 0;
}
