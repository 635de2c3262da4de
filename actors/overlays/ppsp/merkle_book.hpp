#pragma once

#include "actors/overlays/ppsp/proved_nodes.hpp"

#include <optional>

namespace interswarm::ppsp {

/// What is proved of a static swarm's tree: its size, by peaks that hash up to the swarm id, and
/// chunks. Not for several threads.
///
/// A peer can claim more chunks than there are: the parent of a peak and of absent chunks is a node
/// like any other, up to the root itself. Fewer it cannot, without a hash of zero. So the smallest
/// size that hashes up to the root counts, whoever said it and whenever.
class merkle_book {
public:
  using judgement = ppsp::judgement;

  /// `root` is the swarm id and as long as `f`'s hashes.
  merkle_book(merkle_hash f, const tree_digest& root);

  merkle_hash function() const { return function_; }
  const tree_digest& root() const { return root_; }
  /// Chunks of the whole; nothing before peaks proved it. May become smaller, see above.
  std::optional<std::uint64_t> chunks() const { return chunks_; }
  /// Grows when the tree turned out lower than it was claimed to be: chunks that were judged good
  /// before have to be judged anew.
  std::uint32_t generation() const { return generation_; }

  /// A peer's INTEGRITY. False: it contradicts what is proved.
  bool hear(heard_hashes& from, const chunk_range& at, const tree_digest& hash);
  /// A chunk with the hashes that the same peer sent. What proves it is kept, also for others.
  judgement judge(heard_hashes& from, std::uint64_t chunk, byte_view payload);

  /// A node that is proved; nothing for one that is not, and for nodes inside subtrees that were
  /// left to whoever keeps the bytes.
  const tree_digest* find(const chunk_range& at) const { return proved_.find(at); }
  /// These chunks are all verified: their nodes below the one that covers them are forgotten.
  void settle(const chunk_range& subtree);
  /// Nodes held, for bounds and tests.
  std::size_t held() const { return proved_.size(); }

private:
  void claim(heard_hashes& from, const chunk_range& last_peak);

  merkle_hash function_;
  tree_digest root_;
  std::optional<std::uint64_t> chunks_;
  std::uint32_t generation_ = 0;
  proved_nodes proved_;
};

} // namespace interswarm::ppsp
