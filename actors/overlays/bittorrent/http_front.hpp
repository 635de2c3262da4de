#pragma once

#include "actors/overlays/bittorrent/http_responder.hpp"

#include <kj/async-io.h>
#include <kj/compat/http.h>
#include <kj/timer.h>

namespace interswarm::bittorrent {

/// The HTTP side of the tracker on a KJ loop, where it must be made, used and destroyed.
class http_front {
public:
  /// `udp` gives the other side's counters for /stats.
  http_front(kj::Timer& timer, swarm_store& store, const tracker_options& options,
             std::uint64_t seed, std::function<tracker_stats::side()> udp);
  ~http_front();

  /// Serves a listening socket until this object is destroyed. More connections than the option
  /// allows are closed as they come.
  void serve(kj::Own<kj::ConnectionReceiver> receiver);

  tracker_stats::side count() const { return responder_.count(); }
  std::uint32_t connections() const { return connections_; }

private:
  class service;
  class error_handler;

  kj::Promise<void> accept(kj::ConnectionReceiver& receiver);
  void taken(kj::Own<kj::AsyncIoStream> stream);

  http_responder responder_;
  std::function<tracker_stats::side()> udp_;
  std::uint32_t max_connections_;
  std::uint32_t connections_ = 0;
  kj::Own<kj::HttpHeaderTable> headers_;
  kj::HttpHeaderId forwarded_for_;
  kj::Own<error_handler> errors_;
  kj::Own<kj::TaskSet::ErrorHandler> task_errors_;
  kj::Own<kj::HttpServer> server_;
  kj::Own<kj::TaskSet> tasks_;
};

/// The address of a socket's end as KJ gives it; unspecified for something that is no IP socket.
ip_address peer_address(kj::AsyncIoStream& stream);
ip_address local_address(kj::AsyncIoStream& stream);

} // namespace interswarm::bittorrent
