#include "actors/overlays/bittorrent/http_front.hpp"

#include "actors/overlays/bittorrent/udp_front.hpp"
#include "actors/runtime/socket_address.hpp"

namespace interswarm::bittorrent {

namespace {

/// A client that goes away or sends nonsense is no event worth a line.
class quiet_errors final : public kj::TaskSet::ErrorHandler {
public:
  void taskFailed(kj::Exception&&) override {}
};

} // namespace

ip_address peer_address(kj::AsyncIoStream& stream) {
  sockaddr_storage a{};
  kj::uint length = sizeof a;
  stream.getpeername(reinterpret_cast<sockaddr*>(&a), &length);
  return runtime::from_sockaddr(a).address;
}

ip_address local_address(kj::AsyncIoStream& stream) {
  sockaddr_storage a{};
  kj::uint length = sizeof a;
  stream.getsockname(reinterpret_cast<sockaddr*>(&a), &length);
  return runtime::from_sockaddr(a).address;
}

/// One for each connection, because only the connection knows who asks.
class http_front::service final : public kj::HttpService {
public:
  service(http_front& front, ip_address from, ip_address local)
      : front_(front), from_(from), local_(local) {}

  kj::Promise<void> request(kj::HttpMethod method, kj::StringPtr url,
                            const kj::HttpHeaders& headers, kj::AsyncInputStream&,
                            Response& response) override {
    http_responder::question q;
    q.is_get = method == kj::HttpMethod::GET;
    q.url = {url.begin(), url.size()};
    q.from = from_;
    q.local = local_;
    KJ_IF_MAYBE (value, headers.get(front_.forwarded_for_))
      q.forwarded_for = {value->begin(), value->size()};
    auto answer = front_.responder_.respond(q, tracker_now_ms(), front_.udp_());
    kj::HttpHeaders out(*front_.headers_);
    out.set(kj::HttpHeaderId::CONTENT_TYPE, kj::StringPtr(answer.type));
    auto body = kj::heapArray<kj::byte>(answer.body.data(), answer.body.size());
    auto stream = response.send(answer.status, status_text(answer.status), out, body.size());
    auto written = stream->write(body.begin(), body.size());
    return written.attach(kj::mv(stream), kj::mv(body));
  }

private:
  static kj::StringPtr status_text(unsigned status) {
    switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 429: return "Too Many Requests";
    default: return "Error";
    }
  }

  http_front& front_;
  ip_address from_;
  ip_address local_;
};

/// KJ would put what a client sent wrongly into the log, and an exception's text into the answer.
class http_front::error_handler final : public kj::HttpServerErrorHandler {
public:
  explicit error_handler(const kj::HttpHeaderTable& headers) : headers_(headers) {}

  kj::Promise<void> handleClientProtocolError(kj::HttpHeaders::ProtocolError error,
                                              kj::HttpService::Response& response) override {
    return plain(error.statusCode, error.statusMessage, response);
  }
  kj::Promise<void>
  handleApplicationError(kj::Exception, kj::Maybe<kj::HttpService::Response&> response) override {
    KJ_IF_MAYBE (r, response) return plain(500, "Internal Server Error", *r);
    return kj::READY_NOW;
  }

private:
  kj::Promise<void> plain(kj::uint status, kj::StringPtr text,
                          kj::HttpService::Response& response) {
    response.send(status, text, kj::HttpHeaders(headers_), std::uint64_t{0});
    return kj::READY_NOW;
  }

  const kj::HttpHeaderTable& headers_;
};

http_front::http_front(kj::Timer& timer, swarm_store& store, const tracker_options& options,
                       std::uint64_t seed, std::function<tracker_stats::side()> udp)
    : responder_(store, options, seed), udp_(std::move(udp)),
      max_connections_(
          std::min<std::uint32_t>(options.http_connections, tracker_limits::http_connections)) {
  kj::HttpHeaderTable::Builder builder;
  forwarded_for_ = builder.add("X-Forwarded-For");
  headers_ = builder.build();
  errors_ = kj::heap<error_handler>(*headers_);
  task_errors_ = kj::heap<quiet_errors>();
  kj::HttpServerSettings settings;
  settings.headerTimeout = 10 * kj::SECONDS;
  settings.pipelineTimeout = tracker_limits::http_idle_s * kj::SECONDS;
  settings.canceledUploadGracePeriod = 1 * kj::SECONDS;
  settings.canceledUploadGraceBytes = tracker_limits::http_header_bytes;
  settings.errorHandler = *errors_;
  server_ = kj::heap<kj::HttpServer>(
      timer, *headers_,
      [this](kj::AsyncIoStream& stream) -> kj::Own<kj::HttpService> {
        return kj::heap<service>(*this, peer_address(stream), local_address(stream));
      },
      settings);
  tasks_ = kj::heap<kj::TaskSet>(*task_errors_);
}

// The tasks use the server, the server the headers: they go in this order.
http_front::~http_front() {
  tasks_ = nullptr;
  server_ = nullptr;
}

void http_front::serve(kj::Own<kj::ConnectionReceiver> receiver) {
  auto loop = accept(*receiver);
  tasks_->add(loop.attach(kj::mv(receiver)));
}

kj::Promise<void> http_front::accept(kj::ConnectionReceiver& receiver) {
  return receiver.accept().then([this, &receiver](kj::Own<kj::AsyncIoStream> stream) {
    taken(kj::mv(stream));
    return accept(receiver);
  });
}

void http_front::taken(kj::Own<kj::AsyncIoStream> stream) {
  if (connections_ >= max_connections_) return;
  ++connections_;
  tasks_->add(server_->listenHttp(kj::mv(stream)).attach(kj::defer([this] { --connections_; })));
}

} // namespace interswarm::bittorrent
