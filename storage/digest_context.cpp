// The low-level functions are what this file is for: EVP costs more per message than hashing a
// Merkle node.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "storage/digest_context.hpp"

#include <openssl/md4.h>
#include <openssl/md5.h>
#include <openssl/sha.h>

namespace interswarm {

namespace {

template <class State>
State* as(std::byte* raw) {
  static_assert(sizeof(State) <= 112 && alignof(State) <= 8);
  return reinterpret_cast<State*>(raw);
}

} // namespace

void digest_context::restart() {
  switch (algorithm_) {
  case hash_algorithm::md4: MD4_Init(as<MD4_CTX>(state_)); break;
  case hash_algorithm::md5: MD5_Init(as<MD5_CTX>(state_)); break;
  case hash_algorithm::sha1: SHA1_Init(as<SHA_CTX>(state_)); break;
  case hash_algorithm::sha256: SHA256_Init(as<SHA256_CTX>(state_)); break;
  }
}

void digest_context::update(byte_view data) {
  switch (algorithm_) {
  case hash_algorithm::md4: MD4_Update(as<MD4_CTX>(state_), data.data(), data.size()); break;
  case hash_algorithm::md5: MD5_Update(as<MD5_CTX>(state_), data.data(), data.size()); break;
  case hash_algorithm::sha1: SHA1_Update(as<SHA_CTX>(state_), data.data(), data.size()); break;
  case hash_algorithm::sha256:
    SHA256_Update(as<SHA256_CTX>(state_), data.data(), data.size());
    break;
  }
}

void digest_context::finish(byte* out) {
  switch (algorithm_) {
  case hash_algorithm::md4: MD4_Final(out, as<MD4_CTX>(state_)); break;
  case hash_algorithm::md5: MD5_Final(out, as<MD5_CTX>(state_)); break;
  case hash_algorithm::sha1: SHA1_Final(out, as<SHA_CTX>(state_)); break;
  case hash_algorithm::sha256: SHA256_Final(out, as<SHA256_CTX>(state_)); break;
  }
  restart();
}

void digest_into(hash_algorithm a, byte_view data, byte* out) {
  digest_context one(a);
  one.update(data);
  one.finish(out);
}

} // namespace interswarm
