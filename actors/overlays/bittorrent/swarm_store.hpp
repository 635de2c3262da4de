#pragma once

#include "actors/overlays/bittorrent/peer_table.hpp"
#include "actors/overlays/bittorrent/swarm_snapshot.hpp"
#include "actors/overlays/bittorrent/tracker_limits.hpp"
#include "schema/base/endpoint.hpp"
#include "schema/bittorrent/tracker.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <span>

namespace interswarm::bittorrent {

/// What a tracker is to be like. Times in seconds.
struct swarm_store_options {
  /// Told to clients; spread by up to a tenth so that they do not come all at once.
  std::uint32_t interval_s = 1800;
  std::uint32_t min_interval_s = 60;
  /// Told to a client that lacks bytes while nobody is there to give them: help may arrive soon.
  std::uint32_t hungry_interval_s = 60;
  /// A peer not heard of for so long is forgotten.
  std::uint32_t peer_lifetime_s = 2700;
  std::uint16_t default_want = 50;
  std::uint16_t max_want = 200;
  /// Peers of one swarm behind one IPv4 address or one IPv6 /64; 0 = any number.
  std::uint32_t peers_per_address = 32;
  std::uint32_t peers_per_swarm = 200'000;
  std::uint64_t max_swarms = 8'000'000;
  std::uint64_t max_peers = 32'000'000;
  std::uint64_t max_memory_bytes = std::uint64_t{4} << 30;
  /// A name that is sought with fewer sources than this is a demand.
  std::uint32_t min_sources = 1;
  std::uint32_t demand_period_ms = 5000;
  /// Only names given to `allow` are tracked.
  bool allow_list = false;
};

struct swarm_status {
  info_hash hash{};
  /// Without this node's own peer.
  std::uint32_t seeders = 0;
  std::uint32_t leechers = 0;
  std::uint32_t own = 0;
  std::uint32_t completed = 0;
  bool known = false;
};

struct swarm_totals {
  std::uint64_t swarms = 0;
  std::uint64_t peers = 0;
  std::uint64_t memory_bytes = 0;
};

/// The swarms of a tracker: a table in shards, each with its own lock, so that several threads
/// announce at once. Holds no clock and no socket: `now_ms` is any steady clock that starts at a
/// minute or more.
class swarm_store {
public:
  /// `secret` keys the hash tables and the identities; it must not be known outside.
  swarm_store(swarm_store_options options, std::array<std::uint64_t, 2> secret);
  ~swarm_store();

  enum class verdict : std::uint8_t { accepted, not_listed, denied, address_full, full };
  struct announced {
    verdict what = verdict::accepted;
    std::uint32_t interval_s = 0;
    std::uint32_t seeders = 0;
    std::uint32_t leechers = 0;
    std::uint32_t completed = 0;
    /// Bytes written to the peer buffers.
    std::size_t peers_bytes = 0;
    std::size_t peers6_bytes = 0;
  };
  struct asker {
    ip_address address;
    /// This node's own peer.
    bool own = false;
    /// Our address as the asker knows it: stands in for an own peer that was entered without an
    /// address.
    ip_address local{};
  };
  /// Enters, refreshes or removes the peer at `from.address` and `r.port`, and chooses others for
  /// it: compact entries of 6 and 18 bytes up to what fits the buffers and was wanted. An empty
  /// buffer wants none of that family.
  announced announce(const announce_request& r, const asker& from, std::uint64_t now_ms,
                     std::uint64_t random, std::span<byte> peers, std::span<byte> peers6);
  /// Peers without entering anybody; never our own.
  swarm_status find(const info_hash& hash, std::uint32_t want, std::uint64_t random,
                    std::vector<endpoint>& peers) const;
  /// On the wire our own peer counts like any other.
  scrape_entry scrape(const info_hash& hash) const;
  swarm_status status(const info_hash& hash) const;

  /// Swarms with demand since the last call, at most `limit`.
  std::vector<swarm_status> take_demands(std::size_t limit);
  /// False: `take_demands` would give nothing.
  bool has_demands() const { return demands_.load(std::memory_order_relaxed) != 0; }
  /// Called, with no lock held, when demands begin to wait. Set before the first announce.
  void on_demand(std::function<void()> wake) { wake_ = std::move(wake); }

  /// Forgets expired peers and empty swarms and repeats lasting demands, in about `swarms` swarms
  /// of one shard; calls in a row go round.
  void sweep(std::uint64_t now_ms, std::size_t swarms);

  /// Replaces the allow list; swarms off it are dropped by the sweep.
  void set_allowed(const std::vector<info_hash>& names);
  /// Replaces the list of names that are refused.
  void set_denied(const std::vector<info_hash>& names);
  /// A private torrent: tracked like any other, but never a demand.
  void set_private(const info_hash& hash);

  // Kept over restarts (swarm_store_keep.cpp).

  std::size_t shards() const;
  /// Calls `take` for each swarm of one shard that has peers beside our own; holds its lock
  /// meanwhile.
  void save(std::size_t shard, std::uint64_t now_ms,
            const std::function<void(const saved_swarm&)>& take) const;
  /// Enters what was saved, within all limits, as of `age_s` ago. Makes no demand: the sweep does.
  void restore(const saved_swarm& saved, std::uint64_t now_ms);
  /// Grows with each announce.
  std::uint64_t changes() const;
  const std::array<std::uint64_t, 2>& secret() const { return secret_; }

  const swarm_store_options& options() const { return options_; }
  swarm_totals totals() const;

private:
  struct swarm;
  struct shard;

  std::uint64_t hash_of(const info_hash& hash) const;
  shard& shard_of(std::uint64_t hash) const;
  /// The family of the asker's address decides `N`.
  template <std::size_t N>
  verdict enter(swarm& s, peer_table<N>& table, const announce_request& r, const asker& from,
                std::uint64_t now_ms);
  template <std::size_t N>
  std::size_t choose(const peer_table<N>& table, const announce_request& r, const asker& from,
                     std::uint32_t want, std::uint64_t random, std::span<byte> out) const;
  /// The swarm of `hash`, made where `make` says so and the lists allow it.
  swarm* find_or_make(shard& in, std::uint64_t key, const info_hash& hash, bool make, verdict& why);
  /// True when a demand was put down and nobody was waiting for it before.
  bool demand(shard& in, swarm& s, std::uint64_t now_ms);
  std::uint32_t interval_for(const swarm& s, bool seed, std::uint64_t random) const;
  static std::uint32_t sources_of(const swarm& s);
  void account(std::int64_t swarms, std::int64_t peers, std::int64_t memory);

  swarm_store_options options_;
  std::array<std::uint64_t, 2> secret_;
  std::vector<std::unique_ptr<shard>> shards_;
  std::atomic<std::int64_t> swarms_{0};
  std::atomic<std::int64_t> peers_{0};
  std::atomic<std::int64_t> memory_{0};
  std::atomic<std::int64_t> demands_{0};
  std::size_t next_swept_ = 0;
  std::function<void()> wake_;
};

} // namespace interswarm::bittorrent
