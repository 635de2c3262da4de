#include "schema/ppsp/tracker_request.hpp"

#include "schema/ppsp/tracker_fields.hpp"

namespace interswarm::ppsp {

namespace {

using nlohmann::json;
using namespace tracker_fields;

template <class T>
using read = tl::expected<T, const char*>;

tl::unexpected<const char*> broken(const char* what) { return tl::unexpected(what); }

/// Nothing unless it is hexadecimal; kept as it came, because it is echoed.
std::optional<std::string> swarm_of(const json* from) {
  auto id = text(from, 2 * limits::max_swarm_id_bytes);
  return id && swarm_bytes(*id) ? std::move(id) : std::nullopt;
}

read<swarm_action> read_action(const json& from) {
  auto id = swarm_of(find(from, "swarm_id"));
  if (!id) return broken("a swarm action without a hexadecimal swarm_id");
  const auto action = word(find(from, "action"), {"JOIN", "LEAVE"});
  if (!action) return broken("a swarm action that is neither JOIN nor LEAVE");
  const bool join = *action == 0;
  const auto mode = word(find(from, "peer_mode"), {"SEEDER", "LEECH"});
  // Who leaves need not say as what.
  if (!mode && join) return broken("a JOIN that is neither as SEEDER nor as LEECH");
  return swarm_action{std::move(*id), join, mode == std::size_t{0}};
}

read<connect_request> read_connect(const json& all) {
  connect_request out;
  const auto* from = find(all, "connect");
  if (!from) return broken("CONNECT without connect");
  if (const auto* n = find(*from, "peer_num")) out.numbers = read_numbers(*n);
  const auto addresses = each(find(*from, "peer_addr"), limits::tracker_addresses);
  if (!addresses) return broken("too many addresses");
  for (const auto* one : *addresses) {
    auto a = read_address(*one);
    if (!a) return broken("an address that cannot be read");
    out.addresses.push_back(std::move(*a));
  }
  const auto actions = each(find(*from, "swarm_action"), limits::tracker_swarms);
  if (!actions) return broken("too many swarm actions");
  for (const auto* one : *actions) {
    auto a = read_action(*one);
    if (!a) return broken(a.error());
    out.actions.push_back(std::move(*a));
  }
  if (out.actions.empty()) return broken("CONNECT without a swarm action");
  return out;
}

read<find_request> read_find(const json& all) {
  // The RFC's own example has the members beside `find`.
  const auto* inside = find(all, "find");
  const auto member = [&](const char* name) {
    const auto* found = inside ? find(*inside, name) : nullptr;
    return found ? found : find(all, name);
  };
  auto id = swarm_of(member("swarm_id"));
  if (!id) return broken("FIND without a hexadecimal swarm_id");
  find_request out{std::move(*id), std::nullopt};
  if (const auto* n = member("peer_num")) out.numbers = read_numbers(*n);
  return out;
}

read<stat_report> read_report(const json& all) {
  stat_report out;
  const auto* from = find(all, "stat_report");
  if (!from) return out;
  const auto* list = find(*from, "stat");
  // The RFC's own example.
  if (!list) list = find(*from, "Stat");
  const auto stats = each(list, limits::tracker_swarms);
  if (!stats) return broken("too many statistics");
  for (const auto* one : *stats) {
    auto id = swarm_of(find(*one, "swarm_id"));
    if (!id) return broken("statistics without a hexadecimal swarm_id");
    const auto count = [&](const char* name) {
      return number_as<std::uint64_t>(find(*one, name)).value_or(0);
    };
    out.statistics.push_back({std::move(*id), count("uploaded_bytes"), count("downloaded_bytes"),
                              count("available_bandwidth"),
                              number_as<std::uint32_t>(find(*one, "concurrent_links"))});
  }
  return out;
}

void write(writer& out, const connect_request& r) {
  out.name("connect").open('{');
  if (r.numbers) out.name("peer_num").numbers(*r.numbers);
  if (!r.addresses.empty()) {
    out.name("peer_addr").open('[');
    for (const auto& a : r.addresses) out.address(a);
    out.close(']');
  }
  out.name("swarm_action").open('[');
  for (const auto& a : r.actions) {
    out.open('{').member("swarm_id", a.swarm_id);
    out.member("action", a.join ? "JOIN" : "LEAVE");
    out.member("peer_mode", a.seeder ? "SEEDER" : "LEECH").close('}');
  }
  out.close(']').close('}');
}

void write(writer& out, const find_request& r) {
  out.name("find").open('{').member("swarm_id", r.swarm_id);
  if (r.numbers) out.name("peer_num").numbers(*r.numbers);
  out.close('}');
}

void write(writer& out, const stat_report& r) {
  if (r.statistics.empty()) return;
  out.name("stat_report").open('{').member("type", "STREAM_STATS").name("stat").open('[');
  for (const auto& s : r.statistics) {
    out.open('{').member("swarm_id", s.swarm_id);
    out.member("uploaded_bytes", s.uploaded_bytes);
    out.member("downloaded_bytes", s.downloaded_bytes);
    out.member("available_bandwidth", s.available_bandwidth);
    if (s.concurrent_links) out.member("concurrent_links", *s.concurrent_links);
    out.close('}');
  }
  out.close(']').close('}');
}

const std::vector<std::string_view> kinds{"CONNECT", "FIND", "STAT_REPORT"};

} // namespace

tl::expected<tracker_request, tracker_refusal> decode_tracker_request(byte_view body) {
  tracker_request out;
  const auto refuse = [&](const char* why, tracker_error code = tracker_error::bad_request) {
    return tl::unexpected(tracker_refusal{code, out.transaction_id, why});
  };
  const auto all = parse(body, limits::tracker_request_bytes);
  if (!all) return refuse("not a PPSPTrackerProtocol object in JSON");
  auto transaction = text(find(*all, "transaction_id"), limits::tracker_id_bytes);
  if (!transaction) return refuse("no transaction_id");
  out.transaction_id = std::move(*transaction);
  const auto version = number(find(*all, "version"), 255);
  if (!version) return refuse("no version");
  if (*version != 1) return refuse("another version", tracker_error::unsupported_version);
  auto peer = text(find(*all, "peer_id"), limits::tracker_id_bytes);
  if (!peer || peer->empty()) return refuse("no peer_id");
  out.peer_id = std::move(*peer);
  const auto kind = word(find(*all, "request_type"), kinds);
  if (!kind) return refuse("no request_type that is known");
  const auto take = [&](auto&& r) {
    if (!r) return r.error();
    out.body = std::move(*r);
    return static_cast<const char*>(nullptr);
  };
  const auto* why = *kind == 0   ? take(read_connect(*all))
                    : *kind == 1 ? take(read_find(*all))
                                 : take(read_report(*all));
  if (why) return refuse(why);
  return out;
}

bytes encode_tracker_request(const tracker_request& r) {
  writer out;
  out.open('{').name("PPSPTrackerProtocol").open('{').member("version", 1);
  out.member("request_type", kinds[r.body.index()]);
  out.member("transaction_id", r.transaction_id).member("peer_id", r.peer_id);
  std::visit([&](const auto& body) { write(out, body); }, r.body);
  out.close('}').close('}');
  return out.take();
}

} // namespace interswarm::ppsp
