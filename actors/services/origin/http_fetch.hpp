#pragma once

#include "actors/runtime/loop.hpp"
#include "actors/services/origin/http_url.hpp"
#include "actors/services/origin/mirror_set.hpp"

#include <kj/async-io.h>
#include <kj/compat/http.h>
#include <kj/compat/tls.h>
#include <utility>

namespace interswarm::origin {

/// Name and value.
using request_header = std::pair<std::string, std::string>;

/// One GET. `secret` headers go to the URL's own server only, never along with a redirect to
/// another, and are never shown.
struct http_request {
  http_url url{};
  std::vector<request_header> secret{};
  /// Values of the fields of these names.
  std::optional<std::string> range{};
  std::optional<std::string> if_range{};
};

struct http_response {
  response_head head{};
  /// Its connection goes with it.
  kj::Own<kj::AsyncInputStream> body{};
};

/// `definite`: asking again will not help (a refused address, a certificate that is not trusted).
/// The text does not name the server.
struct fetch_failure {
  error why{};
  bool definite = false;
};
using fetch_result = tl::expected<http_response, fetch_failure>;

struct http_fetch_options {
  private_addresses private_to = private_addresses::refuse;
  /// PEM certificates that are trusted beside the system's; empty for none.
  std::string authorities{};
  /// For one address, and until the response's head is there, redirects included.
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds head_timeout{30'000};
  std::string user_agent = "interswarm/0.1";
};

/// Asks HTTP servers: name look-up (in a thread of KJ's), the check of what the name means,
/// connection, TLS against the system's authorities and the host's name, request, redirects. A
/// connection serves one request, which is a long one. Used on its loop.
class http_fetch {
public:
  /// Throws kj::Exception when an authority is no certificate.
  http_fetch(runtime::loop& home, http_fetch_options options);

  kj::Promise<fetch_result> get(http_request request);

private:
  struct errand;
  using errand_ptr = std::shared_ptr<errand>;
  using addresses = tl::expected<std::vector<endpoint>, fetch_failure>;
  using stream_result = tl::expected<kj::Own<kj::AsyncIoStream>, fetch_failure>;

  kj::Promise<fetch_result> hop(errand_ptr e);
  kj::Promise<addresses> look_up(const http_url& url);
  addresses permitted(errand& e, std::vector<endpoint> found) const;
  kj::Promise<stream_result> connect(errand_ptr e, std::vector<endpoint> to, std::size_t next);
  kj::Promise<stream_result> protect(const errand_ptr& e, kj::Own<kj::AsyncIoStream> stream);
  kj::Promise<fetch_result> ask(errand_ptr e, kj::Own<kj::AsyncIoStream> stream);
  kj::HttpHeaders headers_of(const errand& e) const;
  response_head head_of(const kj::HttpClient::Response& r) const;
  std::optional<fetch_failure> redirect(errand& e, std::string_view location) const;

  std::shared_ptr<runtime::loop> home_;
  http_fetch_options options_;
  kj::Own<kj::HttpHeaderTable> table_;
  kj::HttpHeaderId accept_encoding_, if_range_, range_, user_agent_;
  kj::Own<kj::TlsContext> tls_;
};

/// Whether the pair may be sent as an extra request header: a token and a value without control
/// characters (RFC 9110 section 5), and none of the fields that are set here.
result<void> check_request_header(const request_header& header);

} // namespace interswarm::origin
