#include "actors/runtime/http_front.hpp"

#include "actors/runtime/socket_address.hpp"

#include <cerrno>

namespace interswarm::runtime {

namespace {

constexpr int listen_backlog = 1024;
constexpr std::size_t header_bytes = 16u << 10;

/// A client that goes away or sends nonsense is no event worth a line.
class quiet_errors final : public kj::TaskSet::ErrorHandler {
public:
  void taskFailed(kj::Exception&&) override {}
};

endpoint end_of(kj::AsyncIoStream& stream, bool theirs) {
  sockaddr_storage a{};
  kj::uint length = sizeof a;
  if (theirs)
    stream.getpeername(reinterpret_cast<sockaddr*>(&a), &length);
  else
    stream.getsockname(reinterpret_cast<sockaddr*>(&a), &length);
  return from_sockaddr(a);
}

std::string_view view_of(kj::StringPtr text) { return {text.begin(), text.size()}; }

kj::StringPtr status_text(unsigned status) {
  switch (status) {
  case 200: return "OK";
  case 400: return "Bad Request";
  case 401: return "Unauthorized";
  case 403: return "Forbidden";
  case 404: return "Not Found";
  case 405: return "Method Not Allowed";
  case 413: return "Payload Too Large";
  case 415: return "Unsupported Media Type";
  case 429: return "Too Many Requests";
  default: return "Error";
  }
}

/// At most `limit` bytes of a body; nothing when it is longer.
kj::Promise<kj::Maybe<bytes>> read_body(kj::AsyncInputStream& in, std::size_t limit, bytes so_far) {
  const auto at = so_far.size();
  so_far.resize(std::min(limit + 1, at + 4096));
  auto buffer = kj::heap<bytes>(std::move(so_far));
  auto& into = *buffer;
  return in.tryRead(into.data() + at, 1, into.size() - at)
      .then([&in, limit, at,
             buffer = kj::mv(buffer)](std::size_t count) mutable -> kj::Promise<kj::Maybe<bytes>> {
        buffer->resize(at + count);
        if (buffer->size() > limit) return kj::Maybe<bytes>(nullptr);
        if (count == 0) return kj::Maybe<bytes>(std::move(*buffer));
        return read_body(in, limit, std::move(*buffer));
      });
}

} // namespace

/// One for each connection, because only the connection knows who asks.
class http_front::service final : public kj::HttpService {
public:
  service(http_front& front, endpoint from, ip_address local)
      : front_(front), from_(from), local_(local) {}

  kj::Promise<void> request(kj::HttpMethod method, kj::StringPtr url,
                            const kj::HttpHeaders& headers, kj::AsyncInputStream& body,
                            Response& response) override {
    // Both go with the first read of the body.
    auto kept = kj::heap<said>(said{method, kj::str(url),
                                    kj::str(text_of(headers, kj::HttpHeaderId::CONTENT_TYPE)),
                                    kj::str(text_of(headers, front_.authorization_)),
                                    kj::str(text_of(headers, front_.forwarded_for_))});
    if (front_.options_.body_bytes == 0) return send(front_.answer_(question(*kept, {})), response);
    return read_body(body, front_.options_.body_bytes, {})
        .then([this, kept = kj::mv(kept),
               &response](kj::Maybe<bytes> whole) mutable -> kj::Promise<void> {
          KJ_IF_MAYBE (content, whole)
            return send(front_.answer_(question(*kept, *content)), response);
          return send({413, "text/plain", {}}, response);
        });
  }

private:
  struct said {
    kj::HttpMethod method;
    kj::String url;
    kj::String content_type;
    kj::String authorization;
    kj::String forwarded_for;
  };
  static kj::StringPtr text_of(const kj::HttpHeaders& headers, kj::HttpHeaderId id) {
    return headers.get(id).orDefault("");
  }

  http_question question(const said& what, byte_view content) {
    http_question q;
    q.method = what.method;
    q.method_name = view_of(kj::toCharSequence(what.method));
    q.url = view_of(what.url);
    q.body = content;
    q.content_type = view_of(what.content_type);
    q.authorization = view_of(what.authorization);
    q.forwarded_for = view_of(what.forwarded_for);
    q.from = from_;
    q.local = local_;
    return q;
  }

  kj::Promise<void> send(const http_answer& answer, Response& response) {
    kj::HttpHeaders out(*front_.headers_);
    out.set(kj::HttpHeaderId::CONTENT_TYPE, kj::str(answer.type.c_str()));
    auto body = kj::heapArray<kj::byte>(answer.body.data(), answer.body.size());
    auto stream = response.send(answer.status, status_text(answer.status), out, body.size());
    auto written = stream->write(body.begin(), body.size());
    return written.attach(kj::mv(stream), kj::mv(body));
  }

  http_front& front_;
  endpoint from_;
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

http_front::http_front(kj::Timer& timer, const http_front_options& options, handler answer)
    : options_(options), answer_(std::move(answer)) {
  kj::HttpHeaderTable::Builder builder;
  forwarded_for_ = builder.add("X-Forwarded-For");
  authorization_ = builder.add("Authorization");
  headers_ = builder.build();
  errors_ = kj::heap<error_handler>(*headers_);
  task_errors_ = kj::heap<quiet_errors>();
  kj::HttpServerSettings settings;
  settings.headerTimeout = 10 * kj::SECONDS;
  settings.pipelineTimeout = options_.idle_s * kj::SECONDS;
  settings.canceledUploadGracePeriod = 1 * kj::SECONDS;
  settings.canceledUploadGraceBytes = header_bytes;
  settings.errorHandler = *errors_;
  server_ = kj::heap<kj::HttpServer>(
      timer, *headers_,
      [this](kj::AsyncIoStream& stream) -> kj::Own<kj::HttpService> {
        return kj::heap<service>(*this, end_of(stream, true), end_of(stream, false).address);
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
  if (connections_ >= options_.connections) return;
  ++connections_;
  tasks_->add(server_->listenHttp(kj::mv(stream)).attach(kj::defer([this] { --connections_; })));
}

result<listening_socket> listen_tcp(const endpoint& at, const std::string& what) {
  const bool v4 = at.address.is_v4();
  listening_socket out;
  out.fd = kj::AutoCloseFd(
      ::socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_storage address;
  auto length = to_sockaddr(at, address);
  const int on = 1;
  if (out.fd.get() >= 0) {
    ::setsockopt(out.fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (!v4) ::setsockopt(out.fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  }
  if (out.fd.get() < 0 || ::bind(out.fd, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      ::listen(out.fd, listen_backlog) != 0)
    return fail(errc::io,
                what + ": cannot listen on TCP " + at.to_string() + ": " + std::strerror(errno));
  length = sizeof address;
  ::getsockname(out.fd, reinterpret_cast<sockaddr*>(&address), &length);
  out.at = from_sockaddr(address);
  return out;
}

} // namespace interswarm::runtime
