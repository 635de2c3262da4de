#pragma once

#include "actors/overlays/ppsp/arrival_meter.hpp"
#include "actors/overlays/ppsp/chunk_picker.hpp"
#include "actors/overlays/ppsp/merkle_book.hpp"
#include "actors/overlays/ppsp/swarm_party.hpp"

#include <functional>
#include <map>
#include <set>

namespace interswarm::ppsp {

/// Takes chunks of a static content from the peers of its swarm: those that somebody wants, each
/// verified up to the swarm id before it is given on. Whoever holds it passes it the datagrams and
/// the time, and calls `settle` when it has passed what came together.
class fetching_swarm final : public swarm_party {
public:
  struct limits {
    std::size_t peers = 64;
    /// Chunks that came before what proves them, of one peer.
    std::size_t unproved_chunks = 256;
    /// Wrong chunks or hashes after which a peer is left for good.
    unsigned patience = 3;
    /// Addresses that are taken of an answer to PEX_REQ: nobody makes us greet half the world.
    unsigned pex_addresses = 32;
    /// Addresses that are remembered as left.
    std::size_t shunned = 1024;
    std::uint64_t least_pipeline_bytes = 64 << 10;
    std::uint64_t most_pipeline_bytes = 8 << 20;
  };
  struct events {
    /// A chunk that is proved; called once for each, as long as it is not lost again.
    std::function<void(std::uint64_t chunk, byte_view payload)> took;
    /// The number of chunks is known, or turned out smaller.
    std::function<void(std::uint64_t chunks)> sized;
    /// Peers that others told of.
    std::function<void(const endpoint& peer)> heard_of;
  };
  struct counts {
    /// Payload that came, of use or not.
    std::uint64_t bytes_received = 0;
    std::uint64_t refuted = 0;
    std::uint64_t late = 0;
    std::uint64_t twice = 0;
  };

  fetching_swarm(swarm_terms terms, swarm_hands& hands, events e, const limits& l);

  const swarm_terms& terms() const override { return terms_; }
  void dial(const endpoint& peer, instant now);
  void greet(const endpoint& from, const handshake& theirs, std::size_t datagram_bytes,
             instant now) override;
  void take(channel_id own, const endpoint& from, byte_view datagram, instant now) override;
  /// Acknowledges what came and asks for more.
  void settle(instant now) override;

  void want(const chunk_range& r, chunk_picker::tier at, instant now);
  void unwant(const chunk_range& r) { picker_.unwant(r); }
  /// The reader's own hashes refused these bytes: they are fetched anew when they are wanted.
  void lose(const chunk_range& r) { picker_.lose(r); }

  std::optional<std::uint64_t> chunks() const { return book_.chunks(); }
  const range_set& held() const { return picker_.held(); }
  /// Chunks that some open peer has.
  range_set obtainable() const;
  /// Connected, with handshakes done.
  std::size_t peers() const;
  const counts& counted() const { return counts_; }

  std::optional<instant> deadline() const override;
  void tick(instant now) override;
  void close() override;

private:
  struct peer {
    peer(channel c, peer_number n) : line(std::move(c)), number(n) {}
    channel line;
    peer_number number;
    heard_hashes heard;
    std::map<std::uint64_t, bytes> unproved;
    range_set to_acknowledge;
    std::uint64_t delay_us = 0;
    bool chokes = false;
    /// It has heard from us behind the handshakes, which proves our address to it.
    bool greeted = false;
    unsigned wrongs = 0;
    arrival_meter meter;
    std::optional<instant> pex_asked;
    /// Addresses that it may still tell, until it is asked again.
    unsigned pex_left = 0;
  };

  void start(channel_id own, channel line);
  bool handle(peer& p, const message& m, instant now);
  void take_data(peer& p, const data& m, instant now);
  void judge(peer& p, std::uint64_t chunk, byte_view payload, instant now);
  void judge_unproved(peer& p, instant now);
  void blame(peer& p);
  void ask(peer& p, instant now);
  std::uint64_t pipeline(const peer& p) const;
  instant due_after(const peer& p) const;
  void note_size();
  void send(peer& p, byte_view datagram, instant now);
  void drop_closed();

  swarm_terms terms_;
  swarm_hands& hands_;
  events events_;
  limits limits_;
  merkle_book book_;
  chunk_picker picker_;
  std::map<channel_id, peer> peers_;
  /// Left for good.
  std::set<endpoint> shunned_;
  peer_number next_number_ = 0;
  std::uint32_t generation_ = 0;
  std::optional<std::uint64_t> told_size_;
  counts counts_;
};

} // namespace interswarm::ppsp
