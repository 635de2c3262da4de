// The first line is a URL, the rest a reference that its server redirects to.
#include "actors/services/origin/http_url.hpp"
#include "actors/services/origin/limits.hpp"

#include <algorithm>
#include <cstdlib>

using namespace interswarm;
using namespace interswarm::origin;

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

/// What a request and a log line can be made of, and what reads as the same URL again.
void check_sane(const http_url& url) {
  check(!url.host.empty() && url.port != 0 && url.target.starts_with('/'));
  for (const char c : url.host) check(c > 0x20 && c < 0x7F && (c < 'A' || c > 'Z') && c != '@');
  for (const char c : url.target) check(c > 0x20 && c < 0x7F && c != '#');
  const auto text = url.to_string();
  check(text.starts_with(url.tls ? "https://" : "http://"));
  check(text.size() > limits::url_bytes || http_url::parse(text) == url);
  const auto name = url.file_name();
  check(name.size() <= 255 && name.find_first_of("/\\") == name.npos);
  check(std::all_of(name.begin(), name.end(),
                    [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F; }));
  check(name.empty() || name.find_first_not_of('.') != name.npos);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = as_text({data, size});
  const auto end = std::min(text.find('\n'), text.size());
  if (const auto address = ip_address::parse(text.substr(0, end))) is_public(*address);
  const auto url = http_url::parse(text.substr(0, end));
  if (!url) return 0;
  check_sane(*url);
  const auto reference = text.substr(std::min(end + 1, text.size()));
  const auto next = url->resolve(reference);
  if (!next) return 0;
  check_sane(*next);
  // A reference of a path alone stays where it was.
  if (reference.starts_with('/') && !reference.starts_with("//"))
    check(next->server() == url->server());
  check(url->resolve("") == *url);
  return 0;
}
