#pragma once

#include "actors/runtime/connection.hpp"
#include "actors/runtime/tls.hpp"

#include <caf/actor.hpp>
#include <optional>

namespace interswarm::runtime {

struct listen_options {
  /// "host:port"; port 0 takes a free one.
  std::string address = "127.0.0.1:0";
  /// Mutual TLS. Without it only a loopback address is accepted, unless `allow_plain`.
  std::optional<tls_identity> tls{};
  bool allow_plain = false;
  std::size_t max_connections = runtime::max_connections;
  std::chrono::milliseconds handshake_timeout = runtime::handshake_timeout;
  link_limits limits{};
};

/// Accepts connections until its last handle goes or it gets an exit message; its connections end
/// with it.
struct rpc_listener {
  caf::actor handle;
  std::uint16_t port = 0;
};

/// For each peer what it gets first; throws a KJ exception (codec::to_exception) to refuse it.
using peer_bootstrap = std::function<capnp::Capability::Client(const peer_identity&, link&)>;

/// Blocks until the port is bound; not for a loop's thread. Fails `configuration` for an address or
/// certificate that is not one and for plain TCP where it is not allowed, `io` when the port cannot
/// be had.
result<rpc_listener> start_listener(loop& home, listen_options options, peer_bootstrap bootstrap);

/// Throws `denied`.
[[noreturn]] void refuse(const peer_identity& peer);

/// The same with an actor for each peer: `make(identity)` runs on the loop and returns the
/// bootstrap handle; a null handle refuses the peer.
template <class Handle, class Make>
result<rpc_listener> start_listener(loop& home, listen_options options, Make make) {
  return start_listener(
      home, std::move(options),
      peer_bootstrap([make](const peer_identity& peer, link& via) -> capnp::Capability::Client {
        const Handle handle = make(peer);
        if (!handle) refuse(peer);
        return export_capability<Handle>(handle, via);
      }));
}

} // namespace interswarm::runtime
