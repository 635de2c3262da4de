#pragma once

#include "actors/overlays/ppsp/live_book.hpp"

namespace interswarm::ppsp {

/// A piece of the stream that is whole and signed: one munro, and what is below it.
struct live_batch {
  live_munro munro;
  /// All nodes below the munro and itself, where a tree is used.
  std::vector<tree_node> nodes;
  /// From the munro's first on; fewer than it has room for when the stream paused.
  std::vector<bytes> chunks;
};

/// A live stream's source: cuts bytes into chunks, builds the tree above them and signs it
/// (RFC 7574 §6.1). Chunk numbers and times only ever grow, also over a restart: whoever holds it
/// keeps `next_chunk` with the key.
class live_source {
public:
  struct options {
    /// NCHUNKS_PER_SIG: a power of two, 2 to `live_book::max_munro_chunks`. Without effect where
    /// all chunks are signed.
    std::uint64_t munro_chunks = 32;
    /// Where to go on; rounded up to a munro's beginning.
    std::uint64_t first_chunk = 0;
    signed_form form = signed_form::rfc7574;
  };

  /// `configuration` for terms that are not live or not of this key, and options out of bounds.
  static result<live_source> make(const swarm_terms& terms, live_signer signer, const options& o);

  /// More of the stream; what became whole with it. A failure (of OpenSSL) loses what was to be
  /// signed.
  result<std::vector<live_batch>> push(byte_view more, unix_time now);
  /// The stream ends or pauses: what waits is signed, with empty leaves for what is not there.
  result<std::optional<live_batch>> flush(unix_time now);

  /// The first chunk of the next munro.
  std::uint64_t next_chunk() const { return next_; }
  std::size_t waiting() const { return waiting_.size(); }

private:
  live_source(const swarm_terms& terms, live_signer signer, const options& o);
  result<live_batch> sign(byte_view payload, unix_time now);

  swarm_terms terms_;
  live_signer signer_;
  options options_;
  bytes waiting_;
  std::uint64_t next_ = 0;
  unix_time last_{};
};

} // namespace interswarm::ppsp
