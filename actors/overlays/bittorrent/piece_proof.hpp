#pragma once

#include "schema/base/bytes.hpp"
#include "schema/base/hash.hpp"

#include <cstdint>
#include <map>
#include <vector>

namespace interswarm::bittorrent {

/// BEP 52: root of the Merkle tree with `leaves` (a power of two) 16 KiB leaves over `data`; leaves
/// past the data are zero hashes.
sha256_digest subtree_root(byte_view data, std::uint64_t leaves);

/// BEP 52: root over `hashes` (32 bytes each), nodes that each cover `unit` bytes (16 KiB times a
/// power of two), padded to a power of two. `malformed` input gives the zero digest.
sha256_digest root_of_nodes(byte_view hashes, std::uint64_t unit);

/// Nodes of `unit` bytes made from nodes of `from` bytes, as for a piece layer from leaves; the
/// last node is padded as BEP 52 says.
bytes widen_layer(byte_view hashes, std::uint64_t from, std::uint64_t unit);

/// The hashes that a torrent gives for its pieces, v1 and v2.
class piece_proof {
public:
  /// A file of a v2 torrent, which begins at a piece of its own.
  struct v2_file {
    std::uint64_t length = 0;
    sha256_digest root{};
    /// 32 bytes a piece; empty when unknown or when the file fits one piece.
    bytes layer;
  };

  piece_proof() = default;
  /// `v1`: 20 bytes a piece, empty for a v2-only torrent. `v2`: by first piece.
  piece_proof(std::uint32_t piece_length, bytes v1, std::map<std::uint32_t, v2_file> v2)
      : piece_length_(piece_length), v1_(std::move(v1)), v2_(std::move(v2)) {}

  /// Whether `check` can tell anything about `piece`.
  bool knows(std::uint32_t piece) const;
  /// `data` is the whole piece with its padding. Every hash known for the piece must agree, and one
  /// must be known: of a hybrid torrent both kinds of clients get these bytes.
  bool check(std::uint32_t piece, byte_view data) const;
  /// The v2 piece layer of the file that begins at `first_piece`; empty when it has none.
  bytes layer(std::uint32_t first_piece) const;

private:
  struct v2_piece {
    std::uint64_t length = 0;
    std::uint64_t leaves = 0;
    sha256_digest hash{};
  };
  bool find_v2(std::uint32_t piece, v2_piece& out) const;

  std::uint32_t piece_length_ = 0;
  bytes v1_;
  std::map<std::uint32_t, v2_file> v2_;
};

} // namespace interswarm::bittorrent
