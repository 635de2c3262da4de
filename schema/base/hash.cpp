#include "schema/base/hash.hpp"

#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/sha.h>
#include <stdexcept>

namespace interswarm {

namespace {

/// Algorithms are fetched once: EVP_get_digestbyname would look them up at each start of a hash.
struct algorithms {
  // MD4 lives in OpenSSL's legacy provider; loading any provider by name stops the default one from
  // loading by itself.
  OSSL_PROVIDER* default_provider = OSSL_PROVIDER_load(nullptr, "default");
  OSSL_PROVIDER* legacy_provider = OSSL_PROVIDER_load(nullptr, "legacy");
  EVP_MD* md4 = EVP_MD_fetch(nullptr, "MD4", nullptr);
  EVP_MD* md5 = EVP_MD_fetch(nullptr, "MD5", nullptr);
  EVP_MD* sha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  EVP_MD* sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);

  const EVP_MD* get(hash_algorithm a) const {
    const EVP_MD* found = nullptr;
    switch (a) {
    case hash_algorithm::md4: found = md4; break;
    case hash_algorithm::md5: found = md5; break;
    case hash_algorithm::sha1: found = sha1; break;
    case hash_algorithm::sha256: found = sha256; break;
    }
    if (found == nullptr)
      throw std::runtime_error("OpenSSL lacks a digest; is its legacy provider installed?");
    return found;
  }
};

const EVP_MD* find(hash_algorithm a) {
  // Never destroyed: OpenSSL's own exit handler may run first.
  static const algorithms& known = *new algorithms;
  return known.get(a);
}

template <class Digest>
Digest digest(hash_algorithm a, byte_view data) {
  Digest out;
  if (EVP_Digest(data.data(), data.size(), out.data(), nullptr, find(a), nullptr) != 1) {
    throw std::runtime_error("OpenSSL digest failed");
  }
  return out;
}

} // namespace

md4_digest md4(byte_view data) { return digest<md4_digest>(hash_algorithm::md4, data); }
md5_digest md5(byte_view data) { return digest<md5_digest>(hash_algorithm::md5, data); }
sha1_digest sha1(byte_view data) { return digest<sha1_digest>(hash_algorithm::sha1, data); }

sha256_digest sha256(byte_view data) { return digest<sha256_digest>(hash_algorithm::sha256, data); }

sha256_digest sha256_pair(byte_view left, byte_view right) {
  bytes both(left.begin(), left.end());
  append(both, right);
  return sha256(both);
}

sha1_digest sha1_pair(byte_view left, byte_view right) {
  bytes both(left.begin(), left.end());
  append(both, right);
  return sha1(both);
}

struct hasher::state {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  const EVP_MD* algorithm;
  std::size_t size;

  explicit state(hash_algorithm a) : algorithm(find(a)), size(digest_size(a)) {
    if (context == nullptr) throw std::bad_alloc();
    restart();
  }
  ~state() { EVP_MD_CTX_free(context); }
  state(const state&) = delete;
  state& operator=(const state&) = delete;

  void restart() {
    if (EVP_DigestInit_ex(context, algorithm, nullptr) != 1) {
      throw std::runtime_error("OpenSSL digest failed");
    }
  }
};

hasher::hasher(hash_algorithm a) : state_(std::make_unique<state>(a)) {}
hasher::~hasher() = default;
hasher::hasher(hasher&&) noexcept = default;
hasher& hasher::operator=(hasher&&) noexcept = default;

hasher& hasher::update(byte_view data) {
  EVP_DigestUpdate(state_->context, data.data(), data.size());
  return *this;
}

void hasher::finish(std::span<byte> out) {
  if (out.size() < state_->size) throw std::length_error("digest buffer too small");
  EVP_DigestFinal_ex(state_->context, out.data(), nullptr);
  state_->restart();
}

bytes hasher::finish() {
  bytes out(state_->size);
  finish(out);
  return out;
}

} // namespace interswarm
