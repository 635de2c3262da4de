#pragma once

#include "schema/base/endpoint.hpp"
#include "schema/base/result.hpp"

#include <functional>
#include <kj/async-unix.h>
#include <kj/io.h>
#include <memory>
#include <sys/socket.h>
#include <vector>

namespace interswarm::ppsp {

/// A UDP socket on a KJ loop that takes and gives datagrams by the dozen (`recvmmsg`, `sendmmsg`).
class udp_port {
public:
  /// `from`, and what it sent; valid during the call.
  using receiver = std::function<void(const endpoint& from, byte_view datagram)>;

  /// Fails `io` when the address cannot be had. Port 0 takes any.
  static result<std::unique_ptr<udp_port>> open(kj::UnixEventPort& events, const endpoint& listen);
  ~udp_port();
  udp_port(const udp_port&) = delete;
  udp_port& operator=(const udp_port&) = delete;

  const endpoint& listening() const { return listening_; }

  /// Passes on what comes; `settled` follows when all that had come was passed, or after a few
  /// hundred datagrams. Ends only by being dropped or by an exception.
  kj::Promise<void> run(receiver each, std::function<void()> settled);
  /// Goes out with `flush`, or earlier when many wait. What the system has no room for is dropped,
  /// as a network drops it.
  void send(const endpoint& to, byte_view datagram);
  void flush();

  std::uint64_t dropped() const { return dropped_; }

private:
  struct incoming;
  struct waiting {
    sockaddr_storage to{};
    socklen_t to_bytes = 0;
    std::size_t begin = 0;
    std::size_t size = 0;
  };

  udp_port(kj::UnixEventPort& events, kj::AutoCloseFd fd, const endpoint& listening);
  /// Whether there may be more.
  bool receive_some(const receiver& each);

  kj::AutoCloseFd fd_; // closed after the observer has let go of it
  endpoint listening_;
  kj::UnixEventPort::FdObserver observer_;
  std::unique_ptr<incoming> incoming_;
  std::vector<waiting> waiting_;
  bytes arena_;
  std::uint64_t dropped_ = 0;
};

} // namespace interswarm::ppsp
