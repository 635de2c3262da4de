#include "schema/ppsp/tracker_fields.hpp"

#include "schema/base/encoding.hpp"

#include <algorithm>
#include <charconv>

namespace interswarm::ppsp::tracker_fields {

namespace {

using nlohmann::json;

/// Looked at before anything is parsed, for the parser knows no bound.
bool is_shallow(std::string_view body) {
  std::size_t depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < body.size(); ++i) {
    const char c = body[i];
    if (quoted) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      if (++depth > limits::tracker_depth) return false;
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return true;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

const std::vector<std::string_view> abilities{"", "NO_NAT", "STUN", "TURN"};
const std::vector<std::string_view> kinds{"HOST", "REFLEXIVE", "PROXY"};
const std::vector<std::string_view> links{"", "wired", "wireless"};
const std::vector<std::string_view> families{"ipv4", "ipv6"};

} // namespace

std::optional<json> parse(byte_view body, std::size_t max_bytes) {
  const auto all = as_text(body);
  if (all.size() > max_bytes || !is_shallow(all)) return std::nullopt;
  auto root = json::parse(all.begin(), all.end(), nullptr, false);
  if (!root.is_object()) return std::nullopt;
  const auto at = root.find("PPSPTrackerProtocol");
  if (at == root.end() || !at->is_object()) return std::nullopt;
  return std::move(*at);
}

const json* find(const json& from, const char* name) {
  if (!from.is_object()) return nullptr;
  const auto at = from.find(name);
  return at == from.end() || at->is_null() ? nullptr : &*at;
}

std::optional<std::vector<const json*>> each(const json* from, std::size_t most) {
  std::vector<const json*> out;
  if (!from) return out;
  if (!from->is_array()) return std::vector{from};
  if (from->size() > most) return std::nullopt;
  for (const auto& one : *from) out.push_back(&one);
  return out;
}

std::optional<std::string> text(const json* from, std::size_t max_bytes) {
  if (!from) return std::nullopt;
  if (from->is_number_unsigned()) return std::to_string(from->get<std::uint64_t>());
  const auto* s = from->get_ptr<const std::string*>();
  if (!s || s->size() > max_bytes) return std::nullopt;
  return *s;
}

std::optional<std::uint64_t> number(const json* from, std::uint64_t max) {
  if (!from) return std::nullopt;
  std::uint64_t n = 0;
  if (from->is_number_unsigned()) {
    n = from->get<std::uint64_t>();
  } else {
    const auto* s = from->get_ptr<const std::string*>();
    if (!s || s->empty()) return std::nullopt;
    const auto [end, failure] = std::from_chars(s->data(), s->data() + s->size(), n);
    if (failure != std::errc{} || end != s->data() + s->size()) return std::nullopt;
  }
  return n <= max ? std::optional(n) : std::nullopt;
}

std::optional<std::size_t> word(const json* from, const std::vector<std::string_view>& words) {
  const auto* s = from ? from->get_ptr<const std::string*>() : nullptr;
  if (!s) return std::nullopt;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (std::equal(s->begin(), s->end(), words[i].begin(), words[i].end(),
                   [](char a, char b) { return lower(a) == lower(b); }))
      return i;
  }
  return std::nullopt;
}

std::optional<peer_address> read_address(const json& from) {
  const auto* ip = find(from, "ip_address");
  if (!ip) return std::nullopt;
  // `address_type` says nothing that the address itself does not.
  const auto address = text(find(*ip, "address"), 64);
  const auto port = number_as<std::uint16_t>(find(from, "port"));
  if (!address || !port) return std::nullopt;
  const auto parsed = ip_address::parse(*address);
  if (!parsed || address->find('\0') != std::string::npos) return std::nullopt;
  peer_address out;
  out.at = {*parsed, *port};
  out.priority = number_as<std::uint32_t>(find(from, "priority")).value_or(out.priority);
  out.kind = static_cast<address_kind>(word(find(from, "type"), kinds).value_or(0));
  out.link = static_cast<link_kind>(word(find(from, "connection"), links).value_or(0));
  out.asn = text(find(from, "asn"), limits::tracker_word_bytes).value_or("");
  out.peer_protocol = text(find(from, "peer_protocol"), limits::tracker_word_bytes).value_or("");
  return out;
}

peer_num read_numbers(const json& from) {
  peer_num out;
  const auto count = number(find(from, "peer_count"), std::numeric_limits<std::uint64_t>::max());
  if (count) {
    out.peer_count =
        static_cast<std::uint16_t>(std::min<std::uint64_t>(*count, limits::tracker_peers));
  }
  out.nat = static_cast<nat_ability>(word(find(from, "ability_nat"), abilities).value_or(0));
  out.concurrent_links = number_as<std::uint32_t>(find(from, "concurrent_links"));
  out.online_time = number_as<std::uint32_t>(find(from, "online_time"));
  out.upload_bandwidth = number_as<std::uint32_t>(find(from, "upload_bandwidth"));
  return out;
}

void writer::separate() {
  if (!first_) out_ += ',';
  first_ = false;
}

void writer::quote(std::string_view raw) {
  static constexpr char digits[] = "0123456789abcdef";
  out_ += '"';
  for (const char c : raw) {
    if (c == '"' || c == '\\') {
      out_ += '\\';
      out_ += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out_ += "\\u00";
      out_ += digits[static_cast<unsigned char>(c) >> 4];
      out_ += digits[c & 15];
    } else {
      out_ += c;
    }
  }
  out_ += '"';
}

writer& writer::open(char bracket) {
  separate();
  out_ += bracket;
  first_ = true;
  return *this;
}

writer& writer::close(char bracket) {
  out_ += bracket;
  first_ = false;
  return *this;
}

writer& writer::name(std::string_view n) {
  separate();
  quote(n);
  out_ += ':';
  first_ = true;
  return *this;
}

writer& writer::value(std::string_view raw) {
  separate();
  quote(raw);
  return *this;
}

writer& writer::value(std::uint64_t n) {
  separate();
  out_ += std::to_string(n);
  return *this;
}

void writer::address(const peer_address& a) {
  open('{').name("ip_address").open('{');
  member("address_type", families[a.at.address.is_v4() ? 0 : 1]);
  member("address", a.at.address.to_string()).close('}');
  member("port", a.at.port).member("priority", a.priority);
  member("type", kinds[static_cast<std::size_t>(a.kind)]);
  if (a.link != link_kind::unknown) member("connection", links[static_cast<std::size_t>(a.link)]);
  if (!a.asn.empty()) member("asn", a.asn);
  if (!a.peer_protocol.empty()) member("peer_protocol", a.peer_protocol);
  close('}');
}

void writer::numbers(const peer_num& n) {
  open('{').member("peer_count", n.peer_count);
  if (n.nat != nat_ability::unknown)
    member("ability_nat", abilities[static_cast<std::size_t>(n.nat)]);
  if (n.concurrent_links) member("concurrent_links", *n.concurrent_links);
  if (n.online_time) member("online_time", *n.online_time);
  if (n.upload_bandwidth) member("upload_bandwidth", *n.upload_bandwidth);
  close('}');
}

} // namespace interswarm::ppsp::tracker_fields

namespace interswarm::ppsp {

std::string_view to_string(tracker_error e) {
  switch (e) {
  case tracker_error::none: return "none";
  case tracker_error::bad_request: return "bad request";
  case tracker_error::unsupported_version: return "unsupported version";
  case tracker_error::forbidden_action: return "forbidden action";
  case tracker_error::internal_error: return "internal error";
  case tracker_error::service_unavailable: return "service unavailable";
  case tracker_error::authentication_required: return "authentication required";
  }
  return "unknown";
}

std::string swarm_text(byte_view id) { return to_hex(id); }

std::optional<bytes> swarm_bytes(std::string_view text) {
  if (text.empty() || text.size() > 2 * limits::max_swarm_id_bytes) return std::nullopt;
  return from_hex(text);
}

} // namespace interswarm::ppsp
