#pragma once

#include "actors/services/http/http_service.hpp"

#include <kj/compat/tls.h>
#include <kj/io.h>

namespace interswarm::http {

/// What is opened before the door's loop gets it.
struct door_sockets {
  std::vector<kj::AutoCloseFd> listening;
  /// Null: plain HTTP.
  kj::Own<kj::TlsContext> tls;
};

/// The door on its loop, where it must be made and destroyed: accepts connections, and ends those
/// that do not get on.
class http_front final : kj::TaskSet::ErrorHandler {
public:
  http_front(runtime::loop& home, door_sockets sockets, http_door_options options,
             http_lookup lookup, url_signer signer, source_reader read);
  ~http_front() noexcept(false);
  KJ_DISALLOW_COPY(http_front);

private:
  class error_handler;
  class callbacks;

  kj::Promise<void> accept(kj::ConnectionReceiver& receiver);
  void taken(kj::Own<kj::AsyncIoStream> stream);
  kj::Promise<void> serve(kj::Own<kj::AsyncIoStream> stream, const ip_address& peer);
  kj::Promise<void> sweep();
  /// A client that goes away or sends nonsense is no event worth a line.
  void taskFailed(kj::Exception&&) override {}

  door_state door_;
  kj::Timer& timer_;
  kj::Own<kj::TlsContext> tls_;
  admission connections_;
  door_stream::list streams_;
  kj::Own<kj::HttpServerErrorHandler> errors_;
  kj::Own<kj::HttpServerCallbacks> callbacks_;
  kj::Own<kj::HttpServer> server_;
  kj::Own<kj::TaskSet> tasks_;
};

} // namespace interswarm::http
