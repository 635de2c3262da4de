#include "actors/overlays/ppsp/registrar_url.hpp"

#include "actors/overlays/ppsp/registrar_limits.hpp"
#include "schema/base/encoding.hpp"
#include "schema/base/endpoint.hpp"

#include <algorithm>
#include <charconv>

namespace interswarm::ppsp {

namespace {

tl::unexpected<error> no_tracker_url(std::string_view text, const char* why) {
  // Without the query, which may hold a key.
  return fail(errc::configuration, "ppsp tracker URL \"" +
                                       printable(text.substr(0, text.find('?')), 100) +
                                       "\": " + why);
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_';
}

} // namespace

result<registrar_url> registrar_url::parse(std::string_view text) {
  registrar_url out;
  if (text.size() > limits::registrar_url_bytes) return no_tracker_url(text, "too long");
  auto rest = text;
  if (text.starts_with("https://")) {
    out.tls = true;
    rest.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    rest.remove_prefix(7);
  } else {
    return no_tracker_url(text, "it must begin with http:// or https://");
  }
  const auto slash = rest.find_first_of("/?#");
  const auto authority = rest.substr(0, slash);
  if (slash != rest.npos) out.target = rest.substr(slash, rest.find('#') - slash);
  if (out.target.empty() || out.target[0] != '/') out.target.insert(0, "/");
  std::string_view port;
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    if (close == authority.npos) return no_tracker_url(text, "a bracket is not closed");
    out.host = authority.substr(1, close - 1);
    if (!ip_address::parse(out.host))
      return no_tracker_url(text, "not an IPv6 address in the brackets");
    port = authority.substr(close + 1);
  } else {
    out.host = authority.substr(0, authority.find(':'));
    port = authority.substr(out.host.size());
    if (out.host.empty() || !std::all_of(out.host.begin(), out.host.end(), is_host_character))
      return no_tracker_url(text, "no usable host");
  }
  out.port = out.tls ? 443 : 80;
  if (!port.empty()) {
    const auto digits = port.substr(1);
    const auto [end, failure] =
        std::from_chars(digits.data(), digits.data() + digits.size(), out.port);
    if (port[0] != ':' || failure != std::errc{} || end != digits.data() + digits.size() ||
        out.port == 0)
      return no_tracker_url(text, "no usable port");
  }
  const auto odd = [](char c) {
    return static_cast<byte>(c) <= 0x20 || static_cast<byte>(c) >= 0x7F;
  };
  if (std::any_of(out.target.begin(), out.target.end(), odd))
    return no_tracker_url(text, "a character that must be escaped");
  return out;
}

std::string registrar_url::authority() const {
  const bool v6 = host.find(':') != host.npos;
  return (v6 ? '[' + host + ']' : host) + ':' + std::to_string(port);
}

} // namespace interswarm::ppsp
