#pragma once

#include "actors/overlays/ppsp/live_peer.hpp"
#include "actors/overlays/ppsp/live_source.hpp"
#include "actors/overlays/ppsp/structure.hpp"
#include "actors/overlays/ppsp/swarm_party.hpp"

#include <deque>
#include <memory>
#include <set>

namespace interswarm::ppsp {

/// A peer of a live swarm: the source, which `publish`es, a relay or a viewer. It takes what the
/// source signed from whoever has it, keeps the chunks of its discard window, and gives them on.
/// Whoever holds it passes it the datagrams and the time, and calls `settle` when it has passed
/// what came together.
class live_swarm final : public swarm_party {
public:
  struct limits {
    std::size_t peers = 64;
    std::size_t half_open = 32;
    /// Peers that are served at once; the others are choked until a place is free.
    std::size_t slots = 32;
    /// Chunks that came before what proves them, of one peer.
    std::size_t unproved_chunks = 128;
    /// Wrong chunks, hashes or signatures after which a peer is left for good.
    unsigned patience = 3;
    std::size_t shunned = 1024;
    /// Separate ranges that are remembered of what a peer has.
    std::size_t have_ranges = 256;
    /// Asked of one peer at once.
    std::uint64_t least_pipeline_bytes = 32 << 10;
    std::uint64_t most_pipeline_bytes = 1 << 20;
    /// Asked for beyond what is known to be signed.
    std::uint64_t ahead_chunks = 128;
    std::size_t datagram_bytes = 1400;
  };
  struct options {
    /// A source takes nothing.
    bool takes = true;
    /// Where to begin: so many chunks before the newest that is signed.
    std::uint64_t start_offset = 128;
    /// Of these the first are asked for in order, and of a second peer when the first is slow.
    std::uint64_t urgent_chunks = 64;
    /// A chunk that plays next is waited for so long when there are later ones.
    instant skip_after = std::chrono::seconds(3);
    live_book::options book;
  };
  struct events {
    /// A chunk that is proved, once, in the order of coming.
    std::function<void(std::uint64_t chunk, byte_view payload)> took;
    /// The same in the order of the stream, and the chunks that are left out of it.
    std::function<void(std::uint64_t chunk, byte_view payload)> play;
    std::function<void(const chunk_range& r)> skipped;
    /// Peers that others told of.
    std::function<void(const endpoint& peer)> heard_of;
  };
  struct counts {
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
    std::uint64_t refuted = 0;
    std::uint64_t untimely = 0;
    std::uint64_t late = 0;
    std::uint64_t twice = 0;
    std::uint64_t refused = 0;
    std::uint64_t skipped = 0;
  };

  /// `terms` have a live window. `epoch`: the time of day at instant 0.
  live_swarm(swarm_terms terms, live_verifier source, swarm_hands& hands, events e,
             std::unique_ptr<structure> shape, const options& o, const limits& l, unix_time epoch);

  const swarm_terms& terms() const override { return terms_; }
  /// The time of day was set anew.
  void set_epoch(unix_time epoch) { epoch_ = epoch; }
  unix_time clock(instant now) const { return epoch_ + now; }
  /// The source's next batch.
  void publish(const live_batch& b, instant now);

  void dial(const endpoint& peer, instant now);
  void greet(const endpoint& from, const handshake& theirs, std::size_t datagram_bytes,
             instant now) override;
  void take(channel_id own, const endpoint& from, byte_view datagram, instant now) override;
  void settle(instant now) override;
  std::optional<instant> deadline() const override;
  void tick(instant now) override;
  void close() override;

  const live_book& book() const { return book_; }
  const range_set& held() const { return picker_.held(); }
  /// What plays next; nothing before a tune-in point is found.
  const std::optional<std::uint64_t>& position() const { return next_; }
  std::size_t peers() const;
  const counts& counted() const { return counts_; }

private:
  live_peer& start(channel_id own, channel line);
  bool handle(live_peer& p, const message& m, instant now);
  void blame(live_peer& p);
  void control(live_peer& p, instant now);
  void send(live_peer& p, byte_view datagram, instant now);
  void drop_closed();
  void slide();
  // live_give.cpp
  void asked_for(live_peer& p, const chunk_range& r, instant now);
  void acknowledged(live_peer& p, const ack& m, instant now);
  void exchange_peers(live_peer& p, outbox& out, instant now);
  std::size_t places_taken() const;
  void share_slots(outbox& out, live_peer& p, instant now);
  void tell(live_peer& p, outbox& out, instant now);
  bool shows_newest(const live_peer& p) const;
  void pump(live_peer& p, instant now);
  bool send_chunk(live_peer& p, std::uint64_t chunk, instant now);
  // live_take.cpp
  void has(live_peer& p, const chunk_range& r);
  void signature(live_peer& p, const signed_integrity& m, instant now);
  void take_data(live_peer& p, const data& m, instant now);
  void judge(live_peer& p, std::uint64_t chunk, byte_view payload, instant now);
  void keep(std::uint64_t chunk, byte_view payload);
  void tune_in();
  void look_ahead(std::uint64_t beyond);
  void refresh_wants(instant now);
  void ask(live_peer& p, outbox& out, instant now);
  void subscribe(instant now);
  void play(instant now);
  void lateness(instant now);

  swarm_terms terms_;
  swarm_hands& hands_;
  events events_;
  std::unique_ptr<structure> structure_;
  options options_;
  limits limits_;
  unix_time epoch_;
  live_book book_;
  chunk_picker picker_;
  std::map<std::uint64_t, bytes> chunks_;
  std::map<channel_id, live_peer> peers_;
  std::set<endpoint> shunned_;
  peer_number next_number_ = 0;
  std::optional<std::uint64_t> next_;
  std::optional<instant> blocked_since_;
  /// Where the signed part ended, and when; with a push, what is younger is not pulled.
  std::deque<std::pair<instant, std::uint64_t>> edges_;
  std::uint64_t pulled_to_ = 0, pushed_from_ = 0, subscribed_to_ = 0;
  counts counts_;
};

} // namespace interswarm::ppsp
