#pragma once

#include "actors/overlays/ppsp/chunk_sender.hpp"
#include "actors/overlays/ppsp/group_tree.hpp"
#include "actors/overlays/ppsp/ledbat.hpp"
#include "actors/overlays/ppsp/swarm_party.hpp"

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>

namespace interswarm::ppsp {

/// Gives a static content to the peers of its swarm: answers their handshakes, sends what they ask
/// for as fast as each one's path takes it, with the hashes that prove it. Bytes are read by groups
/// when a peer asks for one of them, and kept for the next ones. Whoever holds it passes it the
/// datagrams and the time.
class serving_swarm final : public swarm_party {
public:
  struct limits {
    std::size_t clients = 512;
    std::size_t half_open = 64;
    std::size_t cached_groups = 64;
    /// So that a datagram is not cut on its way: below IPv6's least MTU with its headers where
    /// chunks are small.
    std::size_t datagram_bytes = 1400;
  };
  struct counts {
    std::uint64_t bytes_sent = 0;
    std::uint64_t datagrams_sent = 0;
    std::uint64_t completed = 0;
    std::uint64_t refused = 0;
    std::uint64_t requests = 0;
  };

  /// `read` asks for a group's bytes; `group_read` or `group_lost` answers.
  serving_swarm(swarm_terms terms, std::shared_ptr<const group_tree> tree, swarm_hands& hands,
                std::function<void(std::uint64_t group)> read, const limits& l);

  const swarm_terms& terms() const override { return terms_; }
  /// Chunks that can be had now: what clients are told of. At first all.
  void obtainable(const chunk_range& r);
  /// No others than these can be had now. What clients were told of before stays told.
  void only(range_set chunks);

  void greet(const endpoint& from, const handshake& theirs, std::size_t datagram_bytes,
             instant now) override;
  /// Dials a peer that looks for the content.
  void dial(const endpoint& peer, instant now);
  void take(channel_id own, const endpoint& from, byte_view datagram, instant now) override;
  void settle(instant) override {}
  /// False: they are not what the swarm id says, and never leave.
  bool group_read(std::uint64_t group, bytes payload, instant now);
  /// It cannot be had at the moment; who waits for it is not answered and asks again.
  void group_lost(std::uint64_t group);

  std::optional<instant> deadline() const override;
  void tick(instant now) override;
  void close() override;

  std::size_t clients() const { return clients_.size(); }
  const counts& counted() const { return counts_; }

private:
  struct client {
    client(channel c, std::uint64_t chunks, const ledbat::options& o)
        : line(std::move(c)), sender(chunks), flow(o) {}
    channel line;
    chunk_sender sender;
    ledbat flow;
    /// The first chunk of which it is not told whether it can be had.
    std::optional<std::uint64_t> untold = 0;
    bool counted_complete = false;
    instant last_pex{-std::chrono::hours(1)};
  };
  using client_map = std::map<channel_id, client>;

  bool handle(client& c, const message& m, instant now);
  void acknowledged(client& c, const ack& m, instant now);
  void exchange_peers(client& c, instant now);
  std::optional<std::uint64_t> append_haves(bytes& out, std::uint64_t from, std::size_t most) const;
  /// Sends what the window takes.
  void pump(client& c, instant now);
  bool send_chunk(client& c, std::uint64_t chunk, instant now);
  void send(client& c, byte_view datagram, instant now);
  std::shared_ptr<const chunk_group> group_of(std::uint64_t chunk);
  tree_digest node(const chunk_group& g, const chunk_range& at) const;
  void drop_closed();

  swarm_terms terms_;
  std::shared_ptr<const group_tree> tree_;
  swarm_hands& hands_;
  std::function<void(std::uint64_t)> read_;
  limits limits_;
  range_set obtainable_;
  client_map clients_;
  /// The most recently used first.
  std::list<std::shared_ptr<const chunk_group>> groups_;
  std::set<std::uint64_t> reading_;
  counts counts_;
};

} // namespace interswarm::ppsp
