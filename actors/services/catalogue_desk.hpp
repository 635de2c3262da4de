#pragma once

#include "actors/runtime/loop.hpp"
#include "actors/services/contract.hpp"

#include <chrono>
#include <map>
#include <string>

namespace interswarm::services {

/// What is said of tenants' quotas, and how long accounts are kept.
struct charging_options {
  /// Bytes; 0: no quota.
  std::map<std::string, std::uint64_t> quotas;
  std::uint64_t default_quota = 0;
  /// Deliveries, times and ledger entries that ended longer ago are forgotten; 0: none are.
  std::chrono::seconds keep{0};

  std::uint64_t quota_of(const std::string& tenant) const {
    const auto own = quotas.find(tenant);
    return own == quotas.end() ? default_quota : own->second;
  }
};

/// Opens the cluster's database (as database::open takes it) and starts the actor that owns it on
/// `home`: a loop of its own, because SQL blocks. Fails as database::open does, with one line.
result<catalogue_desk_actor> spawn_catalogue_desk(runtime::loop& home, const std::string& where,
                                                  charging_options charging = {});

/// Names that are offered in every overlay by one node at most.
inline constexpr std::uint32_t max_newest = 10'000;

/// By what a party's token is known.
slice token_hash(std::string_view token);

} // namespace interswarm::services
