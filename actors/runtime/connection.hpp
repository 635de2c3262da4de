#pragma once

#include "actors/runtime/link.hpp"

#include <capnp/rpc-twoparty.h>
#include <functional>

namespace interswarm::runtime {

/// Who is at the other end of a connection.
struct peer_identity {
  /// The TLS certificate's common name, or "loopback" for a plain connection.
  std::string name;
  /// As people write it: "127.0.0.1:4711".
  std::string address;
  /// Proved by a certificate.
  bool authenticated = false;
};

/// One Cap'n Proto connection over a stream that is up, with our limits on the messages. A KJ
/// object: made, used and destroyed on its loop. Its end fails all calls in both directions with
/// `disconnected`.
class connection {
public:
  /// What the other side gets first.
  using bootstrap_factory = std::function<capnp::Capability::Client(link&)>;

  static kj::Own<connection> serve(loop& home, kj::Own<kj::AsyncIoStream> stream,
                                   link_limits limits, const bootstrap_factory& bootstrap);
  static kj::Own<connection> dial(loop& home, kj::Own<kj::AsyncIoStream> stream,
                                  link_limits limits);
  /// Not for callers.
  connection(loop& home, kj::Own<kj::AsyncIoStream> stream, link_limits limits,
             capnp::rpc::twoparty::Side side);
  ~connection() noexcept(false);
  KJ_DISALLOW_COPY(connection);

  link& via() { return *via_; }
  capnp::Capability::Client bootstrap();
  /// Done when either side has closed the connection.
  kj::Promise<void> on_disconnect() { return network_.onDisconnect(); }

private:
  void start(capnp::Capability::Client bootstrap);

  std::shared_ptr<link> via_;
  kj::Own<kj::AsyncIoStream> stream_;
  capnp::TwoPartyVatNetwork network_;
  kj::Maybe<capnp::RpcSystem<capnp::rpc::twoparty::VatId>> rpc_;
};

/// No delay for small messages; a silent peer is given up after about half a minute (keep-alive and
/// unacknowledged data alike).
void tune(kj::AsyncIoStream& stream);

/// Whether "host:port" can only be this machine: a loopback address or "localhost".
bool is_loopback(const std::string& address);

} // namespace interswarm::runtime
