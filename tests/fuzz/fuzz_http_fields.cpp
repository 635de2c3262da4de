// Each line is read as every field that an origin's answer may have.
#include "actors/services/origin/http_fields.hpp"
#include "actors/services/origin/limits.hpp"
#include "schema/base/bytes.hpp"

#include <algorithm>
#include <cstdlib>

using namespace interswarm;
using namespace interswarm::origin;

namespace {

constexpr std::int64_t now = 1'800'000'000;

void check(bool holds) {
  if (!holds) std::abort();
}

void try_numbers(std::string_view line) {
  if (const auto n = parse_length(line)) {
    check(line.find_first_not_of("0123456789") == line.npos);
    check(parse_length(std::to_string(*n)) == n);
  }
  if (const auto r = content_range::parse(line)) {
    check(r->range || r->size);
    check(!r->range || !r->range->empty());
    check(!r->range || !r->size || r->range->end <= *r->size);
  }
  if (const auto wait = parse_retry_after(line, now))
    check(wait->count() >= 0 && *wait <= limits::retry_after);
}

void try_validators(std::string_view line) {
  validators v;
  v.etag = entity_tag::parse(line);
  v.last_modified = parse_http_date(line, now);
  v.date_is_strong = v.last_modified.has_value();
  if (v.etag) check(v.etag->to_string() == line);
  if (v.last_modified) check(parse_http_date(http_date(*v.last_modified), now) == v.last_modified);
  const auto same = v.compare(v);
  check(same != validators::verdict::changed);
  // What is sent as If-Range proves that nothing changed, and is one line.
  const auto sent = v.if_range();
  check(!sent || same == validators::verdict::same);
  check(!sent || sent->find_first_of("\r\n") == sent->npos);
  v.to_string();
}

void try_names(std::string_view line) {
  const auto name = disposition_file_name(line);
  check(name.size() <= 255 && name.find_first_of("/\\") == name.npos);
  check(std::all_of(name.begin(), name.end(),
                    [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F; }));
  check(name.empty() || name.find_first_not_of('.') != name.npos);
  const auto type = media_type(line);
  check(type.empty() || std::count(type.begin(), type.end(), '/') == 1);
  check(std::all_of(type.begin(), type.end(), [](char c) { return c > 0x20 && c < 0x7F; }));
  check(media_type(type) == type);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto text = as_text({data, size});
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    try_numbers(line);
    try_validators(line);
    try_names(line);
  }
  return 0;
}
