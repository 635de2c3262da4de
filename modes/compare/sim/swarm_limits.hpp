#pragma once

#include <cstddef>
#include <cstdint>

namespace interswarm::compare {

/// Figures of the swarm model, with where they come from.
namespace swarm_limits {

/// Parties that a peer gives to at once (libtorrent's unchoke_slots_limit), and a server
/// (peer_options::upload_slots).
inline constexpr std::size_t peer_slots = 8;
inline constexpr std::size_t server_slots = 64;
/// Parties that a peer takes from at once, as many as give to it in balance; a bridge's fetch.
inline constexpr std::size_t peer_sources = 8;
inline constexpr std::size_t fetch_sources = 32;
/// Queues that a download stands in, and whom a giver looks at in its own when it could give.
inline constexpr std::size_t waits = 8;
inline constexpr std::size_t looked_at = 64;
/// Others get their turn after this (BEP 3: the optimistic unchoke moves on every 30 s; an ed2k
/// session's 10 MB are of that order).
inline constexpr double turn_s = 30;
/// Parties in a tracker's answer (BEP 15), and seconds until who lacks sources asks again
/// (swarm_store_options).
inline constexpr std::size_t parties_told = 50;
inline constexpr double hungry_interval_s = 60;
/// A tracker that does not answer is asked again after 15 s, twice as long each time (BEP 15).
inline constexpr double tracker_patience_s = 15;
inline constexpr std::uint32_t tracker_doublings = 3;
/// What an ed2k client proves at once: a part (9,728,000 bytes).
inline constexpr std::uint64_t ed2k_unit_bytes = 9'728'000;
/// BEP 15: connect, announce.
inline constexpr double announce_round_trips = 2;
/// TCP, handshakes, interested and unchoke, request and first block; after waiting for the turn:
/// half of the unchoke, request and first block.
inline constexpr double connect_round_trips = 4;
inline constexpr double turn_round_trips = 1.5;
/// What is asked of a server ahead: 500 blocks (libtorrent's max_out_request_queue), but so many
/// pieces at least that each stage of a relay has one.
inline constexpr std::uint64_t window_bytes = 500 * 16384;
inline constexpr int window_pieces = 4;
/// At the end of a download idle sources take over half of what others still have to bring, down to
/// this.
inline constexpr std::uint64_t split_bytes = std::uint64_t{64} << 10;

} // namespace swarm_limits

} // namespace interswarm::compare
