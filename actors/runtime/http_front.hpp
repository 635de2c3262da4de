#pragma once

#include "schema/base/endpoint.hpp"
#include "schema/base/result.hpp"

#include <functional>
#include <kj/async-io.h>
#include <kj/compat/http.h>
#include <kj/io.h>
#include <kj/timer.h>

namespace interswarm::runtime {

/// A request as small HTTP services see it; all of it is valid during the call.
struct http_question {
  kj::HttpMethod method = kj::HttpMethod::GET;
  /// "GET", "POST" and so on.
  std::string_view method_name;
  /// Path with query.
  std::string_view url;
  /// Empty where there is none; so are the headers below.
  byte_view body{};
  std::string_view content_type{};
  std::string_view authorization{};
  std::string_view forwarded_for{};
  /// The connection's other end, and our address there.
  endpoint from;
  ip_address local{};
};

struct http_answer {
  unsigned status = 200;
  std::string type = "text/plain";
  bytes body;
};

struct http_front_options {
  /// More are closed as they come.
  std::uint32_t connections = 4096;
  /// Longer bodies are answered with 413. 0: bodies are not read, and `body` is always empty.
  std::size_t body_bytes = 0;
  std::uint32_t idle_s = 60;
};

/// Answers small questions over HTTP/1.1 on a KJ loop, where it must be made, used and destroyed.
/// Answers are made at once, in memory.
class http_front {
public:
  using handler = std::function<http_answer(const http_question&)>;

  http_front(kj::Timer& timer, const http_front_options& options, handler answer);
  ~http_front();

  /// Serves a listening socket until this object is destroyed.
  void serve(kj::Own<kj::ConnectionReceiver> receiver);
  std::uint32_t connections() const { return connections_; }

private:
  class service;
  class error_handler;

  kj::Promise<void> accept(kj::ConnectionReceiver& receiver);
  void taken(kj::Own<kj::AsyncIoStream> stream);

  http_front_options options_;
  handler answer_;
  std::uint32_t connections_ = 0;
  kj::Own<kj::HttpHeaderTable> headers_;
  kj::HttpHeaderId forwarded_for_;
  kj::HttpHeaderId authorization_;
  kj::Own<error_handler> errors_;
  kj::Own<kj::TaskSet::ErrorHandler> task_errors_;
  kj::Own<kj::HttpServer> server_;
  kj::Own<kj::TaskSet> tasks_;
};

/// A TCP socket that listens, with the port that the system chose when `at` has none. `io` when the
/// address cannot be had; `what` begins its text.
struct listening_socket {
  kj::AutoCloseFd fd;
  endpoint at;
};
result<listening_socket> listen_tcp(const endpoint& at, const std::string& what);

} // namespace interswarm::runtime
