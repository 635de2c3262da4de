#pragma once

#include "schema/base/endpoint.hpp"
#include "schema/base/result.hpp"

#include <string>
#include <string_view>

namespace interswarm::origin {

/// An http or https URL (RFC 9110 section 4.2) without its fragment.
struct http_url {
  bool tls = false;
  /// Lower case; an IPv6 address without its brackets.
  std::string host;
  std::uint16_t port = 80;
  /// Path and query as they are sent: begins with '/', printable ASCII only.
  std::string target = "/";

  /// Fails `malformed` for another scheme, a broken host or port, control characters and user
  /// information (a password in a URL ends up in logs), `too_large` beyond `limits::url_bytes`.
  /// Bytes beyond ASCII are escaped.
  static result<http_url> parse(std::string_view text);
  /// What `reference`, of a Location field, means here (RFC 3986 section 5.2).
  result<http_url> resolve(std::string_view reference) const;

  /// The Host field: the port only where it is not the scheme's own.
  std::string authority() const;
  /// "https://host:port": which server; safe to show, since paths and queries may hold secrets.
  std::string server() const;
  std::string to_string() const { return (tls ? "https://" : "http://") + authority() + target; }
  /// The last part of the path as a bare file name, or empty.
  std::string file_name() const;

  friend bool operator==(const http_url&, const http_url&) = default;
};

/// `name` without anything a file system or a shell could take for more than a name: the part
/// behind the last slash or backslash, printable, at most 255 bytes; empty for ".", ".." and hidden
/// files' mere dots.
std::string bare_file_name(std::string_view name);

/// Where pulls may connect to. A content provider names the URLs, so that without a rule he could
/// make the service ask its own network (server-side request forgery).
enum class private_addresses : std::uint8_t {
  /// Public addresses only.
  refuse,
  /// A URL that was given may be at a private address, and be redirected to the very same address
  /// and port, but to no other private one.
  given,
  /// Any.
  allow,
};

/// Whether the address is globally reachable by the IANA special-purpose registries (RFC 6890),
/// also behind the address of an IPv4 translator (RFC 6052, RFC 3056).
bool is_public(const ip_address& address);

} // namespace interswarm::origin
