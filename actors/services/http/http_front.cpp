#include "actors/services/http/http_front.hpp"

#include "actors/runtime/loop.hpp"
#include "actors/runtime/socket_address.hpp"

namespace interswarm::http {

namespace {

constexpr auto accept_retry = 1 * kj::SECONDS;
constexpr auto sweep_interval = 500 * kj::MILLISECONDS;

kj::Duration to_kj(std::chrono::milliseconds t) { return t.count() * kj::MILLISECONDS; }

ip_address peer_of(kj::AsyncIoStream& stream) {
  sockaddr_storage a{};
  kj::uint length = sizeof a;
  stream.getpeername(reinterpret_cast<sockaddr*>(&a), &length);
  return runtime::from_sockaddr(a).address;
}

} // namespace

/// kj-http would put what a client sent wrongly into the log, and an exception's text into the
/// answer.
class http_front::error_handler final : public kj::HttpServerErrorHandler {
public:
  explicit error_handler(const kj::HttpHeaderTable& headers) : headers_(headers) {}

  kj::Promise<void> handleClientProtocolError(kj::HttpHeaders::ProtocolError failed,
                                              kj::HttpService::Response& response) override {
    return send_line(headers_, response, failed.statusCode, failed.statusMessage.cStr());
  }
  kj::Promise<void>
  handleApplicationError(kj::Exception, kj::Maybe<kj::HttpService::Response&> response) override {
    KJ_IF_MAYBE (r, response) return send_line(headers_, *r, 500, "this server failed");
    return kj::READY_NOW;
  }

private:
  const kj::HttpHeaderTable& headers_;
};

class http_front::callbacks final : public kj::HttpServerCallbacks {
public:
  explicit callbacks(bool& close_this) : close_this_(close_this) {}
  bool shouldClose() override { return std::exchange(close_this_, false); }

private:
  bool& close_this_;
};

http_front::http_front(runtime::loop& home, door_sockets sockets, http_door_options options,
                       http_lookup lookup, url_signer signer, source_reader read)
    : door_(home, std::move(options), std::move(lookup), std::move(signer), std::move(read)),
      timer_(home.timer()), tls_(kj::mv(sockets.tls)),
      connections_(door_.options.connections, door_.options.connections_per_address),
      errors_(kj::heap<error_handler>(*door_.headers)),
      callbacks_(kj::heap<callbacks>(door_.close_this)) {
  kj::HttpServerSettings settings;
  settings.headerTimeout = to_kj(door_.options.header_timeout);
  settings.pipelineTimeout = to_kj(door_.options.idle_timeout);
  settings.canceledUploadGraceBytes = limits::body_grace_bytes;
  settings.errorHandler = *errors_;
  settings.callbacks = *callbacks_;
  server_ = kj::heap<kj::HttpServer>(
      timer_, *door_.headers,
      [this](kj::AsyncIoStream& stream) -> kj::Own<kj::HttpService> {
        return kj::heap<http_service>(door_, kj::downcast<door_stream>(stream));
      },
      settings);
  tasks_ = kj::heap<kj::TaskSet>(static_cast<kj::TaskSet::ErrorHandler&>(*this));
  tasks_->add(sweep());
  for (auto& fd : sockets.listening) {
    auto receiver = home.io().lowLevelProvider->wrapListenSocketFd(
        fd.release(), kj::LowLevelAsyncIoProvider::TAKE_OWNERSHIP |
                          kj::LowLevelAsyncIoProvider::ALREADY_CLOEXEC |
                          kj::LowLevelAsyncIoProvider::ALREADY_NONBLOCK);
    auto accepting = accept(*receiver);
    tasks_->add(accepting.attach(kj::mv(receiver)));
  }
}

// The connections use the server, the server the settings: they go in this order.
http_front::~http_front() noexcept(false) {
  tasks_ = nullptr;
  server_ = nullptr;
}

kj::Promise<void> http_front::accept(kj::ConnectionReceiver& receiver) {
  return receiver.accept()
      .then(
          [this](kj::Own<kj::AsyncIoStream> stream) -> kj::Promise<void> {
            taken(kj::mv(stream));
            return kj::READY_NOW;
          },
          // No descriptor is left, say: those that are used come back.
          [this](kj::Exception&&) -> kj::Promise<void> { return timer_.afterDelay(accept_retry); })
      .then([this, &receiver] { return accept(receiver); });
}

void http_front::taken(kj::Own<kj::AsyncIoStream> stream) {
  KJ_IF_MAYBE (gone, kj::runCatchingExceptions([&] {
                 const auto peer = peer_of(*stream);
                 if (!connections_.enter(peer)) return;
                 auto served = kj::evalNow([&] { return serve(kj::mv(stream), peer); });
                 tasks_->add(served.attach(kj::defer([this, peer] { connections_.leave(peer); })));
               })) {
    taskFailed(kj::mv(*gone));
  }
}

kj::Promise<void> http_front::serve(kj::Own<kj::AsyncIoStream> stream, const ip_address& peer) {
  auto run = [this, peer](kj::Own<kj::AsyncIoStream> open) {
    auto bounded =
        kj::heap<door_stream>(kj::mv(open), peer, door_.options.header_bytes, timer_, streams_);
    auto cut = bounded->when_cut();
    return server_->listenHttp(kj::mv(bounded)).exclusiveJoin(kj::mv(cut));
  };
  if (tls_.get() == nullptr) return run(kj::mv(stream));
  return timer_.timeoutAfter(to_kj(door_.options.header_timeout), tls_->wrapServer(kj::mv(stream)))
      .then(kj::mv(run));
}

kj::Promise<void> http_front::sweep() {
  return timer_.afterDelay(sweep_interval).then([this] {
    const auto limit = to_kj(door_.options.progress_timeout);
    for (auto* stream : streams_) {
      KJ_IF_MAYBE (since, stream->writing_since()) {
        if (timer_.now() - *since > limit) stream->cut();
      }
    }
    return sweep();
  });
}

} // namespace interswarm::http
