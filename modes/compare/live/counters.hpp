#pragma once

#include "modes/compare/live/lab_plan.hpp"

#include <map>

namespace interswarm::compare {

/// Packets of IP, and their bytes with headers.
struct flow_count {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;

  friend bool operator==(const flow_count&, const flow_count&) = default;
};

/// What one site's kernel counted, by the other end's address.
struct site_counts {
  std::map<ip_address, flow_count> came;
  std::map<ip_address, flow_count> went;
};

/// What `nft -j list table ip live` prints (libnftables-json(5)). Fails `malformed`.
result<site_counts> parse_site_counts(std::string_view json);
/// Packets that all queues of `tc -j -s qdisc show` have dropped. Fails `malformed`.
result<std::uint64_t> parse_drops(std::string_view json);

/// Of a flow's bytes those that TCP carried for its users: without headers, which have 40 bytes in
/// a lab, where TCP's timestamps (RFC 7323) are off. Options of a few packets count with them.
std::uint64_t payload_of(const flow_count& f);

/// All counters of the lab at one time.
struct lab_counts {
  /// As the lab's sites.
  std::vector<site_counts> sites;
  /// Packets that cables and lines are known to have lost.
  std::uint64_t lost_packets = 0;
};

/// What was counted since `before`, of the same lab.
lab_counts since(const lab_counts& before, const lab_counts& now);

/// Packets that were sent and that came.
struct packet_balance {
  std::uint64_t sent = 0;
  std::uint64_t came = 0;
  std::uint64_t lost = 0;

  /// Sent = came + lost, but for what was on its way while the counters were read.
  bool holds() const;
};
packet_balance balance_of(const lab_plan& lab, const lab_counts& counts);

} // namespace interswarm::compare
