#pragma once

#include "schema/ppsp/protocol_options.hpp"

#include <array>
#include <optional>
#include <vector>

/// The Merkle hash tree over a swarm's chunks (RFC 7574 §5): leaves are hashes of chunks, the last
/// one short; leaves that are absent are all zeroes, and so is the parent of two such nodes.
namespace interswarm::ppsp {

/// A node's hash by any of the functions, 20 to 64 bytes.
class tree_digest {
public:
  tree_digest() = default;
  /// All zeroes.
  explicit tree_digest(merkle_hash f) : size_(static_cast<std::uint8_t>(ppsp::hash_bytes(f))) {}
  /// Nothing when `raw` is not as long as `f`'s hashes.
  static std::optional<tree_digest> from_bytes(merkle_hash f, byte_view raw);

  byte_view view() const { return {bytes_.data(), size_}; }
  std::span<byte> raw() { return {bytes_.data(), size_}; }
  bool is_zero() const { return bytes_ == std::array<byte, 64>{}; }

  friend bool operator==(const tree_digest&, const tree_digest&) = default;

private:
  std::array<byte, 64> bytes_{};
  std::uint8_t size_ = 0;
};

/// The leaf of a chunk.
tree_digest chunk_hash(merkle_hash f, byte_view chunk);
/// The node above two.
tree_digest parent_hash(merkle_hash f, const tree_digest& left, const tree_digest& right);

/// The peaks of a tree of so many chunks (RFC 7574 §5.6): a node for each bit of the number, the
/// largest first.
std::vector<chunk_range> peaks_of(std::uint64_t chunks);
/// The peak above `chunk`, which must be below `chunks`.
chunk_range peak_above(std::uint64_t chunk, std::uint64_t chunks);
/// The nodes beside the way from `chunk` up to `top`, which is a node above it: from the one just
/// below `top` down to the chunk's sibling (RFC 7574 §5.5).
std::vector<chunk_range> uncles_of(std::uint64_t chunk, const chunk_range& top);

struct tree_node {
  chunk_range chunks;
  tree_digest hash;

  friend bool operator==(const tree_node&, const tree_node&) = default;
};
/// The root over peaks, which must follow each other from chunk 0 on, each smaller than the one
/// before it; nothing when they do not.
std::optional<tree_digest> root_of(merkle_hash f, const std::vector<tree_node>& peaks);

} // namespace interswarm::ppsp
