#pragma once

#include "schema/base/hash.hpp"
#include "schema/base/range.hpp"

#include <optional>
#include <vector>

/// The trees and lists by which overlays name content, computed from their leaves. Leaves are
/// digests in order without separators; a leaf run whose length is not a multiple of the digest is
/// cut to whole digests.
namespace interswarm {

/// BEP 52: bytes under one leaf.
inline constexpr std::uint64_t bep52_leaf_size = std::uint64_t{16} << 10;
/// eMule: bytes of a part (PARTSIZE) and of an AICH leaf (EMBLOCKSIZE).
inline constexpr std::uint64_t ed2k_part_size = 9'728'000;
inline constexpr std::uint64_t aich_leaf_size = 184'320;
/// RFC 7574 §8.1 suggests it and the only size that libswift uses.
inline constexpr std::uint64_t ppspp_chunk_size = 1024;

/// SHA-256 of each 16 KiB of `data`, the last one short.
bytes bep52_leaves(byte_view data);
/// Root over `leaves` padded with zero digests to `width` leaves (rounded up to a power of two; at
/// least the number of leaves). Width 0: the content's own width. For no leaf at all: SHA-256 of
/// nothing.
sha256_digest bep52_root(byte_view leaves, std::uint64_t width = 0);
/// The digests of the layer whose nodes cover `unit` bytes (a power of two >= 16 KiB), each padded
/// to full width: BEP 52's `piece layers` value. With `unit` = 16 KiB these are the leaves.
bytes bep52_layer(byte_view leaves, std::uint64_t unit);
/// Root of the pieces layer `layer` whose nodes cover `unit` bytes: equals `bep52_root` over the
/// leaves.
sha256_digest bep52_root_of_layer(byte_view layer, std::uint64_t unit);
/// Whether a node of a BEP 52 tree can cover `unit` bytes.
constexpr bool is_bep52_unit(std::uint64_t unit) {
  return unit >= bep52_leaf_size && (unit & (unit - 1)) == 0;
}

/// The two ways to name a content whose length is a multiple of the part size (eMule's own is red).
enum class ed2k_variant : std::uint8_t { red, blue };
/// File hash from MD4s of the bytes' parts (ceil(size / part size) of them; none for size 0).
md4_digest ed2k_hash(byte_view parts, std::uint64_t size, ed2k_variant variant = ed2k_variant::red);
/// The hash set as it goes over the wire and into links' `p=`: the parts, and for an exact multiple
/// the MD4 of nothing.
bytes ed2k_hash_set(byte_view parts, std::uint64_t size);

/// AICH root over SHA-1 leaves of 180 KiB that start anew at each part. For no leaf: SHA-1 of
/// nothing.
sha1_digest aich_root(byte_view leaves, std::uint64_t size);
/// Leaves of a content of `size` bytes.
std::uint64_t aich_leaf_count(std::uint64_t size);

/// RFC 7574 §5: binary tree over chunk hashes, an absent leaf is all zeroes and so is the parent of
/// two of them. `Algorithm` is SHA-1 or SHA-256; other algorithms give nothing.
struct ppspp_node {
  std::uint64_t first_chunk = 0;
  std::uint64_t chunks = 0; // a power of two
  bytes hash;
  friend bool operator==(const ppspp_node&, const ppspp_node&) = default;
};
/// Root of the tree over nodes that cover 2^k chunks each, for any k; `nodes` must not be empty.
bytes ppspp_root(hash_algorithm a, byte_view nodes);
/// Parents of `nodes`; an odd one out is paired with the zero hash.
bytes ppspp_parents(hash_algorithm a, byte_view nodes);
/// RFC 7574 §5.6: the peaks, one for each bit of the chunk count, largest first, from the chunks'
/// hashes.
std::vector<ppspp_node> ppspp_peaks(hash_algorithm a, byte_view leaves);
/// The root that `peaks` (as from `ppspp_peaks`) hash up to; nothing if they are no peaks of a
/// tree.
std::optional<bytes> ppspp_root_of_peaks(hash_algorithm a, const std::vector<ppspp_node>& peaks);

} // namespace interswarm
