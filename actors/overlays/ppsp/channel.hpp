#pragma once

#include "actors/overlays/ppsp/instant.hpp"
#include "actors/overlays/ppsp/swarm_terms.hpp"

namespace interswarm::ppsp {

/// One connection to a peer of a swarm: its handshake, its numbers, and whether the peer still
/// lives (RFC 7574 §3.11, §8.4, §8.15). Whoever holds it sends the datagrams and tells it the time.
class channel {
public:
  enum class phase : std::uint8_t {
    /// We sent a handshake and wait for the peer's.
    opening,
    /// The peer sent one and has our answer; its next datagram proves its address. Until then it
    /// gets nothing that is larger than what it sent.
    answered,
    open,
    closed,
  };
  /// Handshakes that are sent before a peer is given up, 1, 2, 4 and 8 s apart.
  static constexpr unsigned max_handshakes = 4;
  static constexpr instant first_wait = std::chrono::seconds(1);
  static constexpr instant answer_wait = std::chrono::seconds(10);
  /// A peer that hears nothing for three minutes may think us dead.
  static constexpr instant keep_alive_every = std::chrono::seconds(55);
  static constexpr instant dead_after = std::chrono::minutes(3);
  static constexpr unsigned dead_after_datagrams = 3;

  /// We dial. `own` is random and not 0; `terms` must outlive it.
  static channel dial(const swarm_terms& terms, channel_id own, const endpoint& peer, instant now);
  /// The peer dialled, with a handshake that `terms` do not refuse and a source that is not 0.
  static channel answer(const swarm_terms& terms, channel_id own, const endpoint& peer,
                        const handshake& theirs, instant now);

  phase state() const { return phase_; }
  channel_id own() const { return own_; }
  /// 0 before its handshake.
  channel_id theirs() const { return theirs_; }
  const endpoint& peer() const { return peer_; }
  /// How the peer's messages are to be read.
  const dialect& hears() const { return hears_; }
  /// Whether the peer understands `m` as far as it told.
  bool understands(message_type m) const { return supported_.contains(m); }

  /// Chunks behind its newest that a live peer keeps, as far as it told (RFC 7574 §6.2); nothing:
  /// all.
  std::optional<std::uint64_t> keeps() const { return keeps_; }

  /// Begins a datagram to the peer: its channel, and our handshake where that is due.
  void begin(bytes& out);
  /// One was sent.
  void sent(instant now);

  /// A datagram of the peer came to our channel from `from`. False: it is not of this peer, or
  /// comes too late, and is not to be read.
  bool heard(const endpoint& from, instant now);
  /// The peer's handshake in such a datagram. Fails `refuted` when it cannot be one of the swarm;
  /// the channel is then closed, and so it is by one that closes.
  result<void> accept(const handshake& theirs);
  /// Says goodbye: appends the datagram that closes the peer's side, if it has one.
  void close(bytes& out);

  /// When `tick` is due next; nothing once it is closed.
  std::optional<instant> deadline() const;
  /// What is to be sent at a deadline.
  enum class errand : std::uint8_t { nothing, handshake, keep_alive };
  /// Closes the channel of a peer that does not answer or is dead.
  errand tick(instant now);

private:
  channel(const swarm_terms& terms, channel_id own, const endpoint& peer, phase p, instant now);
  void learn(const protocol_options& theirs);
  /// libswift drops a handshake that tells its chunks' size, so every other one does not.
  bool tells_chunk_bytes() const { return handshakes_ % 2 == 0; }

  const swarm_terms* terms_;
  channel_id own_;
  channel_id theirs_ = 0;
  endpoint peer_;
  phase phase_;
  dialect hears_;
  message_set supported_ = message_set::all();
  std::optional<std::uint64_t> keeps_;
  bool answer_is_due_ = false;
  bool answer_tells_chunk_bytes_ = false;
  unsigned handshakes_ = 0;
  unsigned unanswered_ = 0;
  instant began_;
  instant last_sent_;
  instant last_heard_;
};

} // namespace interswarm::ppsp
