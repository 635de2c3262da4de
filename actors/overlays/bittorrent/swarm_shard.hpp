#pragma once

#include "actors/overlays/bittorrent/swarm_store.hpp"

#include <deque>
#include <mutex>
#include <unordered_set>

namespace interswarm::bittorrent {

struct swarm_store::swarm {
  explicit swarm(const info_hash& name, std::uint64_t seed) : hash(name), v4(seed) {}

  info_hash hash{};
  std::uint32_t completed = 0;
  std::uint64_t demanded_at_ms = 0;
  bool is_private = false;
  /// On the deny list: the sweep will take it out.
  bool refused = false;
  peer_table<4> v4;
  /// Most swarms have no IPv6 peer.
  std::unique_ptr<peer_table<16>> v6;

  std::size_t table_bytes() const {
    return v4.memory_bytes() + (v6 ? sizeof(*v6) + v6->memory_bytes() : 0);
  }
};

/// The keys are hashes already, but only under a secret are they safe from being chosen to meet.
struct info_hash_hasher {
  std::size_t operator()(const info_hash& hash) const noexcept {
    std::uint64_t out = 0;
    std::memcpy(&out, hash.data() + 4, 8);
    return out;
  }
};
using info_hash_set = std::unordered_set<info_hash, info_hash_hasher>;

/// An open-addressing table from info-hash to swarm. All members are guarded by `mutex`.
struct alignas(64) swarm_store::shard {
  mutable std::mutex mutex;
  std::vector<swarm_status> demands;
  info_hash_set allowed;
  info_hash_set denied;
  info_hash_set private_names;
  /// Announces taken.
  std::uint64_t changes = 0;

  struct swept {
    std::size_t dropped = 0;
    bool reached_end = false;
  };

  swarm* find(std::uint64_t key, const info_hash& hash) const;
  /// `hash` must not be there.
  swarm* make(std::uint64_t key, const info_hash& hash, std::uint64_t seed);
  /// Visits up to about `count` places from where the last visit ended; drops the swarms for which
  /// `visit` says true.
  template <class Visit>
  swept sweep(std::size_t count, Visit visit) {
    swept out;
    for (; count > 0 && position < slots.size(); --count) {
      auto& s = slots[position];
      if (s.owner == nullptr || !visit(*s.owner)) {
        ++position;
        continue;
      }
      // Another swarm may move into the freed place: it is visited next.
      erase(position);
      ++out.dropped;
    }
    if (position >= slots.size()) {
      position = 0;
      out.reached_end = true;
    }
    return out;
  }
  template <class Visit>
  void visit(Visit visit) const {
    for (const auto& s : slots) {
      if (s.owner) visit(static_cast<const swarm&>(*s.owner));
    }
  }
  std::size_t memory_bytes() const {
    return slots.capacity() * sizeof(slot) + used * sizeof(swarm);
  }
  static swarm_status status_of(const swarm& s);

private:
  struct slot {
    std::uint64_t key = 0;
    std::unique_ptr<swarm> owner;
  };

  void grow();
  void erase(std::size_t at);

  std::vector<slot> slots;
  std::size_t used = 0;
  std::size_t position = 0;
};

} // namespace interswarm::bittorrent
