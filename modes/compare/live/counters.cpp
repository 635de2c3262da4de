#include "modes/compare/live/counters.hpp"

#include <nlohmann/json.hpp>

namespace interswarm::compare {

namespace {

using nlohmann::json;

constexpr std::uint64_t header_bytes = 40;
/// Packets that may be on their way while one site's counters are read after another's, at least
/// and as a share of all.
constexpr std::uint64_t balance_slack = 100;
constexpr std::uint64_t balance_share = 500;

flow_count count_of(const json& j) {
  return {j.at("packets").get<std::uint64_t>(), j.at("bytes").get<std::uint64_t>()};
}

/// An element is the address itself, or an object with the address and its counter.
void add_elements(const json& set, std::map<ip_address, flow_count>& out) {
  if (!set.contains("elem")) return;
  for (const auto& e : set.at("elem")) {
    if (!e.is_object() || !e.contains("elem")) continue;
    const auto& inner = e.at("elem");
    const auto address = ip_address::parse(inner.at("val").get<std::string>());
    if (address && inner.contains("counter")) out[*address] = count_of(inner.at("counter"));
  }
}

flow_count minus(const flow_count& a, const flow_count& b) {
  return {a.packets - std::min(a.packets, b.packets), a.bytes - std::min(a.bytes, b.bytes)};
}

std::map<ip_address, flow_count> minus(const std::map<ip_address, flow_count>& a,
                                       const std::map<ip_address, flow_count>& b) {
  auto out = a;
  for (auto& [address, count] : out)
    if (const auto at = b.find(address); at != b.end()) count = minus(count, at->second);
  return out;
}

} // namespace

result<site_counts> parse_site_counts(std::string_view text) {
  try {
    site_counts out;
    const auto all = json::parse(text);
    for (const auto& one : all.at("nftables")) {
      if (!one.contains("set")) continue;
      const auto& set = one.at("set");
      const auto name = set.at("name").get<std::string>();
      if (name == "came") add_elements(set, out.came);
      if (name == "went") add_elements(set, out.went);
    }
    return out;
  } catch (const json::exception& e) {
    return fail(errc::malformed, std::string("nft's counters: ") + e.what());
  }
}

result<std::uint64_t> parse_drops(std::string_view text) {
  try {
    std::uint64_t out = 0;
    for (const auto& one : json::parse(text)) out += one.value("drops", std::uint64_t{0});
    return out;
  } catch (const json::exception& e) {
    return fail(errc::malformed, std::string("tc's counters: ") + e.what());
  }
}

std::uint64_t payload_of(const flow_count& f) {
  return f.bytes - std::min(f.bytes, f.packets * header_bytes);
}

lab_counts since(const lab_counts& before, const lab_counts& now) {
  auto out = now;
  for (std::size_t i = 0; i < out.sites.size() && i < before.sites.size(); ++i) {
    out.sites[i].came = minus(now.sites[i].came, before.sites[i].came);
    out.sites[i].went = minus(now.sites[i].went, before.sites[i].went);
  }
  out.lost_packets -= std::min(out.lost_packets, before.lost_packets);
  return out;
}

bool packet_balance::holds() const {
  const auto arrived = came + lost;
  const auto off = sent > arrived ? sent - arrived : arrived - sent;
  return off <= balance_slack + sent / balance_share;
}

packet_balance balance_of(const lab_plan& lab, const lab_counts& counts) {
  packet_balance out;
  out.lost = counts.lost_packets;
  for (const auto& s : counts.sites) {
    for (const auto& [address, count] : s.went)
      if (lab.index_of(address)) out.sent += count.packets;
    for (const auto& [address, count] : s.came)
      if (lab.index_of(address)) out.came += count.packets;
  }
  return out;
}

} // namespace interswarm::compare
