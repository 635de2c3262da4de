#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// Named limits of the runtime; each is a default that an option or a constructor can lower.
namespace interswarm::runtime {

/// Calls that one connection may have in work here; a further one fails `overloaded`.
constexpr std::size_t max_calls_in = 1024;
/// Calls that we may have in work at one connection's other end; a further one fails `overloaded`.
constexpr std::size_t max_calls_out = 4096;
/// Handles that one connection may have given us, and we it.
constexpr std::size_t max_handles = 65'536;
/// An actor that has not answered a remote call by then never will (CAF drops a lost promise
/// silently).
constexpr std::chrono::milliseconds call_timeout{600'000};
/// Bytes of unanswered calls after which a connection is not read.
constexpr std::uint64_t max_unanswered_bytes = 64U << 20U;
/// Connections of one listener, handshakes included.
constexpr std::size_t max_connections = 256;
/// A connection that has not finished its handshake by then is closed.
constexpr std::chrono::milliseconds handshake_timeout{10'000};
/// Actors that a loop runs before it looks at its sockets again.
constexpr std::size_t max_actors_per_turn = 128;
/// Messages that an actor handles before the next actor's turn.
constexpr std::size_t max_messages_per_actor = 64;
/// KJ events before a loop looks at its sockets again.
constexpr unsigned max_events_per_turn = 64;

} // namespace interswarm::runtime
