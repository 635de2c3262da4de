#pragma once

#include "modes/compare/record/record.hpp"
#include "modes/compare/sim/message_cost.hpp"

#include <map>
#include <tuple>
#include <unordered_map>

namespace interswarm::compare {

/// One end of a transfer.
struct account_end {
  station kind = station::peer;
  overlay_id overlay = no_overlay;
  domain_id domain = 0;
};

/// What a run adds up: bytes of content, control messages, charges.
class accounts {
public:
  /// A transfer or a part of it is over.
  void moved(const account_end& from, const account_end& to, std::uint64_t received,
             std::uint64_t lost);
  void said(message_kind kind, std::uint64_t bytes, std::uint64_t count = 1) {
    auto& m = messages_[static_cast<std::size_t>(kind)];
    m.count += count;
    m.bytes += count * bytes;
  }
  /// Between whom something is charged.
  struct pair {
    std::string from;
    std::string to;
    domain_id from_domain = 0;
    domain_id to_domain = 0;
    friend auto operator<=>(const pair&, const pair&) = default;
  };
  void charged_by_taker(const pair& p, std::uint64_t bytes) { charges_[p].taker_bytes += bytes; }
  void charged_by_giver(const pair& p, std::uint64_t bytes) { charges_[p].giver_bytes += bytes; }

  /// Enters all of it, in an order that depends on nothing but what it is.
  void enter(run_record& r) const;

private:
  std::unordered_map<std::uint64_t, traffic> traffics_;
  std::array<message_count, message_names.size()> messages_{};
  std::map<pair, charge> charges_;
};

/// Seconds from each fault's end until requests were again satisfied as often as before it began:
/// nine tenths of its rate in the minute before (or since the start), in any later minute. `never`
/// when that did not happen, 0 when nothing was satisfied before.
std::vector<double> recovery_times(const plan& p, const std::vector<request_record>& requests);

} // namespace interswarm::compare
