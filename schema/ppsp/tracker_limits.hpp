#pragma once

#include <cstddef>
#include <cstdint>

/// Every bound of the tracker protocol's codec (RFC 7846). The RFC sets none but the count of
/// peers.
namespace interswarm::ppsp::limits {

/// A request's body: 64 actions with the longest swarm ids would be more, but no peer is in 64 such
/// swarms.
constexpr std::size_t tracker_request_bytes = 64u << 10;
/// A response's: 64 swarms with 30 peers of some 300 bytes each.
constexpr std::size_t tracker_response_bytes = 1u << 20;
/// Objects and arrays within each other; a response has 9.
constexpr std::size_t tracker_depth = 16;
/// Bytes of a transaction id or a peer id. The RFC's own have 5 and 13, deployed ones 4 and 20.
constexpr std::size_t tracker_id_bytes = 128;
/// Swarm actions, statistics and results of one message.
constexpr std::size_t tracker_swarms = 64;
/// Addresses of one peer: some interfaces, each in both families.
constexpr std::size_t tracker_addresses = 8;
/// "Less than 30" (RFC 7846 §3.2.2): what a request may ask for, and what we send. More is read as
/// this.
constexpr std::uint16_t tracker_peers = 29;
/// Peers of one group that are read; a foreign tracker may send more than the RFC has.
constexpr std::size_t tracker_group_peers = 1'000;
/// Bytes of `asn` and `peer_protocol`.
constexpr std::size_t tracker_word_bytes = 32;

} // namespace interswarm::ppsp::limits
