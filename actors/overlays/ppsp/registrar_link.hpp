#pragma once

#include "actors/overlays/ppsp/registrar_options.hpp"
#include "actors/overlays/ppsp/registrar_url.hpp"
#include "schema/base/bytes.hpp"
#include "schema/base/result.hpp"
#include "schema/ppsp/tracker_request.hpp"

#include <kj/async-io.h>
#include <kj/compat/http.h>
#include <kj/compat/tls.h>

namespace interswarm::ppsp {

/// What a tracker answered, or why it did not.
struct registrar_reply {
  bytes body;
  /// Not empty: no answer that is one.
  std::string trouble;
  /// It says by its HTTP status that it wants no business with us.
  bool denied = false;
};

/// POSTs requests to one tracker over HTTP/1.1, with TLS where the URL says so. A connection for
/// each: requests are a minute and more apart, but for those of a start. Redirects are not
/// followed. A KJ object: all on one loop.
class registrar_link {
public:
  /// Throws kj::Exception where `authorities` is no certificate.
  registrar_link(kj::Network& network, kj::Timer& timer, registrar_url url,
                 const registrar_options& options);

  /// Takes as long as `limits::registrar_http_timeout` at most, and never fails. Unspecified
  /// addresses in a CONNECT are replaced by the one that the connection leaves from, or left out.
  kj::Promise<registrar_reply> post(tracker_request request);

private:
  kj::Promise<kj::Own<kj::AsyncIoStream>> connect();
  kj::Promise<registrar_reply> exchange(kj::Own<kj::AsyncIoStream> stream, bytes body);
  kj::Promise<registrar_reply> read(kj::HttpClient::Response&& response);

  kj::Network& network_;
  kj::Timer& timer_;
  registrar_url url_;
  std::string authorization_;
  kj::Own<kj::HttpHeaderTable> table_;
  kj::HttpHeaderId accept_, authorization_field_, user_agent_;
  kj::Own<kj::TlsContext> tls_;
};

/// Whether the PEM text can be read; an empty one can.
result<void> check_authorities(const std::string& authorities);

} // namespace interswarm::ppsp
