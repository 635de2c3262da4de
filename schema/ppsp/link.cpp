#include "schema/ppsp/link.hpp"

#include "schema/base/encoding.hpp"
#include "schema/ppsp/limits.hpp"

#include <algorithm>
#include <charconv>

namespace interswarm::ppsp {

namespace {

constexpr std::string_view scheme = "ppspp://";

tl::unexpected<error> bad(const std::string& what) {
  return fail(errc::malformed, "ppspp link: " + what);
}

template <class T>
std::optional<T> number_in(std::string_view text) {
  T out{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (text.empty() || failure != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return out;
}

/// False when the field is one of ours and its value makes no sense.
bool take_field(swarm_link& out, std::optional<merkle_hash>& hash, std::string_view field,
                std::string_view value) {
  if (field == "hash") {
    hash = parse_merkle_hash(value);
    return hash.has_value();
  }
  if (field == "chunk") {
    const auto n = number_in<std::uint32_t>(value);
    out.key.chunk_bytes = n.value_or(0);
    return n.has_value();
  }
  if (field == "size") {
    out.size = number_in<std::uint64_t>(value);
    return out.size.has_value();
  }
  if (field == "integrity") {
    const auto n = number_in<std::uint8_t>(value);
    if (!n || *n > static_cast<std::uint8_t>(last_integrity_method)) return false;
    out.key.integrity = static_cast<integrity_method>(*n);
    return true;
  }
  if (field == "name") {
    const auto raw = percent_decode(value);
    if (raw) out.name = printable(as_text(*raw), limits::max_link_name_bytes);
    return raw.has_value();
  }
  if (field == "peer") {
    const auto raw = percent_decode(value);
    const auto at = raw ? endpoint::parse(as_text(*raw)) : std::nullopt;
    if (at && at->port != 0 && out.peers.size() < limits::max_link_peers) out.peers.push_back(*at);
    return at.has_value();
  }
  return true;
}

std::optional<merkle_hash> hash_of_length(std::size_t length) {
  for (unsigned i = 0; i <= static_cast<unsigned>(last_merkle_hash); ++i) {
    if (hash_bytes(static_cast<merkle_hash>(i)) == length) return static_cast<merkle_hash>(i);
  }
  return std::nullopt;
}

} // namespace

std::string_view to_string(merkle_hash h) {
  switch (h) {
  case merkle_hash::sha1: return "sha1";
  case merkle_hash::sha224: return "sha224";
  case merkle_hash::sha256: return "sha256";
  case merkle_hash::sha384: return "sha384";
  case merkle_hash::sha512: return "sha512";
  }
  return "unknown";
}

std::optional<merkle_hash> parse_merkle_hash(std::string_view word) {
  for (unsigned i = 0; i <= static_cast<unsigned>(last_merkle_hash); ++i) {
    if (word == to_string(static_cast<merkle_hash>(i))) return static_cast<merkle_hash>(i);
  }
  return std::nullopt;
}

std::optional<std::string> fault_of(const swarm_key& key) {
  if (key.integrity == integrity_method::none) return "a swarm whose bytes nothing proves";
  if (key.chunk_bytes == 0 || key.chunk_bytes > limits::max_chunk_bytes)
    return "chunks of " + std::to_string(key.chunk_bytes) + " bytes; 1 to " +
           std::to_string(limits::max_chunk_bytes) + " fit into a datagram";
  if (key.integrity == integrity_method::merkle_tree && key.id.size() != hash_bytes(key.hash))
    return "an id of " + std::to_string(key.id.size()) + " bytes, which no " +
           std::string(to_string(key.hash)) + " root has";
  if (key.id.size() < 2 || key.id.size() > limits::max_swarm_id_bytes)
    return "an id of " + std::to_string(key.id.size()) + " bytes";
  // An all-zero root is the hash of nothing.
  if (std::all_of(key.id.begin(), key.id.end(), [](byte b) { return b == 0; }))
    return "an id of zeroes only";
  return std::nullopt;
}

bool looks_like_link(std::string_view text) {
  return text.size() > scheme.size() &&
         std::equal(scheme.begin(), scheme.end(), text.begin(), [](char a, char b) {
           return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b + 32) : b);
         });
}

result<swarm_link> parse_link(std::string_view text) {
  if (!looks_like_link(text)) return bad("it begins with ppspp://");
  if (text.size() > limits::max_link_bytes) return bad("too long");
  text.remove_prefix(scheme.size());
  const auto mark = text.find('?');
  auto id = text.substr(0, mark);
  if (id.ends_with('/')) id.remove_suffix(1);
  swarm_link out;
  auto raw = from_hex(id);
  if (!raw) return bad("its swarm id is not hexadecimal");
  out.key.id = std::move(*raw);
  auto query = mark == text.npos ? std::string_view{} : text.substr(mark + 1);
  query = query.substr(0, query.find('#'));
  std::optional<merkle_hash> hash;
  while (!query.empty()) {
    const auto one = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), one.size() + 1));
    const auto equals = one.find('=');
    const auto value = equals == one.npos ? std::string_view{} : one.substr(equals + 1);
    if (!take_field(out, hash, one.substr(0, equals), value))
      return bad("\"" + printable(one, 60) + "\" makes no sense");
  }
  if (!hash && out.key.integrity == integrity_method::merkle_tree)
    hash = hash_of_length(out.key.id.size());
  out.key.hash = hash.value_or(merkle_hash::sha256);
  if (const auto fault = fault_of(out.key)) return bad(*fault);
  return out;
}

std::string to_string(const swarm_link& link) {
  std::string out(scheme);
  out += to_hex(link.key.id);
  if (link.key.integrity != integrity_method::merkle_tree)
    out += "?integrity=" + std::to_string(static_cast<unsigned>(link.key.integrity)) + "&hash=";
  else
    out += "?hash=";
  out += to_string(link.key.hash);
  out += "&chunk=" + std::to_string(link.key.chunk_bytes);
  if (link.size) out += "&size=" + std::to_string(*link.size);
  if (!link.name.empty()) out += "&name=" + percent_encode(as_bytes(link.name));
  for (const auto& p : link.peers) out += "&peer=" + p.to_string();
  return out;
}

} // namespace interswarm::ppsp
