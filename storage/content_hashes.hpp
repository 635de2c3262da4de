#pragma once

#include "schema/base/hash.hpp"
#include "storage/hash_trees.hpp"
#include "storage/values.hpp"

#include <map>
#include <optional>
#include <vector>

namespace interswarm {

/// Which names of a content to compute. Everything by default, except v1 pieces, which need their
/// lengths.
struct hash_plan {
  bool md5 = true;
  bool sha1 = true;
  bool sha256 = true;
  bool bep52 = true;
  bool ed2k = true;
  bool aich = true;
  bool ppspp_sha1 = true;
  bool ppspp_sha256 = true;
  /// BitTorrent v1 piece lengths, each > 0, at most `limits::hasher_piece_lengths` of them.
  std::vector<std::uint64_t> v1_piece_lengths;

  static hash_plan none() { return {false, false, false, false, false, false, false, false, {}}; }
};

/// A PPSPP tree of 1 KiB chunks, kept down to the layer of 64 KiB (64 chunks): its nodes, and the
/// chunk hashes of the last group when that is incomplete. Enough for the root and all peaks at
/// 0.03 to 0.05 % of the content.
struct ppspp_tree {
  static constexpr std::uint64_t group_chunks = 64;

  hash_algorithm algorithm = hash_algorithm::sha256;
  std::uint64_t chunks = 0;
  bytes nodes;
  bytes tail;

  /// The swarm id.
  bytes root() const;
  std::vector<ppspp_node> peaks() const;
};

/// What one pass over a content found. A name that was not asked for is absent.
struct content_hashes {
  std::uint64_t size = 0;
  std::optional<md5_digest> md5;
  std::optional<sha1_digest> sha1;
  std::optional<sha256_digest> sha256;
  /// BEP 52 pieces root; for size 0 the SHA-256 of nothing.
  std::optional<sha256_digest> content_id;
  bytes bep52_leaves;
  /// Piece length -> SHA-1 digests.
  std::map<std::uint64_t, bytes> v1_pieces;
  /// eMule's own file hash; `ed2k_blue` differs from it only when the size is a multiple of the
  /// part size.
  std::optional<md4_digest> ed2k_red;
  std::optional<md4_digest> ed2k_blue;
  bytes ed2k_parts;
  std::optional<sha1_digest> aich_root;
  bytes aich_leaves;
  /// Absent for size 0, where RFC 7574 defines no tree.
  std::optional<ppspp_tree> ppspp_sha1;
  std::optional<ppspp_tree> ppspp_sha256;
};

/// Proof data in the neutral shape, evidence `structural`: the digests hash up to the names beside
/// them. `unit` for BEP 52 is 16 KiB for the leaves or a piece length for a layer.
msg::hash_list bep52_hash_list(const content_hashes& h, std::uint64_t unit = bep52_leaf_size);
msg::hash_list ed2k_hash_list(const content_hashes& h);
msg::hash_list aich_hash_list(const content_hashes& h);
/// `piece_length` must be one of those in `h.v1_pieces`.
msg::hash_list v1_hash_list(const content_hashes& h, std::uint64_t piece_length);
/// The list of `h` over the same units as `like`, if those were hashed.
std::optional<msg::hash_list> hash_list_like(const content_hashes& h, const msg::hash_list& like);

} // namespace interswarm
