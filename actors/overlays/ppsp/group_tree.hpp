#pragma once

#include "schema/ppsp/merkle.hpp"

#include <cstdint>
#include <vector>

namespace interswarm::ppsp {

/// The tree of a whole content above its groups of 64 chunks: what a holder keeps of it (0.1 % of
/// the content with SHA-256). What lies below is computed from the bytes of a group, when it is
/// read.
class group_tree {
public:
  static constexpr std::uint64_t group_chunks = 64;
  static constexpr std::uint64_t groups_of(std::uint64_t chunks) {
    return (chunks + group_chunks - 1) / group_chunks;
  }

  /// `groups`: the nodes over the groups in order, the last one over what there is and zeroes.
  /// Throws `std::invalid_argument` when their number is not that of `chunks`.
  group_tree(merkle_hash f, std::uint64_t chunks, std::vector<tree_digest> groups);

  merkle_hash function() const { return function_; }
  std::uint64_t chunks() const { return chunks_; }
  /// A node over whole groups; `at` must be a node of 64 chunks or more.
  tree_digest node(const chunk_range& at) const;

private:
  merkle_hash function_;
  std::uint64_t chunks_;
  /// From the groups up to the root, each half as long as the one before, rounded up.
  std::vector<std::vector<tree_digest>> layers_;
};

/// The bytes of one group, cut into chunks, and the tree below its node.
class chunk_group {
public:
  /// `payload`: the group's bytes. The last group of a content may be short.
  chunk_group(merkle_hash f, std::uint64_t number, std::uint32_t chunk_bytes, bytes payload);

  std::uint64_t number() const { return number_; }
  chunk_range chunks() const;
  /// A chunk of the group, by its number in the content.
  byte_view chunk(std::uint64_t chunk) const;
  /// A node of at most 64 chunks of the group.
  tree_digest node(const chunk_range& at) const;
  /// The node over all of it.
  tree_digest top() const { return layers_.back().front(); }

private:
  std::uint64_t number_;
  std::uint32_t chunk_bytes_;
  merkle_hash function_;
  bytes payload_;
  std::vector<std::vector<tree_digest>> layers_;
};

} // namespace interswarm::ppsp
