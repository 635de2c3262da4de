#pragma once

#include "actors/overlays/ppsp/proved_nodes.hpp"
#include "actors/overlays/ppsp/swarm_terms.hpp"
#include "storage/range_set.hpp"

namespace interswarm::ppsp {

/// What a live source signed: a subtree's node (RFC 7574 §6.1.2.1), or one chunk where all are
/// signed, which has no hash.
struct live_munro {
  chunk_range chunks;
  tree_digest hash;
  std::uint64_t signed_at = 0;
  unix_time at{};
  bytes signature;
};

/// What one peer of a live swarm said and nothing has proved yet.
struct live_heard {
  /// Signatures of chunks that have not come, where all are signed.
  static constexpr std::size_t max_signatures = 512;

  heard_hashes hashes;
  std::map<std::uint64_t, live_munro> signatures;
};

/// What is proved of a live swarm within its discard window: munros with the source's signature,
/// the nodes below them, and chunks. A munro counts only in the order of the source's clock: what
/// is signed later is further on in the stream, so an old one that is played again moves nothing.
class live_book {
public:
  struct options {
    signed_form form = signed_form::rfc7574;
    /// The first munro must not be older (RFC 7574 §6.1.2.4).
    unix_time max_age = std::chrono::seconds(30);
    /// How far the source's clock may be ahead of ours.
    unix_time max_ahead = std::chrono::seconds(10);
  };
  /// Chunks below one munro.
  static constexpr std::uint64_t max_munro_chunks = 4096;

  enum class verdict : std::uint8_t {
    accepted,
    /// It was known, or lies behind the window.
    known,
    /// Its time is too old, too new, or out of order: it is not taken, but whoever passed it on
    /// need not lie.
    untimely,
    /// Its hash did not come before it.
    hashless,
    /// The source did not sign this.
    refuted,
  };

  live_book(const swarm_terms& terms, live_verifier source, const options& o);

  /// A peer's INTEGRITY. False: it contradicts what is proved, or is no node.
  bool hear(live_heard& from, const chunk_range& at, byte_view hash);
  /// A peer's SIGNED_INTEGRITY. Where all chunks are signed, one that is `accepted` proves nothing
  /// before its chunk comes.
  verdict hear(live_heard& from, const signed_integrity& m, unix_time now);
  judgement judge(live_heard& from, std::uint64_t chunk, byte_view payload, unix_time now);
  /// The source's own, in order.
  void add(const live_munro& m, const std::vector<tree_node>& nodes);

  /// The munro above a chunk; nothing when none is proved.
  const live_munro* munro_above(std::uint64_t chunk) const;
  const live_munro* newest() const;
  const tree_digest* node(const chunk_range& at) const { return nodes_.find(at); }
  /// One behind the last chunk that is signed; 0 before the first munro.
  std::uint64_t edge() const {
    return munros_.empty() ? floor_ : munros_.rbegin()->second.chunks.end;
  }
  /// Chunks before this are behind the window.
  std::uint64_t floor() const { return floor_; }
  /// Leaves that are proved to be empty: the source stopped there.
  const range_set& absent() const { return absent_; }
  bool signs_all() const { return terms_.integrity == integrity_method::sign_all; }
  /// For bounds and tests.
  std::size_t munros() const { return munros_.size(); }
  std::size_t nodes() const { return nodes_.size(); }

private:
  bool is_timely(const live_munro& m, unix_time now) const;
  bool is_signed(const live_munro& m, byte_view what) const;
  void take(live_munro m);

  swarm_terms terms_;
  live_verifier source_;
  options options_;
  /// By their first chunk.
  std::map<std::uint64_t, live_munro> munros_;
  proved_nodes nodes_;
  range_set absent_;
  std::uint64_t floor_ = 0;
  /// RFC 7574 §6.1.2.1: fixed; learnt from the first.
  std::uint64_t munro_chunks_ = 0;
};

} // namespace interswarm::ppsp
