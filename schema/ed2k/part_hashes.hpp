#pragma once

#include "schema/base/hash.hpp"

#include <optional>
#include <span>
#include <vector>

namespace interswarm::ed2k {

/// eMule's PARTSIZE: bytes under one MD4 of the hash set.
constexpr std::uint64_t part_bytes = 9'728'000;

/// Two readings of the format differ for files of whole parts: "red" (eMule, aMule) adds the MD4 of
/// nothing.
enum class hash_variant : std::uint8_t { red, blue };

/// Parts that hold bytes.
constexpr std::uint64_t part_count(std::uint64_t size) {
  return size / part_bytes + (size % part_bytes != 0 ? 1 : 0);
}

/// The file hash over the digests of all parts that hold bytes (one for an empty file: the MD4 of
/// nothing).
md4_digest file_hash(std::span<const md4_digest> parts, std::uint64_t size, hash_variant variant);

/// Which variant makes `parts` the hash set of `hash`; nothing when none does. `parts` may end with
/// the MD4 of nothing where the red variant or the wire has it.
std::optional<hash_variant> match_part_hashes(std::span<const md4_digest> parts, std::uint64_t size,
                                              const md4_digest& hash);

} // namespace interswarm::ed2k
