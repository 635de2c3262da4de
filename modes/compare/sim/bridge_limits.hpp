#pragma once

#include <cstddef>
#include <cstdint>

namespace interswarm::compare {

/// What the bridge model takes from the live nodes' actors (actors/bridge/*.cpp) and their options.
namespace bridge_limits {

inline constexpr double tick_s = 1;
inline constexpr double gateway_tick_s = 0.5;
inline constexpr double find_pause_s = 2;
/// registrar_timing: a foreign tracker is asked for everything so often; for the names that were
/// linked last, which in a run were linked some ten seconds before its start, more often at first.
inline constexpr double scrape_s = 30;
inline constexpr double fresh_scrape_s = 5;
inline constexpr int linked_before_s = 10;
inline constexpr double fresh_until_s = 120 - linked_before_s;
inline constexpr std::size_t fresh_names = 50;
/// Everything is offered to an overlay whose server tells no demand, so often.
inline constexpr double stand_s = 10;
/// In ticks: status is asked, ledgers are compared.
inline constexpr std::uint64_t status_every = 5;
inline constexpr std::uint64_t settle_every = 10;
/// peer_options: piece_cache_bytes, read_ahead_bytes. fetch_window: a reader begins with a
/// sixteenth ahead of it and doubles it while it goes on in order; one that is quiet gets nothing
/// ahead. source.capnp: maxReadBytes.
inline constexpr std::uint64_t piece_cache_bytes = std::uint64_t{64} << 20;
inline constexpr std::uint64_t read_ahead_bytes = std::uint64_t{32} << 20;
inline constexpr std::uint64_t first_ahead_bytes = read_ahead_bytes / 16;
inline constexpr double quiet_s = 10;
inline constexpr std::uint64_t read_bytes = std::uint64_t{4} << 20;

} // namespace bridge_limits

} // namespace interswarm::compare
