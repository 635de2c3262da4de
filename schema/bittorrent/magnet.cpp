#include "schema/bittorrent/magnet.hpp"

#include "schema/base/encoding.hpp"

#include <algorithm>
#include <charconv>

namespace interswarm::bittorrent {

namespace {

tl::unexpected<error> bad(const std::string& what) {
  return fail(errc::malformed, "magnet link: " + what);
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

template <class T>
std::optional<T> parse_number(std::string_view text) {
  T out{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (text.empty() || failure != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return out;
}

/// Keeps the hash of a urn; the same hash twice is fine, two different ones are not.
template <std::size_t N>
bool store(std::optional<std::array<byte, N>>& to, const std::optional<bytes>& raw) {
  if (!raw || raw->size() != N) return false;
  std::array<byte, N> digest{};
  std::copy(raw->begin(), raw->end(), digest.begin());
  if (to && *to != digest) return false;
  to = digest;
  return true;
}

std::optional<bytes> hex_or_base32(std::string_view text) {
  if (text.size() == 40) return from_hex(text);
  return text.size() == 32 ? from_base32(text) : std::nullopt;
}

/// False for a known urn with an unusable hash; an unknown urn is passed over.
bool take_urn(magnet& m, std::string_view urn) {
  const auto rest = [&](std::string_view prefix) -> std::optional<std::string_view> {
    if (urn.size() <= prefix.size() || lower(urn.substr(0, prefix.size())) != prefix)
      return std::nullopt;
    return urn.substr(prefix.size());
  };
  if (const auto h = rest("urn:btih:")) return store(m.btih, hex_or_base32(*h));
  if (const auto h = rest("urn:btmh:"))
    return h->starts_with("1220") && store(m.btmh, from_hex(h->substr(4)));
  if (const auto h = rest("urn:ed2k:")) return store(m.ed2k, from_hex(*h));
  if (const auto h = rest("urn:ed2khash:")) return store(m.ed2k, from_hex(*h));
  if (const auto h = rest("urn:aich:")) return store(m.aich, hex_or_base32(*h));
  if (const auto h = rest("urn:sha1:")) return store(m.sha1, hex_or_base32(*h));
  if (const auto h = rest("urn:md5:")) return store(m.md5, from_hex(*h));
  return true;
}

bool take_selection(magnet& m, std::string_view text) {
  while (!text.empty()) {
    const auto comma = text.find(',');
    const auto item = text.substr(0, comma);
    text = comma == text.npos ? std::string_view{} : text.substr(comma + 1);
    const auto dash = item.find('-');
    const auto first = parse_number<std::uint32_t>(item.substr(0, dash));
    const auto last =
        dash == item.npos ? first : parse_number<std::uint32_t>(item.substr(dash + 1));
    if (!first || !last || *last < *first || m.selection.size() >= limits::magnet_selections)
      return false;
    m.selection.emplace_back(*first, *last);
  }
  return true;
}

void take_text(std::vector<std::string>& to, std::size_t limit, std::string text) {
  if (!text.empty() && text.size() <= limits::url_bytes && to.size() < limit &&
      std::find(to.begin(), to.end(), text) == to.end())
    to.push_back(std::move(text));
}

/// A host name or address and a port: needs no escaping when it is printed again.
bool is_host_and_port(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == text.npos || colon == 0 || !parse_number<std::uint16_t>(text.substr(colon + 1)))
    return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (lower({&c, 1})[0] >= 'a' && lower({&c, 1})[0] <= 'z') ||
           std::string_view("-._:[]").find(c) != std::string_view::npos;
  });
}

/// Nothing, or what is wrong with the parameter.
const char* take_parameter(magnet& m, std::string_view key, std::string value) {
  // "tr.1" is "tr": several writers number repeated parameters; "x.pe" has its dot by itself.
  if (const auto dot = key.find('.'); dot != key.npos && key != "x.pe") key = key.substr(0, dot);
  if (key == "xt") return take_urn(m, value) ? nullptr : "a hash of wrong form, or two that differ";
  if (key == "xl") {
    m.length = parse_number<std::uint64_t>(value);
    return m.length ? nullptr : "xl is not a number";
  }
  if (key == "so") return take_selection(m, value) ? nullptr : "so is not a list of file indices";
  if (key == "dn") m.display_name = printable(value, limits::text_bytes);
  if (key == "tr")
    take_text(m.trackers, limits::trackers, std::move(value));
  else if (key == "ws" || key == "as")
    take_text(m.web_seeds, limits::web_seeds, std::move(value));
  else if (key == "x.pe" && is_host_and_port(value))
    take_text(m.peers, limits::magnet_peers, std::move(value));
  return nullptr;
}

} // namespace

result<magnet> parse_magnet(std::string_view text) {
  if (text.size() > limits::magnet_bytes) return fail(errc::too_large, "magnet link: too long");
  if (lower(text.substr(0, 8)) != "magnet:?") return bad("it does not begin with \"magnet:?\"");
  magnet out;
  for (auto query = text.substr(8); !query.empty();) {
    const auto amp = query.find('&');
    auto pair = query.substr(0, amp);
    query = amp == query.npos ? std::string_view{} : query.substr(amp + 1);
    // Links copied out of HTML carry "&amp;".
    if (pair.starts_with("amp;")) pair = pair.substr(4);
    const auto equals = pair.find('=');
    if (equals == pair.npos) continue;
    std::string escaped(pair.substr(equals + 1));
    const auto key = lower(pair.substr(0, equals));
    if (key == "dn") std::replace(escaped.begin(), escaped.end(), '+', ' ');
    const auto value = percent_decode(escaped);
    if (!value) return bad("a broken %-escape in " + printable(key, 20));
    if (const auto* wrong = take_parameter(out, key, std::string(as_text(*value))))
      return bad(wrong);
  }
  if (!out.is_torrent() && !out.ed2k && !out.sha1 && !out.aich && !out.md5)
    return bad("no hash that is known here");
  return out;
}

std::string to_string(const magnet& m) {
  std::string out = "magnet:?";
  const auto add = [&](std::string_view key, std::string_view value) {
    if (!out.ends_with('?')) out += '&';
    out.append(key).append("=").append(value);
  };
  const auto escaped = [](const std::string& text) { return percent_encode(as_bytes(text)); };
  if (m.btih) add("xt", "urn:btih:" + to_hex(*m.btih));
  if (m.btmh) add("xt", "urn:btmh:1220" + to_hex(*m.btmh));
  if (m.ed2k) add("xt", "urn:ed2k:" + to_hex(*m.ed2k));
  if (m.aich) add("xt", "urn:aich:" + to_base32(*m.aich));
  if (m.sha1) add("xt", "urn:sha1:" + to_base32(*m.sha1));
  if (m.md5) add("xt", "urn:md5:" + to_hex(*m.md5));
  if (m.length) add("xl", std::to_string(*m.length));
  if (!m.display_name.empty()) add("dn", escaped(m.display_name));
  for (const auto& url : m.trackers) add("tr", escaped(url));
  for (const auto& url : m.web_seeds) add("ws", escaped(url));
  for (const auto& peer : m.peers) add("x.pe", peer);
  std::string chosen;
  for (const auto& [first, last] : m.selection) {
    if (!chosen.empty()) chosen += ',';
    chosen += std::to_string(first);
    if (last != first) chosen += "-" + std::to_string(last);
  }
  if (!chosen.empty()) add("so", chosen);
  return out;
}

magnet make_magnet(const metainfo& m) {
  magnet out;
  if (m.info.has_v1) out.btih = m.info.hash_v1;
  if (m.info.has_v2) out.btmh = m.info.hash_v2;
  out.display_name = m.info.name;
  if (m.info.single_file) out.length = m.info.files[0].length;
  for (const auto& tier : m.trackers)
    out.trackers.insert(out.trackers.end(), tier.begin(), tier.end());
  out.web_seeds = m.web_seeds;
  return out;
}

} // namespace interswarm::bittorrent
