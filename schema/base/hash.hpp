#pragma once

#include "schema/base/bytes.hpp"

#include <array>
#include <memory>

namespace interswarm {

/// Hash functions that the overlays name content with. MD4, MD5 and SHA-1 are names, not proofs.
enum class hash_algorithm : std::uint8_t { md4, md5, sha1, sha256 };

constexpr std::size_t digest_size(hash_algorithm a) {
  switch (a) {
  case hash_algorithm::md4: return 16;
  case hash_algorithm::md5: return 16;
  case hash_algorithm::sha1: return 20;
  case hash_algorithm::sha256: return 32;
  }
  return 0;
}

using md4_digest = std::array<byte, 16>;
using md5_digest = std::array<byte, 16>;
using sha1_digest = std::array<byte, 20>;
using sha256_digest = std::array<byte, 32>;

md4_digest md4(byte_view data);
md5_digest md5(byte_view data);
sha1_digest sha1(byte_view data);
sha256_digest sha256(byte_view data);
/// SHA-256 or SHA-1 of the concatenation, the inner-node step of every tree here.
sha256_digest sha256_pair(byte_view left, byte_view right);
sha1_digest sha1_pair(byte_view left, byte_view right);

/// A hash over bytes that arrive in parts. Not copyable, not for several threads at once.
class hasher {
public:
  explicit hasher(hash_algorithm a);
  ~hasher();
  hasher(hasher&&) noexcept;
  hasher& operator=(hasher&&) noexcept;

  hasher& update(byte_view data);
  /// Writes `digest_size()` bytes and starts again from nothing.
  void finish(std::span<byte> out);
  bytes finish();

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace interswarm
