#pragma once

#include "actors/overlays/ppsp/instant.hpp"
#include "schema/ppsp/chunk_address.hpp"
#include "storage/range_set.hpp"

#include <array>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

namespace interswarm::ppsp {

/// What one peer asked us for and what it got: the order in which its chunks go out, the hashes
/// that go with each, and what is acknowledged or lost. Chunk numbers are its only notion of bytes.
class chunk_sender {
public:
  /// Separate ranges that a peer may have waiting; more are refused.
  static constexpr std::size_t max_ranges = 512;
  /// Chunks that are acknowledged behind one before it counts as lost.
  static constexpr unsigned lost_after = 3;

  /// Of the whole content: where the peaks are. Requests beyond it are cut. A live swarm's has no
  /// end: `limits::max_chunks`.
  explicit chunk_sender(std::uint64_t chunks) : chunks_(chunks) {}

  /// The peer wants these, in addition. False: it wants too many ranges at once.
  bool request(const chunk_range& r);
  /// It has them from elsewhere.
  void cancel(const chunk_range& r);
  /// Nothing more goes out until it asks anew (CHOKE).
  void drop_requests() { waiting_.clear(); }
  std::uint64_t waiting() const;

  /// The chunk that goes next; nothing when none is asked for.
  std::optional<std::uint64_t> next() const;
  /// The first asked for of those that are there: a peer may ask before there is anything.
  std::optional<std::uint64_t> next(const range_set& there) const;
  /// Nodes whose hashes the peer lacks for `chunk` as far as we know, in the order of RFC 7574
  /// §5.5: peaks, where it has nothing yet, then uncles from the top down. What is under way counts
  /// as known, unless `chunk` was sent before and is asked for again.
  std::vector<chunk_range> hashes_for(std::uint64_t chunk) const;
  /// In a live swarm, below the munro `top` over `chunk`: itself first, unless the peer has told
  /// of a chunk below it (RFC 7574 §6.1.2.3), then uncles. Only what is acknowledged counts, so
  /// that a datagram that is lost delays nobody but its own chunk (§5.3).
  std::vector<chunk_range> hashes_below(std::uint64_t chunk, const chunk_range& top) const;
  /// It went out; `bytes` of datagram.
  void sent(std::uint64_t chunk, std::size_t bytes, instant now);

  struct news {
    /// Datagram bytes that are no longer under way, acknowledged and lost.
    std::size_t acked_bytes = 0;
    std::size_t lost_bytes = 0;
    /// Chunks that are acknowledged for the first time.
    std::uint64_t acked_chunks = 0;
    /// Of the newest that was sent once.
    std::optional<instant> round_trip;
  };
  /// The peer's ACK.
  news acked(const chunk_range& r, instant now);
  /// Silence: all that is under way is lost. The peer will ask again for what it misses.
  void lose_all();
  /// What the peer has, as its HAVEs say, needs no hashes and no sending.
  void has(const chunk_range& r);
  /// A live swarm's chunks before `chunk` are no longer spoken of.
  void forget(std::uint64_t before);

  /// When the first of these that are under way was sent.
  std::optional<instant> sent_at(const chunk_range& r) const;

  const range_set& delivered() const { return acked_; }

private:
  struct flight {
    std::uint64_t chunk = 0;
    std::size_t bytes = 0;
    instant at{};
    /// The chunk was sent before: its time says nothing.
    bool again = false;
    bool done = false;
  };

  void landed(std::uint64_t sequence);
  std::size_t take_lost();

  std::uint64_t chunks_;
  /// In the order of the asking.
  std::deque<chunk_range> waiting_;
  /// In the order of sending; the first has the sequence number `first_`.
  std::deque<flight> flights_;
  std::uint64_t first_ = 1;
  std::unordered_map<std::uint64_t, std::uint64_t> sequence_of_;
  /// The highest sequence numbers that are acknowledged, the lowest of them first.
  std::array<std::uint64_t, lost_after> landed_{};
  range_set under_way_;
  range_set sent_once_;
  range_set acked_;
};

} // namespace interswarm::ppsp
