#pragma once

#include "schema/base/hash.hpp"

#include <cstddef>

namespace interswarm {

/// A hash over bytes that arrive in parts, as a plain value: no allocation, and none of the
/// per-message costs of `hasher` (OpenSSL's EVP layer), which are as large as the hash of a 1 KiB
/// chunk itself. The block functions are OpenSSL's own either way, with the processor's SHA
/// instructions where it has them.
class digest_context {
public:
  explicit digest_context(hash_algorithm a) : algorithm_(a) { restart(); }

  hash_algorithm algorithm() const { return algorithm_; }
  std::size_t size() const { return digest_size(algorithm_); }
  void update(byte_view data);
  /// Writes `size()` bytes and starts again from nothing.
  void finish(byte* out);

private:
  void restart();

  hash_algorithm algorithm_;
  alignas(8) std::byte state_[112];
};

/// One digest over `data`; `out` takes `digest_size(a)` bytes.
void digest_into(hash_algorithm a, byte_view data, byte* out);

} // namespace interswarm
