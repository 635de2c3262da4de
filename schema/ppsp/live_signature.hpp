#pragma once

#include "schema/base/result.hpp"
#include "schema/ppsp/chunk_address.hpp"
#include "schema/ppsp/protocol_options.hpp"

#include <chrono>
#include <memory>

struct evp_pkey_st;

/// What proves a live swarm's chunks: a source's signatures (RFC 7574 §6.1). The swarm id is the
/// algorithm's number in one byte and the public key, as in a DNSKEY record: RFC 3110's for RSA,
/// RFC 6605's for ECDSA. Signatures are as in an RRSIG record: as long as RSA's modulus (PKCS #1
/// v1.5), or r and s of fixed width.
namespace interswarm::ppsp {

/// The public half of a source's key. Cheap to copy.
class live_verifier {
public:
  /// `malformed` for bytes that are no key, `unimplemented` for an algorithm that is not known,
  /// `too_large` for RSA beyond `limits::max_rsa_bits` or with a long exponent.
  static result<live_verifier> from_swarm_id(byte_view id);

  const bytes& swarm_id() const { return id_; }
  signature_algorithm algorithm() const { return algorithm_; }
  /// Of each signature.
  std::size_t signature_bytes() const { return signature_bytes_; }
  /// Whether the source signed `message`.
  bool verify(byte_view message, byte_view signature) const;

private:
  friend class live_signer;
  live_verifier() = default;

  bytes id_;
  signature_algorithm algorithm_ = signature_algorithm::ecdsa_p256_sha256;
  std::size_t signature_bytes_ = 0;
  std::shared_ptr<evp_pkey_st> key_;
};

/// A source's whole key. Cheap to copy.
class live_signer {
public:
  /// A new key. RSA has `rsa_bits`, which the ECDSA algorithms ignore; `too_large` outside of
  /// `limits::min_rsa_bits` and `max_rsa_bits`.
  static result<live_signer> generate(signature_algorithm a, unsigned rsa_bits = 2048);
  /// A key that was kept (`private_key`). `malformed` when it is not one of this algorithm.
  static result<live_signer> from_private_key(signature_algorithm a, byte_view pkcs8);

  /// PKCS #8, DER, not encrypted.
  result<bytes> private_key() const;
  const live_verifier& verifier() const { return public_; }
  const bytes& swarm_id() const { return public_.swarm_id(); }
  result<bytes> sign(byte_view message) const;

private:
  live_signer() = default;
  static result<live_signer> of(signature_algorithm a, std::shared_ptr<evp_pkey_st> key);

  live_verifier public_;
};

/// What a signature is over.
enum class signed_form : std::uint8_t {
  /// RFC 7574 §6.1.1 and §6.1.2.2: the chunks' address as on the wire, the time, and then the
  /// munro's hash, or the chunk itself in a swarm that signs all.
  rfc7574,
  /// libswift signs the munro's hash alone, and its times are µs since 1970 (both out of its
  /// source).
  libswift,
};

/// The bytes that are signed. `r` must come from `addressable`. `what`: a munro's hash or a chunk.
bytes signed_bytes(signed_form form, const chunk_range& r, const chunk_address& a,
                   std::uint64_t signed_at, byte_view what);

/// µs since 1970, UTC.
using unix_time = std::chrono::duration<std::int64_t, std::micro>;

/// NTP's 64 bits of a time (RFC 5905 §6): seconds since 1900, modulo 2^32, and a binary fraction.
std::uint64_t ntp_of(unix_time t);
/// The time nearest to `near` that NTP's bits can mean.
unix_time time_of_ntp(std::uint64_t ntp, unix_time near);
/// A signature's time field, as the form has it.
std::uint64_t signed_time(signed_form form, unix_time t);
unix_time time_of_signed(signed_form form, std::uint64_t field, unix_time near);

} // namespace interswarm::ppsp
