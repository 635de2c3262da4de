#pragma once

#include "modes/compare/plan/plan.hpp"
#include "schema/base/result.hpp"

namespace interswarm::compare {

/// What the simulator can number; a name table takes 64 names of one content.
inline constexpr std::size_t max_overlays = 64;
inline constexpr std::size_t max_domains = 1024;
inline constexpr std::size_t max_contents = std::size_t{1} << 20;
inline constexpr std::size_t max_peers = std::size_t{1} << 24;
inline constexpr std::size_t max_requests = std::size_t{1} << 28;

/// Whether the simulator can run the plan: `malformed` for numbers of things that are not there,
/// lists that are too short or out of order, and rates that cannot be; also for a peer that asks
/// for what it has or asked for before, since nobody does. `too_large` beyond a limit.
result<void> check(const plan& p, solution how);

} // namespace interswarm::compare
