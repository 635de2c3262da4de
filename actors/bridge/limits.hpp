#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace interswarm::bridge::limits {

/// Contents bridged at once by one node.
inline constexpr std::size_t max_gateways = 4096;
/// Names whose lack of an offer is remembered.
inline constexpr std::size_t max_refusals = 65'536;
/// Names linked last that are asked for often: as many as are scraped often at a tracker.
inline constexpr std::size_t news_names = 50;
/// Message ids remembered, so that a message that comes back is answered once.
inline constexpr std::size_t max_seen_messages = 16'384;
/// Messages of neighbours in work at once; above it they are told `overloaded`.
inline constexpr std::size_t max_messages_in_work = 256;
/// Demands in work at once; a further one waits for its next repetition.
inline constexpr std::size_t max_demands_in_work = 64;
/// Neighbouring bridges.
inline constexpr std::size_t max_neighbours = 256;
/// Offers kept for one gateway.
inline constexpr std::size_t max_offers = 16;
/// (domain, overlay) pairs whose delivery is measured.
inline constexpr std::size_t max_measured = 4096;
/// Reads that a gateway holds at once; above it they are told `overloaded`.
inline constexpr std::size_t max_reads_per_gateway = 4096;
/// Imports at once.
inline constexpr std::size_t max_imports = 16;
/// Records in one message of a neighbour.
inline constexpr std::size_t max_records_per_message = 64;

} // namespace interswarm::bridge::limits
