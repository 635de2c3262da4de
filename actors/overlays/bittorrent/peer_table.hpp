#pragma once

#include "schema/base/bytes.hpp"

#include <algorithm>
#include <vector>

namespace interswarm::bittorrent {

/// The peers of one swarm and one address family, compact: 16 bytes a peer for IPv4, 28 for IPv6,
/// and an index once there are many. Seeds stand before leechers, so that a choice never looks at a
/// peer it does not want. `AddressBytes` is 4 or 16. Times are ticks of `tick_s` seconds that wrap;
/// see `age_of`.
template <std::size_t AddressBytes>
class peer_table {
public:
  /// Address and port in network order, as the compact form has them.
  using endpoint_bytes = std::array<byte, AddressBytes + 2>;

  static constexpr std::uint32_t tick_s = 4;
  /// A lifetime must stay below half the wrap of 2^14 ticks (9 hours).
  static constexpr std::uint32_t tick_mask = 0x3FFF;

  struct update {
    endpoint_bytes address{};
    /// What stays the same when the address changes; 0 = nothing known.
    std::uint64_t identity = 0;
    bool seed = false;
    bool completed_event = false;
    /// This node's own peer: not a source that anybody else offers.
    bool own = false;
    std::uint32_t tick = 0;
  };
  enum class outcome : std::uint8_t { added, refreshed, address_full };
  struct changed {
    outcome what = outcome::refreshed;
    /// The peer said for the first time that it completed.
    bool newly_completed = false;
  };

  /// `seed` keys the index, so that nobody outside can aim at one slot.
  explicit peer_table(std::uint64_t seed = 0) : seed_(seed) {}

  /// Enters or refreshes a peer. `per_address` 0 = any number of peers behind one address (IPv6:
  /// one /64).
  changed put(const update& u, std::uint32_t per_address);
  bool contains(const endpoint_bytes& address) const { return find_address(address) != none; }
  bool remove(const endpoint_bytes& address, std::uint64_t identity);
  /// Takes out what was not seen for more than `lifetime_ticks`; gives how many.
  std::uint32_t expire(std::uint32_t tick, std::uint32_t lifetime_ticks);

  std::uint32_t size() const { return static_cast<std::uint32_t>(entries_.size()); }
  std::uint32_t seeds() const { return seeds_; }
  std::uint32_t leechers() const { return size() - seeds_; }
  std::uint16_t own_seeds() const { return own_seeds_; }
  std::uint16_t own_leechers() const { return own_leechers_; }
  std::size_t memory_bytes() const {
    return entries_.capacity() * sizeof(entry) + index_.capacity() * sizeof(std::uint32_t) +
           per_address_.capacity() * sizeof(std::uint16_t);
  }

  /// A peer as it stands in the table.
  struct seen {
    const endpoint_bytes* address = nullptr;
    std::uint64_t identity = 0;
    std::uint32_t tick = 0;
    bool seed = false;
    bool own = false;
  };
  template <class Take>
  void visit(Take take) const {
    for (std::uint32_t i = 0; i < size(); ++i) {
      const auto& e = entries_[i];
      take(seen{&e.address, e.identity(), e.tick, is_seed(i), e.own != 0});
    }
  }

  struct choice {
    std::uint32_t want = 0;
    /// A seed is not given to a seed.
    bool asker_is_seed = false;
    /// Never given; all zero for an asker outside the swarm.
    endpoint_bytes asker{};
    std::uint64_t random = 0;
    /// Ourselves are left out.
    bool without_own = false;
  };
  /// Calls `take(endpoint_bytes, own)` for at most `want` peers: half of them seeds where there are
  /// enough of both, each half a run from a random place. Linear in `want`, not in the swarm.
  template <class Take>
  std::uint32_t choose(const choice& c, Take take) const {
    std::uint32_t from_seeds = 0;
    if (!c.asker_is_seed) {
      const auto half = (c.want + 1) / 2;
      const auto spare = c.want > leechers() ? c.want - leechers() : 0;
      from_seeds = std::min(seeds_, std::max(half, spare));
    }
    const auto a = run(0, seeds_, from_seeds, c, c.random, take);
    return a + run(seeds_, leechers(), c.want - a, c, c.random >> 32, take);
  }

private:
  /// Identity as two halves keeps the alignment at 4, so an IPv6 entry is 28 bytes and not 32.
  struct entry {
    endpoint_bytes address{};
    std::uint16_t tick : 14 = 0;
    std::uint16_t own : 1 = 0;
    std::uint16_t completed : 1 = 0;
    std::uint32_t identity_high = 0;
    std::uint32_t identity_low = 0;

    std::uint64_t identity() const { return std::uint64_t{identity_high} << 32 | identity_low; }
  };
  static_assert(sizeof(entry) == AddressBytes + 12);

  /// Up to here a scan is faster than an index.
  static constexpr std::uint32_t index_from = 24;
  static constexpr std::uint32_t none = 0xFFFFFFFF;

  template <class Take>
  std::uint32_t run(std::uint32_t begin, std::uint32_t count, std::uint32_t want, const choice& c,
                    std::uint64_t random, Take& take) const {
    if (count == 0 || want == 0) return 0;
    auto at = static_cast<std::uint32_t>(((random & 0xFFFFFFFF) * count) >> 32);
    std::uint32_t given = 0;
    for (std::uint32_t looked = 0; looked < count && given < want; ++looked) {
      const auto& e = entries_[begin + at];
      if (++at == count) at = 0;
      if (e.address == c.asker || (e.own && c.without_own)) continue;
      take(e.address, e.own != 0);
      ++given;
    }
    return given;
  }

  static constexpr std::uint32_t by_address = 0;
  static constexpr std::uint32_t by_identity = 1;
  static constexpr std::uint32_t slot_value(std::uint32_t at, std::uint32_t kind) {
    return 1 + 2 * at + kind;
  }

  std::uint32_t find_address(const endpoint_bytes& address) const;
  std::uint32_t find_identity(std::uint64_t identity) const;
  bool address_is_full(const endpoint_bytes& address, std::uint32_t limit) const;
  void insert(const update& u, std::uint32_t per_address);
  void erase(std::uint32_t at);
  /// Moves the entry to the other side of the border between seeds and leechers; gives its new
  /// place.
  std::uint32_t set_seed(std::uint32_t at, bool seed);
  void swap_entries(std::uint32_t a, std::uint32_t b);
  void count_own(std::uint32_t at, int change);

  bool indexed() const { return !index_.empty(); }
  bool is_seed(std::uint32_t at) const { return at < seeds_; }
  void rebuild_index(bool count_addresses);
  void index_entry(std::uint32_t at);
  void unindex_entry(std::uint32_t at);
  void index_put(std::uint32_t value);
  void index_take(std::uint32_t value);
  std::uint32_t slot_of(std::uint32_t value) const;
  std::uint32_t home_of(std::uint32_t value) const;
  std::uint64_t hash_address(const endpoint_bytes& address) const;
  std::uint64_t hash_identity(std::uint64_t identity) const;
  std::uint64_t hash_group(const endpoint_bytes& address) const;
  void count_group(const endpoint_bytes& address, int change);

  std::vector<entry> entries_;
  /// Open addressing over 2^n slots; 0 is free, else `slot_value`.
  std::vector<std::uint32_t> index_;
  /// Count-min sketch over addresses, two counters each, where there is an index and a limit: never
  /// counts too few.
  std::vector<std::uint16_t> per_address_;
  std::uint64_t seed_;
  std::uint32_t seeds_ = 0;
  std::uint16_t own_seeds_ = 0;
  std::uint16_t own_leechers_ = 0;
};

extern template class peer_table<4>;
extern template class peer_table<16>;

} // namespace interswarm::bittorrent
