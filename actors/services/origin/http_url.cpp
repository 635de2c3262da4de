#include "actors/services/origin/http_url.hpp"

#include "actors/services/origin/limits.hpp"
#include "schema/base/encoding.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

namespace interswarm::origin {

namespace {

constexpr std::size_t max_host_bytes = 253;
constexpr std::size_t max_file_name_bytes = 255;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

bool is_alpha(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// "http" of "http://…", empty for a relative reference (RFC 3986 section 3.1).
std::string_view scheme_of(std::string_view text) {
  if (text.empty() || !is_alpha(text[0])) return {};
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == ':') return text.substr(0, i);
    if (!is_alpha(text[i]) && !is_digit(text[i]) && text[i] != '+' && text[i] != '-' &&
        text[i] != '.')
      return {};
  }
  return {};
}

bool valid_host_name(std::string_view host) {
  if (host.empty() || host.size() > max_host_bytes || host.front() == '.') return false;
  return std::all_of(host.begin(), host.end(), [](char c) {
    return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_';
  });
}

result<void> parse_authority(std::string_view text, http_url& out) {
  if (text.find('@') != text.npos)
    return fail(errc::malformed,
                "a URL holds a user name; give credentials as request headers instead");
  std::string_view port;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    const auto address =
        close == text.npos ? std::nullopt : ip_address::parse(text.substr(1, close - 1));
    if (!address || text.substr(1, close - 1).find(':') == text.npos)
      return fail(errc::malformed, "a URL's bracketed host is no IPv6 address");
    out.host = lowered(text.substr(1, close - 1));
    port = text.substr(close + 1);
    if (!port.empty() && port.front() != ':')
      return fail(errc::malformed, "a URL's host is followed by something that is no port");
  } else {
    const auto colon = text.find(':');
    if (!valid_host_name(text.substr(0, colon)))
      return fail(errc::malformed, "a URL's host is no host name");
    out.host = lowered(text.substr(0, colon));
    port = colon == text.npos ? std::string_view{} : text.substr(colon);
  }
  out.port = out.tls ? 443 : 80;
  if (port.size() <= 1) return {};
  port.remove_prefix(1);
  const auto [end, failed] = std::from_chars(port.data(), port.data() + port.size(), out.port);
  if (failed != std::errc() || end != port.data() + port.size() || out.port == 0)
    return fail(errc::malformed, "a URL's port is no number from 1 to 65535");
  return {};
}

result<std::string> parse_target(std::string_view text) {
  text = text.substr(0, text.find('#'));
  std::string out = text.starts_with('/') ? "" : "/";
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7F)
      return fail(errc::malformed, "a URL holds a blank or control character");
    if (static_cast<unsigned char>(c) < 0x80)
      out += c;
    else
      out += percent_encode(as_bytes({&c, 1}));
  }
  return out;
}

/// RFC 3986 section 5.2.4.
std::string without_dot_segments(std::string_view path) {
  std::vector<std::string_view> parts;
  bool folder = false;
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto part = path.substr(0, path.find('/'));
    path.remove_prefix(part.size());
    folder = part == "." || part == "..";
    if (part == ".." && !parts.empty()) parts.pop_back();
    if (!folder) parts.push_back(part);
  }
  std::string out;
  for (const auto part : parts) (out += '/') += part;
  return folder || out.empty() ? out + "/" : out;
}

/// Whether the IPv4 address in the four bytes is public.
bool is_public_v4(std::uint32_t a) {
  const auto in = [a](std::uint32_t network, unsigned bits) {
    return (a ^ network) >> (32U - bits) == 0;
  };
  return !(in(0x00000000, 8) || in(0x0A000000, 8) || in(0x64400000, 10) || in(0x7F000000, 8) ||
           in(0xA9FE0000, 16) || in(0xAC100000, 12) || in(0xC0000000, 24) || in(0xC0000200, 24) ||
           in(0xC0586300, 24) || in(0xC0A80000, 16) || in(0xC6120000, 15) || in(0xC6336400, 24) ||
           in(0xCB007100, 24) || in(0xE0000000, 3));
}

} // namespace

result<http_url> http_url::parse(std::string_view text) {
  if (text.size() > limits::url_bytes)
    return fail(errc::too_large,
                "a URL is longer than " + std::to_string(limits::url_bytes) + " bytes");
  http_url out;
  const auto scheme = lowered(scheme_of(text));
  out.tls = scheme == "https";
  if (!out.tls && scheme != "http")
    return fail(errc::malformed, "a URL begins with neither http:// nor https://");
  text.remove_prefix(scheme.size() + 1);
  if (!text.starts_with("//")) return fail(errc::malformed, "a URL has no host");
  text.remove_prefix(2);
  const auto authority = text.substr(0, text.find_first_of("/?#"));
  if (auto ok = parse_authority(authority, out); !ok) return tl::unexpected(ok.error());
  auto target = parse_target(text.substr(authority.size()));
  if (!target) return tl::unexpected(target.error());
  out.target = std::move(*target);
  return out;
}

result<http_url> http_url::resolve(std::string_view reference) const {
  if (reference.size() > limits::url_bytes)
    return fail(errc::too_large,
                "a URL is longer than " + std::to_string(limits::url_bytes) + " bytes");
  if (!scheme_of(reference).empty()) return parse(reference);
  if (reference.starts_with("//"))
    return parse((tls ? "https:" : "http:") + std::string(reference));
  reference = reference.substr(0, reference.find('#'));
  auto out = *this;
  if (reference.empty()) return out;
  const std::string_view base = std::string_view(target).substr(0, target.find('?'));
  if (reference.starts_with('?')) {
    auto made = parse_target(std::string(base) + std::string(reference));
    if (!made) return tl::unexpected(made.error());
    out.target = std::move(*made);
    return out;
  }
  const auto path = reference.substr(0, reference.find('?'));
  const auto whole = path.starts_with('/')
                         ? std::string(path)
                         : std::string(base.substr(0, base.rfind('/') + 1)) + std::string(path);
  auto made =
      parse_target(without_dot_segments(whole) + std::string(reference.substr(path.size())));
  if (!made) return tl::unexpected(made.error());
  out.target = std::move(*made);
  return out;
}

std::string http_url::authority() const {
  const auto name = host.find(':') == host.npos ? host : "[" + host + "]";
  return port == (tls ? 443 : 80) ? name : name + ":" + std::to_string(port);
}

std::string http_url::server() const {
  const auto name = host.find(':') == host.npos ? host : "[" + host + "]";
  return (tls ? "https://" : "http://") + name + ":" + std::to_string(port);
}

std::string http_url::file_name() const {
  const auto path = std::string_view(target).substr(0, target.find('?'));
  const auto raw = percent_decode(path.substr(path.rfind('/') + 1));
  return raw ? bare_file_name(as_text(*raw)) : std::string();
}

std::string bare_file_name(std::string_view name) {
  const auto slash = name.find_last_of("/\\");
  if (slash != name.npos) name = name.substr(slash + 1);
  auto out = printable(name, max_file_name_bytes);
  return out.find_first_not_of('.') == out.npos ? std::string() : out;
}

bool is_public(const ip_address& address) {
  if (address.is_v4()) return is_public_v4(address.to_v4());
  const auto& b = address.mapped();
  const auto v4_at = [&b](std::size_t i) {
    return (std::uint32_t{b[i]} << 24U) | (std::uint32_t{b[i + 1]} << 16U) |
           (std::uint32_t{b[i + 2]} << 8U) | b[i + 3];
  };
  // 64:ff9b::/96 (RFC 6052) and 2002::/16 (RFC 3056) lead to the IPv4 address within.
  constexpr std::array<byte, 12> translated{0, 0x64, 0xFF, 0x9B};
  if (std::equal(translated.begin(), translated.end(), b.begin())) return is_public_v4(v4_at(12));
  if (b[0] == 0x20 && b[1] == 0x02) return is_public_v4(v4_at(2));
  // Of the rest only 2000::/3 is given out; 2001::/23 and documentation are not for hosts.
  const bool protocol = b[0] == 0x20 && b[1] == 0x01 && b[2] < 2;
  const bool documentation = b[0] == 0x20 && b[1] == 0x01 && b[2] == 0x0D && b[3] == 0xB8;
  return (b[0] & 0xE0) == 0x20 && !protocol && !documentation;
}

} // namespace interswarm::origin
