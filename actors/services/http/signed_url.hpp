#pragma once

#include "actors/services/http/request_target.hpp"
#include "schema/base/result.hpp"

#include <cstdint>
#include <vector>

namespace interswarm::http {

/// A secret that signs URLs. Who has it may hand out any content of this door.
struct url_key {
  /// Shown in the URL: letters, digits, '-' and '_'.
  std::string id;
  /// At least limits::url_secret_min_bytes bytes, best 32 random ones.
  std::string secret;
};

/// Makes and checks URLs that show one content until a time: HMAC-SHA256 (RFC 2104) over
///
///     "interswarm-url-1" LF key id LF expires LF name
///
/// with `expires` in Unix seconds and the name as it is after decoding. Neither the method nor the
/// host is part of it.
class url_signer {
public:
  /// The first key signs, all check: a new key is put first, and the old one stays until what it
  /// signed has expired. Fails `configuration` for a bad or doubled id, a short secret and too many
  /// keys. Without keys no URL can be signed, and every signature is wrong.
  static result<url_signer> make(std::vector<url_key> keys);

  /// "expires=…&key=…&sig=…", to be put behind "/content/NAME?". Fails `configuration` without a
  /// key and for a time that `check` would not accept.
  result<std::string> sign(std::string_view name, std::int64_t expires_s, std::int64_t now_s) const;

  /// Fails `denied` with one line that says nothing of the content: incomplete, unknown key,
  /// expired, good for too long, wrong.
  result<void> check(std::string_view name, const url_signature& shown, std::int64_t now_s) const;

private:
  explicit url_signer(std::vector<url_key> keys) : keys_(std::move(keys)) {}
  std::vector<url_key> keys_;
};

} // namespace interswarm::http
