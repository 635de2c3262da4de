#pragma once

#include <cstddef>
#include <cstdint>

/// Named limits of the BitTorrent tracker and registrar. What an operator may want otherwise is an
/// option instead.
namespace interswarm::bittorrent::tracker_limits {

/// Demands that wait to be taken in one shard; more are dropped, they come again.
constexpr std::size_t demands_per_shard = 256;
/// Demands handed to listeners at once.
constexpr std::size_t demands_per_turn = 1024;
/// Listeners of one tracker.
constexpr std::size_t listeners = 64;
/// Names on an allow or deny list.
constexpr std::size_t listed_names = 4'000'000;
/// Datagrams taken or sent with one system call.
constexpr std::size_t udp_batch = 64;
/// Peers in one UDP answer: 20 + 6·200 and 20 + 18·70 bytes stay below any usual MTU.
constexpr std::uint32_t udp_peers_v4 = 200;
constexpr std::uint32_t udp_peers_v6 = 70;
/// Addresses whose rate is watched by one UDP worker.
constexpr std::size_t rate_slots = 1u << 16;
/// Connections that the HTTP side holds at once.
constexpr std::size_t http_connections = 4096;
constexpr std::uint32_t http_idle_s = 60;
/// Names a registrar follows at one foreign tracker.
constexpr std::size_t followed_names = 100'000;
/// Announces a registrar keeps up at one foreign tracker.
constexpr std::size_t announced_names = 100'000;
/// Requests of a registrar under way at one tracker.
constexpr std::size_t requests_in_flight = 32;
/// Calls of `find` that wait for their turn at one tracker; more fail as overloaded.
constexpr std::size_t waiting_finds = 1024;

} // namespace interswarm::bittorrent::tracker_limits
