#pragma once

#include "actors/services/http/content_answer.hpp"
#include "actors/services/http/signed_url.hpp"
#include "schema/base/bytes.hpp"
#include "schema/base/endpoint.hpp"
#include "schema/base/range.hpp"
#include "schema/base/result.hpp"
#include "schema/source.gen.hpp"

#include <caf/actor.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>

namespace interswarm::runtime {
class loop;
}

namespace interswarm::http {

class content_right;

/// Who asks for what.
struct http_question {
  /// As in the URL, decoded: whatever names a content. Not checked but for its length and for
  /// control characters.
  std::string name;
  /// Of "Authorization: Bearer …"; empty if there is none.
  std::string bearer_token;
  /// Address of the connection's other end, without the port.
  std::string peer;
  /// A valid signature for this very name was shown (signed_url.hpp).
  bool signed_ok = false;
};

/// A content that the asker may have.
struct http_content : content_facts {
  /// Must give exactly `size` bytes.
  msg::source_actor source{};
  /// May be empty. Called on the door's loop with each batch of content bytes that the connection
  /// took; the sum over a request is what was delivered, also when the client left early.
  std::function<void(std::uint64_t bytes)> sent{};
  /// Of whoever asked; null: what was begun is finished. (content_right.hpp)
  std::shared_ptr<content_right> right{};
  /// May be empty. The bytes of a range of at most limits::write_bytes when they are in memory
  /// already, or none: then the source is asked. Called on the door's loop.
  std::function<slice(const byte_range&)> at_hand{};
};

/// Resolves a name. Called on the door's loop, and answers there, once, at once or later. Its
/// failures become statuses: `not_found` 404 (also for what the asker may not see), `denied` 403 (a
/// bad token, whatever the name), `malformed` 400, `overloaded` and `unavailable` 503, `timed_out`
/// 504, others 500. Their texts are not shown.
using http_answer = std::function<void(result<http_content>)>;
using http_lookup = std::function<void(http_question, http_answer)>;

struct http_door_options {
  /// Port 0 takes a free one.
  std::vector<endpoint> listen;
  /// Several doors, each on a loop of its own, may listen on the same port; the kernel spreads the
  /// connections (SO_REUSEPORT).
  bool share_port = false;
  struct tls_files {
    /// PEM: the certificate, then those between it and the authority.
    std::string certificate;
    std::string private_key;
  };
  /// HTTPS instead of HTTP; clients show no certificate.
  std::optional<tls_files> tls{};
  std::vector<url_key> url_keys{};

  std::size_t connections = 4096;
  /// Of one IPv4 address or IPv6 /64.
  std::size_t connections_per_address = 256;
  /// Contents being looked up or sent; a further request is told to come again (503).
  std::size_t requests_in_flight = 2048;
  /// Of a request line with all headers, within 4 KiB; a longer one is answered 431.
  std::size_t header_bytes = 16u << 10;
  /// For TLS's handshake, and for all headers from the first byte on.
  std::chrono::milliseconds header_timeout{10'000};
  /// Between requests.
  std::chrono::milliseconds idle_timeout{60'000};
  /// For the lookup, and for the first bytes of the content after it (504).
  std::chrono::milliseconds answer_timeout{30'000};
  /// For each later read of the source; then the connection is cut.
  std::chrono::milliseconds read_timeout{60'000};
  /// A client that has not taken limits::write_bytes by then is cut off.
  std::chrono::milliseconds progress_timeout{60'000};
  /// Of each connection; 0: as fast as it goes.
  std::uint64_t bytes_per_second = 0;
};

/// Serves until its last handle goes or it gets an exit message; its connections end with it.
struct http_door {
  caf::actor handle;
  /// One for each address of the options, with the ports that they got.
  std::vector<endpoint> listening;
};

/// Opens the door. From any thread; when it returns, connections are accepted. Fails
/// `configuration` for no address, an address or port that cannot be had, files that are no
/// certificate and key, and bad URL keys.
result<http_door> spawn_http_door(runtime::loop& home, http_door_options options,
                                  http_lookup lookup);

} // namespace interswarm::http
