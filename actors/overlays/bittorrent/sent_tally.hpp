#pragma once

#include <cstdint>
#include <deque>
#include <optional>

namespace interswarm::bittorrent {

/// Payload that one connection was given: what libtorrent was handed, what it told that the socket
/// took, and, when the client has left, what it took without telling. libtorrent tells nothing of a
/// write that was done when it meets the other side's end, which it may read in the same turn.
class sent_tally {
public:
  /// A block was put behind what waits to be sent.
  void queued(std::uint32_t bytes) {
    waiting_.push_back({bytes, true});
    queued_ += bytes;
  }
  /// The socket took so many bytes of payload.
  void told(std::uint64_t bytes);

  /// The connection is over. `acknowledged`: bytes of all kinds that the other side's TCP has
  /// acknowledged, `sent`: those that libtorrent told of; nothing where there is no TCP to ask.
  /// `has_all`: the client was seen to have the whole content. The payload that is to be counted
  /// beside what was told: whole blocks that were acknowledged; without TCP, all that was queued
  /// for a client that left with everything.
  std::uint64_t left(std::optional<std::uint64_t> acknowledged, std::uint64_t sent,
                     bool has_all) const;

private:
  struct block {
    std::uint64_t bytes = 0;
    /// Its head is not sent yet (BEP 3: length, type, index and begin of a `piece` message).
    bool whole = true;
  };

  std::deque<block> waiting_;
  std::uint64_t queued_ = 0;
  std::uint64_t told_ = 0;
};

} // namespace interswarm::bittorrent
