#include "actors/services/http/signed_url.hpp"

#include "actors/services/http/limits.hpp"
#include "schema/base/encoding.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace interswarm::http {

namespace {

constexpr std::size_t digest_bytes = 32;
using digest = std::array<byte, digest_bytes>;

bool is_key_id(std::string_view id) {
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  };
  return !id.empty() && id.size() <= limits::url_key_id_bytes &&
         std::all_of(id.begin(), id.end(), good);
}

std::optional<digest> mac_of(const url_key& key, std::string_view expires, std::string_view name) {
  // The name comes last because it alone may hold anything.
  std::string text = "interswarm-url-1\n" + key.id + '\n';
  text.append(expires).append("\n").append(name);
  digest out{};
  unsigned length = 0;
  const auto* made =
      HMAC(EVP_sha256(), key.secret.data(), static_cast<int>(key.secret.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), out.data(), &length);
  if (made == nullptr || length != out.size()) return std::nullopt;
  return out;
}

/// Digits alone: no sign, no leading zero, so that one time has one text.
std::optional<std::int64_t> parse_time(std::string_view text) {
  std::int64_t out = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (failed != std::errc() || end != text.data() + text.size() || out <= 0 || text[0] == '0')
    return std::nullopt;
  return out;
}

tl::unexpected<error> refused(const char* why) { return fail(errc::denied, why); }

} // namespace

result<url_signer> url_signer::make(std::vector<url_key> keys) {
  if (keys.size() > limits::url_keys)
    return fail(errc::configuration, "URL keys: more than " + std::to_string(limits::url_keys));
  for (auto it = keys.begin(); it != keys.end(); ++it) {
    if (!is_key_id(it->id))
      return fail(errc::configuration, "URL key \"" + printable(it->id) +
                                           "\": an id is 1 to 32 letters, digits, '-' and '_'");
    if (it->secret.size() < limits::url_secret_min_bytes)
      return fail(errc::configuration, "URL key \"" + it->id + "\": the secret is shorter than " +
                                           std::to_string(limits::url_secret_min_bytes) + " bytes");
    if (std::any_of(keys.begin(), it, [&](const url_key& k) { return k.id == it->id; }))
      return fail(errc::configuration, "URL key \"" + it->id + "\" is there twice");
  }
  return url_signer(std::move(keys));
}

result<std::string> url_signer::sign(std::string_view name, std::int64_t expires_s,
                                     std::int64_t now_s) const {
  if (keys_.empty()) return fail(errc::configuration, "there is no key to sign URLs with");
  if (expires_s <= now_s || expires_s - now_s > limits::url_lifetime_s)
    return fail(errc::configuration, "a signed URL is good for 1 second to " +
                                         std::to_string(limits::url_lifetime_s) + " seconds");
  const auto expires = std::to_string(expires_s);
  const auto mac = mac_of(keys_.front(), expires, name);
  if (!mac) return fail(errc::internal, "HMAC-SHA256 failed");
  return "expires=" + expires + "&key=" + keys_.front().id + "&sig=" + to_hex(*mac);
}

result<void> url_signer::check(std::string_view name, const url_signature& shown,
                               std::int64_t now_s) const {
  if (shown.expires.empty() || shown.key.empty() || shown.signature.empty())
    return refused("the URL's signature is incomplete: it needs expires, key and sig");
  const auto key =
      std::find_if(keys_.begin(), keys_.end(), [&](const url_key& k) { return k.id == shown.key; });
  if (key == keys_.end()) return refused("the URL's signature is of a key that is not known here");
  const auto expires = parse_time(shown.expires);
  const auto given = from_hex(shown.signature);
  const auto mac = mac_of(*key, shown.expires, name);
  if (!expires || !given || given->size() != digest_bytes || !mac ||
      CRYPTO_memcmp(given->data(), mac->data(), digest_bytes) != 0)
    return refused("the URL's signature is wrong");
  // Only of a signature that is right is told when it ends.
  if (*expires < now_s) return refused("the URL has expired");
  if (*expires - limits::url_clock_skew_s > now_s + limits::url_lifetime_s)
    return refused("the URL is signed for longer than allowed");
  return {};
}

} // namespace interswarm::http
