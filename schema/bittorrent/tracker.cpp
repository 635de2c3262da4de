#include "schema/bittorrent/tracker.hpp"

#include "schema/base/encoding.hpp"
#include "schema/base/wire.hpp"

#include <algorithm>
#include <charconv>

namespace interswarm::bittorrent {

void read_compact_peers(byte_view data, bool v6, std::vector<tracker_peer>& out) {
  const std::size_t address = v6 ? 16 : 4;
  big_endian_reader in(data);
  while (in.left() >= address + 2 && out.size() < limits::response_peers) {
    const auto ip = ip_address::from_bytes(in.take(address));
    const auto port = in.u16();
    if (ip && port != 0 && !ip->is_unspecified()) out.push_back({{*ip, port}, std::nullopt});
  }
}

void append_compact_peer(bytes& out, const endpoint& peer) {
  big_endian_writer(out).put(peer.address.network_bytes()).u16(peer.port);
}

namespace {

tl::unexpected<error> bad_url(std::string_view text, std::string_view why) {
  return fail(errc::configuration, "tracker URL " + printable(text, 100) + ": " + std::string(why));
}

bool is_host_char(char c) {
  return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '-' || c == '.' ||
         c == '_' || c == ':';
}

} // namespace

result<tracker_url> tracker_url::parse(std::string_view text) {
  tracker_url out;
  if (text.size() > limits::url_bytes) return bad_url(text, "too long");
  auto rest = text;
  std::uint16_t default_port = 0;
  const auto scheme = [&](std::string_view prefix, transport via, std::uint16_t port) {
    if (!text.starts_with(prefix)) return;
    out.via = via;
    default_port = port;
    rest = text.substr(prefix.size());
  };
  scheme("http://", transport::http, 80);
  scheme("https://", transport::https, 443);
  scheme("udp://", transport::udp, 0);
  if (rest.size() == text.size())
    return bad_url(text, "it must begin with http://, https:// or udp://");
  const auto slash = rest.find_first_of("/?#");
  const auto authority = rest.substr(0, slash);
  out.path = slash == rest.npos ? "/" : std::string(rest.substr(slash, rest.find('#') - slash));
  if (out.path.empty() || out.path[0] != '/') out.path.insert(0, "/");
  std::string_view port;
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    if (close == authority.npos) return bad_url(text, "a bracket is not closed");
    out.host = authority.substr(1, close - 1);
    if (!ip_address::parse(out.host)) return bad_url(text, "not an IPv6 address in the brackets");
    port = authority.substr(close + 1);
  } else {
    out.host = authority.substr(0, authority.find(':'));
    port = authority.substr(out.host.size());
  }
  if (out.host.empty() || !std::all_of(out.host.begin(), out.host.end(), is_host_char))
    return bad_url(text, "no usable host");
  out.port = default_port;
  if (!port.empty()) {
    port.remove_prefix(1);
    const auto [end, failure] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (failure != std::errc{} || end != port.data() + port.size())
      return bad_url(text, "no usable port");
  }
  if (out.port == 0) return bad_url(text, "no port");
  const auto odd = [](char c) {
    return static_cast<byte>(c) <= 0x20 || static_cast<byte>(c) >= 0x7F;
  };
  if (std::any_of(out.path.begin(), out.path.end(), odd))
    return bad_url(text, "a character that must be escaped");
  return out;
}

std::string tracker_url::authority() const {
  const bool v6 = host.find(':') != host.npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string tracker_url::to_string() const {
  const char* scheme = via == transport::udp     ? "udp://"
                       : via == transport::https ? "https://"
                                                 : "http://";
  return scheme + authority() + path;
}

std::optional<std::string> tracker_url::scrape_path() const {
  const auto query = path.find('?');
  const auto slash = path.rfind('/', query);
  constexpr std::string_view word = "announce";
  if (slash == path.npos || path.compare(slash + 1, word.size(), word) != 0) return std::nullopt;
  auto out = path;
  out.replace(slash + 1, word.size(), "scrape");
  return out;
}

bool tracker_url::may_hold_secret() const {
  if (path.find('?') != path.npos) return true;
  std::size_t run = 0;
  for (const char c : path) {
    const bool hex = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f');
    run = hex ? run + 1 : 0;
    if (run >= 16) return true;
  }
  return false;
}

} // namespace interswarm::bittorrent
