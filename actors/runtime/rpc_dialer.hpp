#pragma once

#include "actors/runtime/connection.hpp"
#include "actors/runtime/tls.hpp"

#include <caf/actor.hpp>
#include <optional>

namespace interswarm::runtime {

struct dial_options {
  /// "host:port"
  std::string address{};
  /// Mutual TLS; the other side's certificate must be for `expected_name`. Without it only a
  /// loopback address is dialled, unless `allow_plain`.
  std::optional<tls_identity> tls{};
  std::string expected_name{};
  bool allow_plain = false;
  std::chrono::milliseconds connect_timeout{10'000};
  /// Wait before the first try again; doubled with each failure up to `longest_wait`, then cut at
  /// random to between half of it and all. `seed` makes the cuts.
  std::chrono::milliseconds first_wait{200};
  std::chrono::milliseconds longest_wait{30'000};
  std::uint64_t seed = 1;
  link_limits limits{};
};

/// Called on the loop. `up`: connected, with the other side's first capability. `down`: why a try
/// failed or the connection ended; it is tried again.
struct dial_events {
  std::function<void(capnp::Capability::Client, link&)> up;
  std::function<void(const error&)> down;
};

/// Connects, and again after each loss, until the last handle of the returned actor goes or it gets
/// an exit message. Fails `configuration` for plain TCP where it is not allowed or unusable
/// certificates.
result<caf::actor> start_dialer(loop& home, dial_options options, dial_events events);

/// The same with typed handles: `up(Handle)`; each new connection brings a new handle, the old
/// one's calls fail with `disconnected`. Usual use: `up` sends the handle to the actor that wants
/// it.
template <class Handle, class Up, class Down>
result<caf::actor> start_dialer(loop& home, dial_options options, Up up, Down down) {
  dial_events events;
  events.up = [up](capnp::Capability::Client cap, link& via) {
    up(import_capability<Handle>(cap.castAs<typename interface_of<Handle>::wire>(), via));
  };
  events.down = std::move(down);
  return start_dialer(home, std::move(options), std::move(events));
}

} // namespace interswarm::runtime
