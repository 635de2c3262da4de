#include "schema/bittorrent/http_tracker.hpp"

#include "schema/base/encoding.hpp"
#include "schema/bittorrent/bencode.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <limits>

namespace interswarm::bittorrent::http_tracker {

namespace {

using bencode::value;

template <class T>
std::optional<T> parse_number(std::string_view text, int base = 10) {
  T out{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  if (text.empty() || failure != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return out;
}

/// Calls `take(key, escaped value)` for each pair until it says false.
template <class Take>
bool each_pair(std::string_view query, Take take) {
  while (!query.empty()) {
    const auto amp = query.find('&');
    const auto pair = query.substr(0, amp);
    query = amp == query.npos ? std::string_view{} : query.substr(amp + 1);
    const auto equals = pair.find('=');
    if (equals == pair.npos) continue;
    if (!take(pair.substr(0, equals), pair.substr(equals + 1))) return false;
  }
  return true;
}

bool read_20(std::string_view escaped, std::array<byte, 20>& out) {
  if (escaped.size() > 60) return false;
  const auto raw = percent_decode(escaped);
  if (!raw || raw->size() != out.size()) return false;
  std::copy(raw->begin(), raw->end(), out.begin());
  return true;
}

/// A key of up to 8 hexadecimal digits is the number that the same client sends over UDP; another
/// is mixed to 32 bits.
std::uint32_t read_key(std::string_view text) {
  if (text.size() <= 8) {
    if (const auto n = parse_number<std::uint32_t>(text, 16)) return *n;
  }
  std::uint32_t out = 2166136261u; // FNV-1a
  for (const char c : text) out = (out ^ static_cast<byte>(c)) * 16777619u;
  return out;
}

/// A byte count; some clients send -1 for "unknown", which counts as "not complete".
bool read_count(std::string_view text, std::uint64_t& out) {
  if (const auto n = parse_number<std::uint64_t>(text)) {
    out = *n;
    return true;
  }
  if (!parse_number<std::int64_t>(text)) return false;
  out = std::numeric_limits<std::int64_t>::max();
  return true;
}

bool read_event(std::string_view text, announce_event& out) {
  if (text == "started")
    out = announce_event::started;
  else if (text == "completed")
    out = announce_event::completed;
  else if (text == "stopped")
    out = announce_event::stopped;
  else if (!text.empty() && text != "empty" && text != "paused")
    return false;
  return true;
}

struct seen_keys {
  bool hash = false;
  bool id = false;
  bool left = false;
};

/// Nothing, or the failure reason.
const char* take_announce_key(announce_request& out, seen_keys& seen, std::string_view key,
                              std::string_view v) {
  if (key == "info_hash") {
    if (seen.hash) return "more than one info_hash";
    seen.hash = true;
    return read_20(v, out.hash) ? nullptr : "info_hash is not 20 bytes";
  }
  if (key == "peer_id") {
    seen.id = true;
    return read_20(v, out.id) ? nullptr : "peer_id is not 20 bytes";
  }
  if (key == "port") {
    out.port = parse_number<std::uint16_t>(v).value_or(0);
    return out.port != 0 ? nullptr : "no usable port";
  }
  if (key == "left") {
    seen.left = true;
    return read_count(v, out.left) ? nullptr : "left is not a number";
  }
  if (key == "uploaded") return read_count(v, out.uploaded) ? nullptr : "uploaded is not a number";
  if (key == "downloaded")
    return read_count(v, out.downloaded) ? nullptr : "downloaded is not a number";
  if (key == "event") return read_event(v, out.event) ? nullptr : "unknown event";
  if (key == "key") out.key = read_key(v);
  if (key == "numwant") out.want = parse_number<std::int32_t>(v).value_or(-1);
  return nullptr;
}

std::uint32_t to_u32(std::optional<std::uint64_t> n) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(n.value_or(0), UINT32_MAX));
}

std::optional<tracker_failure> read_failure(const value& root) {
  const auto reason = root.find_text("failure reason");
  if (!reason) return std::nullopt;
  tracker_failure out;
  out.reason = printable(*reason);
  if (const auto retry = root.find("retry in")) {
    out.never = retry->text() == "never";
    // BEP 31 says an integer; some trackers write the digits as a string.
    const auto minutes = retry->unsigned_integer()
                             ? retry->unsigned_integer()
                             : parse_number<std::uint64_t>(retry->text().value_or(""));
    if (minutes) out.retry_minutes = to_u32(minutes);
  }
  return out;
}

void read_dictionary_peers(const value& list, std::vector<tracker_peer>& out) {
  for (const auto& item : list.items()) {
    const auto ip = ip_address::parse(item.find_text("ip").value_or(""));
    const auto port = item.find_unsigned("port").value_or(0);
    if (!ip || port == 0 || port > 65535 || out.size() >= limits::response_peers) continue;
    tracker_peer peer{{*ip, static_cast<std::uint16_t>(port)}, std::nullopt};
    if (const auto id = item.find_string("peer id"); id && id->size() == 20) {
      peer.id.emplace();
      std::copy(id->begin(), id->end(), peer.id->begin());
    }
    out.push_back(peer);
  }
}

decoded<bencode::document> decode_body(byte_view body) {
  if (body.size() > limits::http_response_bytes)
    return drop("HTTP tracker: the answer is too long");
  auto doc = bencode::decode_prefix(body, {.depth = 10, .tokens = limits::http_response_tokens});
  if (doc && !doc->root().is_dict()) return drop("HTTP tracker: the answer is not a dictionary");
  return doc;
}

} // namespace

decoded<announce_request> decode_announce_query(std::string_view query) {
  if (query.size() > limits::http_query_bytes) return reply_error("the query is too long");
  announce_request out;
  seen_keys seen;
  const char* wrong = nullptr;
  each_pair(query, [&](std::string_view key, std::string_view v) {
    wrong = take_announce_key(out, seen, key, v);
    return wrong == nullptr;
  });
  if (wrong) return reply_error(wrong);
  if (!seen.hash) return reply_error("no info_hash");
  if (!seen.id) return reply_error("no peer_id");
  if (out.port == 0) return reply_error("no usable port");
  // Without `left` nothing says that the peer is complete.
  if (!seen.left) out.left = 1;
  return out;
}

decoded<std::vector<info_hash>> decode_scrape_query(std::string_view query) {
  if (query.size() > limits::http_query_bytes) return reply_error("the query is too long");
  std::vector<info_hash> out;
  const char* wrong = nullptr;
  each_pair(query, [&](std::string_view key, std::string_view v) {
    if (key != "info_hash") return true;
    if (out.size() >= limits::scrape_names) {
      wrong = "too many info_hash";
    } else if (!read_20(v, out.emplace_back())) {
      wrong = "info_hash is not 20 bytes";
    }
    return wrong == nullptr;
  });
  if (wrong) return reply_error(wrong);
  return out;
}

bytes encode_announce_answer(const announce_answer& a) {
  bytes out;
  out.reserve(160 + a.peers.size() + a.peers6.size());
  bencode::writer w(out);
  w.begin_dict();
  w.key("complete").integer(a.seeders);
  w.key("downloaded").integer(a.completed);
  if (a.external_address) w.key("external ip").string(a.external_address->network_bytes());
  w.key("incomplete").integer(a.leechers);
  w.key("interval").integer(a.interval_s);
  w.key("min interval").integer(a.min_interval_s);
  w.key("peers").string(a.peers);
  if (!a.peers6.empty()) w.key("peers6").string(a.peers6);
  w.end();
  return out;
}

bytes encode_scrape_answer(std::vector<scrape_entry> entries, std::uint32_t min_interval_s) {
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.hash < b.hash; });
  bytes out;
  bencode::writer w(out);
  w.begin_dict().key("files").begin_dict();
  const scrape_entry* last = nullptr;
  for (const auto& e : entries) {
    if (last && last->hash == e.hash) continue;
    last = &e;
    w.key(as_text(e.hash)).begin_dict();
    w.key("complete").integer(e.seeders);
    w.key("downloaded").integer(e.completed);
    w.key("incomplete").integer(e.leechers);
    w.end();
  }
  w.end();
  if (min_interval_s != 0)
    w.key("flags").begin_dict().key("min_request_interval").integer(min_interval_s).end();
  w.end();
  return out;
}

bytes encode_failure(const tracker_failure& f) {
  bytes out;
  bencode::writer w(out);
  w.begin_dict().key("failure reason").string(f.reason);
  if (f.never)
    w.key("retry in").string("never");
  else if (f.retry_minutes)
    w.key("retry in").integer(*f.retry_minutes);
  w.end();
  return out;
}

std::string encode_announce_query(const announce_request& a, const std::string& tracker_id) {
  std::string out = "info_hash=" + percent_encode(a.hash) + "&peer_id=" + percent_encode(a.id);
  out += "&port=" + std::to_string(a.port) + "&uploaded=" + std::to_string(a.uploaded) +
         "&downloaded=" + std::to_string(a.downloaded) + "&left=" + std::to_string(a.left) +
         "&compact=1";
  switch (a.event) {
  case announce_event::none: break;
  case announce_event::started: out += "&event=started"; break;
  case announce_event::completed: out += "&event=completed"; break;
  case announce_event::stopped: out += "&event=stopped"; break;
  }
  if (a.want >= 0) out += "&numwant=" + std::to_string(a.want);
  if (a.key != 0) {
    char key[9];
    std::snprintf(key, sizeof key, "%08X", a.key);
    out += std::string("&key=") + key;
  }
  if (!tracker_id.empty()) out += "&trackerid=" + percent_encode(as_bytes(tracker_id));
  return out;
}

std::string encode_scrape_query(const std::vector<info_hash>& hashes) {
  std::string out;
  for (const auto& hash : hashes)
    out += (out.empty() ? "info_hash=" : "&info_hash=") + percent_encode(hash);
  return out;
}

std::string join_query(const std::string& path, const std::string& query) {
  if (query.empty()) return path;
  return path + (path.find('?') == path.npos ? "?" : "&") + query;
}

decoded<announce_response> decode_announce_response(byte_view body) {
  const auto doc = decode_body(body);
  if (!doc) return tl::unexpected(doc.error());
  const auto root = doc->root();
  announce_response out;
  out.failure = read_failure(root);
  if (out.failure) return out;
  out.warning = printable(root.find_text("warning message").value_or(""));
  out.interval_s = to_u32(root.find_unsigned("interval"));
  out.min_interval_s = to_u32(root.find_unsigned("min interval"));
  out.seeders = to_u32(root.find_unsigned("complete"));
  out.leechers = to_u32(root.find_unsigned("incomplete"));
  if (const auto id = root.find_text("tracker id"); id && id->size() <= limits::tracker_id_bytes)
    out.tracker_id = *id;
  if (const auto ip = root.find_string("external ip"))
    out.external_address = ip_address::from_bytes(*ip);
  if (const auto peers = root.find("peers")) {
    if (const auto compact = peers->string()) read_compact_peers(*compact, false, out.peers);
    read_dictionary_peers(*peers, out.peers);
  }
  if (const auto peers6 = root.find_string("peers6")) read_compact_peers(*peers6, true, out.peers);
  return out;
}

decoded<scrape_response> decode_scrape_response(byte_view body) {
  const auto doc = decode_body(body);
  if (!doc) return tl::unexpected(doc.error());
  const auto root = doc->root();
  scrape_response out;
  out.failure = read_failure(root);
  const auto files = root.find("files");
  if (!files && !out.failure) return drop("HTTP tracker: a scrape answer without files");
  for (const auto& [hash, counts] : files ? files->entries() : decltype(files->entries()){}) {
    if (hash.size() != 20 || out.entries.size() >= limits::scrape_names) continue;
    scrape_entry entry;
    std::copy(hash.begin(), hash.end(), entry.hash.begin());
    entry.seeders = to_u32(counts.find_unsigned("complete"));
    entry.completed = to_u32(counts.find_unsigned("downloaded"));
    entry.leechers = to_u32(counts.find_unsigned("incomplete"));
    out.entries.push_back(entry);
  }
  if (const auto flags = root.find("flags"))
    out.min_interval_s = to_u32(flags->find_unsigned("min_request_interval"));
  return out;
}

} // namespace interswarm::bittorrent::http_tracker
