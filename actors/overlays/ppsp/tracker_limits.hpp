#pragma once

#include <cstddef>
#include <cstdint>

/// Named limits of the PPSP tracker. What an operator may want otherwise is an option instead.
namespace interswarm::ppsp::tracker_limits {

/// Addresses kept of one peer.
constexpr std::size_t contacts = 4;
/// Members of a swarm that are looked at for one half of an answer.
constexpr std::size_t looked_at = 128;
/// Demands that wait to be taken; more are dropped, they come again.
constexpr std::size_t waiting_demands = 4096;
/// Names on an allow or deny list.
constexpr std::size_t listed_names = 1'000'000;
/// Addresses whose rate is watched.
constexpr std::size_t rate_slots = 1u << 16;

} // namespace interswarm::ppsp::tracker_limits
