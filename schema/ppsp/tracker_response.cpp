#include "schema/ppsp/tracker_response.hpp"

#include "schema/ppsp/tracker_fields.hpp"

namespace interswarm::ppsp {

namespace {

using nlohmann::json;
using namespace tracker_fields;

/// Nothing where no address can be read, or too many are there.
std::optional<tracker_peer> read_peer(const json& from) {
  auto id = text(find(from, "peer_id"), limits::tracker_id_bytes);
  const auto addresses = each(find(from, "peer_addr"), limits::tracker_addresses);
  if (!id || id->empty() || !addresses) return std::nullopt;
  tracker_peer out{std::move(*id), {}};
  for (const auto* one : *addresses) {
    if (auto a = read_address(*one)) out.addresses.push_back(std::move(*a));
  }
  return out.addresses.empty() ? std::nullopt : std::optional(std::move(out));
}

std::optional<swarm_result> read_result(const json& from) {
  auto id = text(find(from, "swarm_id"), 2 * limits::max_swarm_id_bytes);
  if (!id || !swarm_bytes(*id)) return std::nullopt;
  swarm_result out;
  out.swarm_id = std::move(*id);
  out.result = number_as<std::uint32_t>(find(from, "result")).value_or(0);
  out.interval_s = number_as<std::uint32_t>(find(from, "swarm_interval"));
  const auto* group = find(from, "peer_group");
  if (!group) return out;
  const auto peers = each(find(*group, "peer_info"), limits::tracker_group_peers);
  if (!peers) return std::nullopt;
  out.peers.emplace();
  for (const auto* one : *peers) {
    if (auto p = read_peer(*one)) out.peers->push_back(std::move(*p));
  }
  return out;
}

void write(writer& out, const swarm_result& s) {
  out.open('{').member("swarm_id", s.swarm_id).member("result", s.result);
  if (s.peers) {
    out.name("peer_group").open('{').name("peer_info").open('[');
    for (const auto& p : *s.peers) {
      out.open('{').member("peer_id", p.peer_id).name("peer_addr");
      // One object by the definition; an array where there is more to say.
      if (p.addresses.size() != 1) out.open('[');
      for (const auto& a : p.addresses) out.address(a);
      if (p.addresses.size() != 1) out.close(']');
      out.close('}');
    }
    out.close(']').close('}');
  }
  if (s.interval_s) out.member("swarm_interval", *s.interval_s);
  out.close('}');
}

} // namespace

bytes encode_tracker_response(const tracker_response& r) {
  const auto code = static_cast<unsigned>(r.error);
  const char digits[] = {'0', static_cast<char>('0' + code)};
  writer out;
  out.open('{').name("PPSPTrackerProtocol").open('{').member("version", 1);
  out.member("response_type", r.error == tracker_error::none ? 0 : 1);
  out.member("error_code", std::string_view(digits, 2));
  out.member("transaction_id", r.transaction_id);
  if (r.seen) out.name("peer_addr").address(*r.seen);
  if (!r.swarms.empty()) {
    out.name("swarm_result").open('[');
    for (const auto& s : r.swarms) write(out, s);
    out.close(']');
  }
  out.close('}').close('}');
  return out.take();
}

decoded<tracker_response> decode_tracker_response(byte_view body) {
  const auto all = parse(body, limits::tracker_response_bytes);
  if (!all) return drop("not a PPSPTrackerProtocol object in JSON");
  tracker_response out;
  auto transaction = text(find(*all, "transaction_id"), limits::tracker_id_bytes);
  if (!transaction) return drop("a response without transaction_id");
  out.transaction_id = std::move(*transaction);
  if (number(find(*all, "version"), 255).value_or(1) != 1) return drop("another version");
  const auto type = number(find(*all, "response_type"), 1);
  const auto code =
      number(find(*all, "error_code"), static_cast<std::uint64_t>(last_tracker_error));
  if (!type && !code) return drop("a response that says neither success nor failure");
  out.error = static_cast<tracker_error>(code.value_or(0));
  // Failed for a reason that is not told, or by a code that is not known.
  if (type == std::uint64_t{1} && out.error == tracker_error::none)
    out.error = tracker_error::internal_error;
  if (const auto* seen = find(*all, "peer_addr")) out.seen = read_address(*seen);
  const auto swarms = each(find(*all, "swarm_result"), limits::tracker_swarms);
  if (!swarms) return drop("too many results");
  for (const auto* one : *swarms) {
    auto s = read_result(*one);
    if (!s) return drop("a result that cannot be read");
    out.swarms.push_back(std::move(*s));
  }
  return out;
}

} // namespace interswarm::ppsp
