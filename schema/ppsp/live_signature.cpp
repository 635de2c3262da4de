#include "schema/ppsp/live_signature.hpp"

#include "schema/base/wire.hpp"
#include "schema/ppsp/limits.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

namespace interswarm::ppsp {

namespace {

template <auto Free>
struct freer {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
using number = std::unique_ptr<BIGNUM, freer<BN_free>>;
using key_context = std::unique_ptr<EVP_PKEY_CTX, freer<EVP_PKEY_CTX_free>>;
using digest_run = std::unique_ptr<EVP_MD_CTX, freer<EVP_MD_CTX_free>>;
using curve_signature = std::unique_ptr<ECDSA_SIG, freer<ECDSA_SIG_free>>;
using parameters = std::unique_ptr<OSSL_PARAM, freer<OSSL_PARAM_free>>;
using parameter_builder = std::unique_ptr<OSSL_PARAM_BLD, freer<OSSL_PARAM_BLD_free>>;
using shared_key = std::shared_ptr<EVP_PKEY>;

/// From 1900 to 1970.
constexpr std::int64_t ntp_ahead_s = 2'208'988'800;
constexpr std::int64_t second_us = 1'000'000;

shared_key shared(EVP_PKEY* key) { return {key, EVP_PKEY_free}; }

bool is_rsa(signature_algorithm a) {
  return a == signature_algorithm::rsa_sha1 || a == signature_algorithm::rsa_sha256;
}

const char* digest_of(signature_algorithm a) {
  switch (a) {
  case signature_algorithm::rsa_sha1: return "SHA1";
  case signature_algorithm::rsa_sha256:
  case signature_algorithm::ecdsa_p256_sha256: return "SHA256";
  case signature_algorithm::ecdsa_p384_sha384: return "SHA384";
  }
  return "";
}

const char* curve_of(signature_algorithm a) {
  return a == signature_algorithm::ecdsa_p384_sha384 ? "P-384" : "P-256";
}

/// Of a coordinate, r and s.
std::size_t curve_bytes(signature_algorithm a) {
  return a == signature_algorithm::ecdsa_p384_sha384 ? 48 : 32;
}

number number_of(byte_view raw) {
  return number(BN_bin2bn(raw.data(), static_cast<int>(raw.size()), nullptr));
}

number part_of(const EVP_PKEY* key, const char* name) {
  BIGNUM* out = nullptr;
  EVP_PKEY_get_bn_param(key, name, &out);
  return number(out);
}

result<shared_key> key_from(const char* type, OSSL_PARAM* params) {
  const key_context context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* out = nullptr;
  if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &out, EVP_PKEY_PUBLIC_KEY, params) != 1)
    return fail(errc::malformed, "a live swarm's id holds no public key of its algorithm");
  return shared(out);
}

/// RFC 3110 §2: the exponent's length in one byte, or in two behind a zero; exponent; modulus.
result<shared_key> rsa_key(byte_view raw) {
  big_endian_reader in(raw);
  std::size_t length = in.u8();
  if (length == 0) length = in.u16();
  if (length > limits::max_rsa_exponent_bytes)
    return fail(errc::too_large, "a live swarm's RSA exponent is too long");
  const auto exponent = in.take(length);
  const auto modulus = in.rest();
  if (in.failed() || length == 0 || modulus.empty() || modulus.front() == 0)
    return fail(errc::malformed, "a live swarm's RSA key is cut short");
  const auto n = number_of(modulus);
  const auto e = number_of(exponent);
  const auto bits = static_cast<unsigned>(BN_num_bits(n.get()));
  if (bits < limits::min_rsa_bits || bits > limits::max_rsa_bits)
    return fail(errc::too_large, "a live swarm's RSA key has " + std::to_string(bits) + " bits");
  if (!BN_is_odd(n.get()) || !BN_is_odd(e.get()) || BN_is_one(e.get()))
    return fail(errc::malformed, "a live swarm's id holds no RSA key");
  const parameter_builder builder(OSSL_PARAM_BLD_new());
  if (!builder || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1)
    return fail(errc::internal, "OpenSSL takes no RSA key");
  const parameters params(OSSL_PARAM_BLD_to_param(builder.get()));
  return key_from("RSA", params.get());
}

/// RFC 6605 §4: the point's coordinates.
result<shared_key> curve_key(signature_algorithm a, byte_view raw) {
  if (raw.size() != 2 * curve_bytes(a))
    return fail(errc::malformed, "a live swarm's ECDSA key has a wrong length");
  bytes point{0x04};
  append(point, raw);
  std::string group = curve_of(a);
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), group.size()),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
      OSSL_PARAM_construct_end()};
  return key_from("EC", params);
}

/// The number in so many bytes.
void append_padded(bytes& out, const BIGNUM* n, std::size_t width) {
  out.resize(out.size() + width);
  BN_bn2binpad(n, out.data() + (out.size() - width), static_cast<int>(width));
}

/// The swarm id of a key.
bytes id_of(signature_algorithm a, const EVP_PKEY* key) {
  bytes out{static_cast<byte>(a)};
  if (is_rsa(a)) {
    const auto n = part_of(key, OSSL_PKEY_PARAM_RSA_N);
    const auto e = part_of(key, OSSL_PKEY_PARAM_RSA_E);
    if (!n || !e) return {};
    const auto length = static_cast<std::size_t>(BN_num_bytes(e.get()));
    out.push_back(static_cast<byte>(length));
    append_padded(out, e.get(), length);
    append_padded(out, n.get(), static_cast<std::size_t>(BN_num_bytes(n.get())));
    return out;
  }
  const auto x = part_of(key, OSSL_PKEY_PARAM_EC_PUB_X);
  const auto y = part_of(key, OSSL_PKEY_PARAM_EC_PUB_Y);
  if (!x || !y) return {};
  append_padded(out, x.get(), curve_bytes(a));
  append_padded(out, y.get(), curve_bytes(a));
  return out;
}

/// OpenSSL's form of an ECDSA signature (DER) from r and s, and back.
bytes der_of(byte_view raw) {
  const curve_signature sig(ECDSA_SIG_new());
  auto r = number_of(raw.first(raw.size() / 2));
  auto s = number_of(raw.subspan(raw.size() / 2));
  if (!sig || !r || !s || ECDSA_SIG_set0(sig.get(), r.release(), s.release()) != 1) return {};
  byte* der = nullptr;
  const int size = i2d_ECDSA_SIG(sig.get(), &der);
  if (size <= 0) return {};
  bytes out(der, der + size);
  OPENSSL_free(der);
  return out;
}

bytes fixed_of(byte_view der, std::size_t width) {
  const byte* at = der.data();
  const curve_signature sig(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  bytes out;
  if (!sig) return out;
  append_padded(out, ECDSA_SIG_get0_r(sig.get()), width);
  append_padded(out, ECDSA_SIG_get0_s(sig.get()), width);
  return out;
}

} // namespace

result<live_verifier> live_verifier::from_swarm_id(byte_view id) {
  if (id.size() < 2) return fail(errc::malformed, "a live swarm's id is too short");
  live_verifier out;
  out.algorithm_ = static_cast<signature_algorithm>(id[0]);
  if (!is_known(out.algorithm_))
    return fail(errc::unimplemented,
                "a live swarm is signed by an unknown algorithm, " + std::to_string(id[0]));
  const auto a = out.algorithm_;
  auto key = is_rsa(a) ? rsa_key(id.subspan(1)) : curve_key(a, id.subspan(1));
  if (!key) return tl::unexpected(key.error());
  out.id_.assign(id.begin(), id.end());
  out.key_ = std::move(*key);
  out.signature_bytes_ =
      is_rsa(a) ? static_cast<std::size_t>(EVP_PKEY_get_size(out.key_.get())) : 2 * curve_bytes(a);
  return out;
}

bool live_verifier::verify(byte_view message, byte_view signature) const {
  if (signature.size() != signature_bytes_) return false;
  const bytes der = is_rsa(algorithm_) ? bytes{} : der_of(signature);
  const byte_view form = is_rsa(algorithm_) ? signature : byte_view(der);
  if (form.empty()) return false;
  const digest_run run(EVP_MD_CTX_new());
  return run &&
         EVP_DigestVerifyInit_ex(run.get(), nullptr, digest_of(algorithm_), nullptr, nullptr,
                                 key_.get(), nullptr) == 1 &&
         EVP_DigestVerify(run.get(), form.data(), form.size(), message.data(), message.size()) == 1;
}

result<live_signer> live_signer::of(signature_algorithm a, std::shared_ptr<evp_pkey_st> key) {
  const bool fits =
      key && (is_rsa(a) ? EVP_PKEY_is_a(key.get(), "RSA") == 1
                        : EVP_PKEY_is_a(key.get(), "EC") == 1 &&
                              EVP_PKEY_get_bits(key.get()) == static_cast<int>(8 * curve_bytes(a)));
  if (!fits) return fail(errc::malformed, "no private key of the live swarm's algorithm");
  auto verifier = live_verifier::from_swarm_id(id_of(a, key.get()));
  if (!verifier) return tl::unexpected(verifier.error());
  live_signer out;
  out.public_ = std::move(*verifier);
  out.public_.key_ = std::move(key);
  return out;
}

result<live_signer> live_signer::generate(signature_algorithm a, unsigned rsa_bits) {
  if (!is_known(a)) return fail(errc::unimplemented, "an unknown live signature algorithm");
  if (is_rsa(a) && (rsa_bits < limits::min_rsa_bits || rsa_bits > limits::max_rsa_bits))
    return fail(errc::too_large, "an RSA key of " + std::to_string(rsa_bits) + " bits");
  return of(a, shared(is_rsa(a) ? EVP_RSA_gen(rsa_bits) : EVP_EC_gen(curve_of(a))));
}

result<live_signer> live_signer::from_private_key(signature_algorithm a, byte_view pkcs8) {
  if (!is_known(a)) return fail(errc::unimplemented, "an unknown live signature algorithm");
  const byte* at = pkcs8.data();
  return of(a, shared(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(pkcs8.size()))));
}

result<bytes> live_signer::private_key() const {
  const std::unique_ptr<PKCS8_PRIV_KEY_INFO, freer<PKCS8_PRIV_KEY_INFO_free>> info(
      EVP_PKEY2PKCS8(public_.key_.get()));
  byte* der = nullptr;
  const int size = info ? i2d_PKCS8_PRIV_KEY_INFO(info.get(), &der) : 0;
  if (size <= 0) return fail(errc::internal, "OpenSSL gives no private key");
  bytes out(der, der + size);
  OPENSSL_clear_free(der, static_cast<std::size_t>(size));
  return out;
}

result<bytes> live_signer::sign(byte_view message) const {
  const auto a = public_.algorithm_;
  const digest_run run(EVP_MD_CTX_new());
  std::size_t size = 0;
  bytes out;
  bool is_done = run &&
                 EVP_DigestSignInit_ex(run.get(), nullptr, digest_of(a), nullptr, nullptr,
                                       public_.key_.get(), nullptr) == 1 &&
                 EVP_DigestSign(run.get(), nullptr, &size, message.data(), message.size()) == 1;
  if (is_done) {
    out.resize(size);
    is_done = EVP_DigestSign(run.get(), out.data(), &size, message.data(), message.size()) == 1;
    out.resize(size);
  }
  if (is_done && !is_rsa(a)) out = fixed_of(out, curve_bytes(a));
  if (!is_done || out.size() != public_.signature_bytes_)
    return fail(errc::internal, "OpenSSL signs nothing");
  return out;
}

bytes signed_bytes(signed_form form, const chunk_range& r, const chunk_address& a,
                   std::uint64_t signed_at, byte_view what) {
  bytes out;
  if (form == signed_form::rfc7574) {
    append_address(out, r, a);
    big_endian_writer(out).u64(signed_at);
  }
  append(out, what);
  return out;
}

std::uint64_t ntp_of(unix_time t) {
  const auto us = static_cast<std::uint64_t>(t.count() + ntp_ahead_s * second_us);
  const auto seconds = us / second_us;
  // Rounded up, so that the way back gives the same µs.
  const auto fraction = ((us % second_us << 32) + second_us - 1) / second_us;
  return (seconds << 32) | fraction;
}

unix_time time_of_ntp(std::uint64_t ntp, unix_time near) {
  constexpr std::int64_t era_s = std::int64_t{1} << 32;
  const auto fraction = static_cast<std::int64_t>(((ntp & 0xFFFF'FFFF) * second_us) >> 32);
  auto seconds = static_cast<std::int64_t>(ntp >> 32) - ntp_ahead_s;
  const auto near_s = near.count() / second_us;
  while (near_s - seconds > era_s / 2) seconds += era_s;
  return unix_time(seconds * second_us + fraction);
}

std::uint64_t signed_time(signed_form form, unix_time t) {
  return form == signed_form::rfc7574 ? ntp_of(t) : static_cast<std::uint64_t>(t.count());
}

unix_time time_of_signed(signed_form form, std::uint64_t field, unix_time near) {
  if (form == signed_form::rfc7574) return time_of_ntp(field, near);
  // Beyond all sense: far in the future, whatever the clock.
  constexpr auto most = std::uint64_t{1} << 62;
  return unix_time(static_cast<std::int64_t>(field < most ? field : most));
}

} // namespace interswarm::ppsp
