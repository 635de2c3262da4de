#include "actors/overlays/bittorrent/peer_table.hpp"

#include <bit>
#include <cassert>

namespace interswarm::bittorrent {

namespace {

/// Multiply and fold, then spread: one multiplication alone is linear in the few bits that
/// neighbouring addresses differ in, and for some seeds puts them all into one slot.
std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
  __extension__ using wide = unsigned __int128;
  const auto product = static_cast<wide>(a ^ 0x9E3779B97F4A7C15ull) * (b ^ 0xD6E8FEB86659FD93ull);
  auto out = static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  out = (out ^ (out >> 32)) * 0xBF58476D1CE4E5B9ull;
  return out ^ (out >> 29);
}

std::uint64_t load(const byte* from, std::size_t count) {
  std::uint64_t out = 0;
  std::memcpy(&out, from, count);
  return out;
}

} // namespace

template <std::size_t N>
std::uint64_t peer_table<N>::hash_address(const endpoint_bytes& a) const {
  if constexpr (N == 4) return fold(load(a.data(), 6), seed_);
  return fold(fold(load(a.data(), 8), seed_) ^ load(a.data() + 8, 8),
              load(a.data() + 16, 2) + seed_);
}

template <std::size_t N>
std::uint64_t peer_table<N>::hash_identity(std::uint64_t identity) const {
  return fold(identity, ~seed_);
}

template <std::size_t N>
std::uint64_t peer_table<N>::hash_group(const endpoint_bytes& a) const {
  return fold(load(a.data(), N == 4 ? 4 : 8), seed_ + 1);
}

template <std::size_t N>
std::uint32_t peer_table<N>::home_of(std::uint32_t value) const {
  const auto& e = entries_[(value - 1) / 2];
  const auto hash =
      (value - 1) % 2 == by_address ? hash_address(e.address) : hash_identity(e.identity());
  return static_cast<std::uint32_t>(hash & (index_.size() - 1));
}

template <std::size_t N>
std::uint32_t peer_table<N>::find_address(const endpoint_bytes& address) const {
  if (!indexed()) {
    for (std::uint32_t i = 0; i < size(); ++i) {
      if (entries_[i].address == address) return i;
    }
    return none;
  }
  const auto mask = index_.size() - 1;
  for (auto slot = hash_address(address) & mask; index_[slot] != 0; slot = (slot + 1) & mask) {
    const auto value = index_[slot] - 1;
    if (value % 2 == by_address && entries_[value / 2].address == address) return value / 2;
  }
  return none;
}

template <std::size_t N>
std::uint32_t peer_table<N>::find_identity(std::uint64_t identity) const {
  if (identity == 0) return none;
  if (!indexed()) {
    for (std::uint32_t i = 0; i < size(); ++i) {
      if (entries_[i].identity() == identity) return i;
    }
    return none;
  }
  const auto mask = index_.size() - 1;
  for (auto slot = hash_identity(identity) & mask; index_[slot] != 0; slot = (slot + 1) & mask) {
    const auto value = index_[slot] - 1;
    if (value % 2 == by_identity && entries_[value / 2].identity() == identity) return value / 2;
  }
  return none;
}

template <std::size_t N>
bool peer_table<N>::address_is_full(const endpoint_bytes& address, std::uint32_t limit) const {
  if (limit == 0) return false;
  if (!per_address_.empty()) {
    const auto mask = per_address_.size() - 1;
    const auto hash = hash_group(address);
    return std::min(per_address_[hash & mask], per_address_[(hash >> 32) & mask]) >= limit;
  }
  constexpr std::size_t group_bytes = N == 4 ? 4 : 8;
  std::uint32_t count = 0;
  for (const auto& e : entries_) {
    if (std::memcmp(e.address.data(), address.data(), group_bytes) == 0) ++count;
  }
  return count >= limit;
}

template <std::size_t N>
void peer_table<N>::count_group(const endpoint_bytes& address, int change) {
  if (per_address_.empty()) return;
  const auto mask = per_address_.size() - 1;
  const auto hash = hash_group(address);
  for (const auto at : {hash & mask, (hash >> 32) & mask})
    per_address_[at] = static_cast<std::uint16_t>(per_address_[at] + change);
}

template <std::size_t N>
void peer_table<N>::index_put(std::uint32_t value) {
  const auto mask = index_.size() - 1;
  std::size_t slot = home_of(value);
  while (index_[slot] != 0) slot = (slot + 1) & mask;
  index_[slot] = value;
}

template <std::size_t N>
std::uint32_t peer_table<N>::slot_of(std::uint32_t value) const {
  const auto mask = index_.size() - 1;
  std::size_t slot = home_of(value);
  while (index_[slot] != value) {
    assert(index_[slot] != 0);
    slot = (slot + 1) & mask;
  }
  return static_cast<std::uint32_t>(slot);
}

template <std::size_t N>
void peer_table<N>::index_take(std::uint32_t value) {
  const auto mask = index_.size() - 1;
  std::size_t hole = slot_of(value);
  // Entries that were pushed past the hole move back, so that no search ends early.
  for (auto next = (hole + 1) & mask; index_[next] != 0; next = (next + 1) & mask) {
    const std::size_t home = home_of(index_[next]);
    if (((next - home) & mask) < ((next - hole) & mask)) continue;
    index_[hole] = index_[next];
    hole = next;
  }
  index_[hole] = 0;
}

template <std::size_t N>
void peer_table<N>::index_entry(std::uint32_t at) {
  if (!indexed()) return;
  index_put(slot_value(at, by_address));
  if (entries_[at].identity() != 0) index_put(slot_value(at, by_identity));
  count_group(entries_[at].address, 1);
}

template <std::size_t N>
void peer_table<N>::unindex_entry(std::uint32_t at) {
  if (!indexed()) return;
  index_take(slot_value(at, by_address));
  if (entries_[at].identity() != 0) index_take(slot_value(at, by_identity));
  count_group(entries_[at].address, -1);
}

template <std::size_t N>
void peer_table<N>::rebuild_index(bool count_addresses) {
  index_.assign(std::bit_ceil(std::size_t{4} * entries_.size() + 4), 0);
  per_address_.assign(count_addresses ? index_.size() / 2 : 0, 0);
  for (std::uint32_t i = 0; i < size(); ++i) index_entry(i);
}

template <std::size_t N>
void peer_table<N>::count_own(std::uint32_t at, int change) {
  if (!entries_[at].own) return;
  auto& count = is_seed(at) ? own_seeds_ : own_leechers_;
  count = static_cast<std::uint16_t>(count + change);
}

template <std::size_t N>
void peer_table<N>::swap_entries(std::uint32_t a, std::uint32_t b) {
  if (a == b) return;
  if (!indexed()) {
    std::swap(entries_[a], entries_[b]);
    return;
  }
  std::array<std::pair<std::uint32_t, std::uint32_t>, 4> moves{};
  std::size_t count = 0;
  const auto note = [&](std::uint32_t from, std::uint32_t to) {
    moves[count++] = {slot_of(slot_value(from, by_address)), slot_value(to, by_address)};
    if (entries_[from].identity() != 0)
      moves[count++] = {slot_of(slot_value(from, by_identity)), slot_value(to, by_identity)};
  };
  note(a, b);
  note(b, a);
  std::swap(entries_[a], entries_[b]);
  for (std::size_t i = 0; i < count; ++i) index_[moves[i].first] = moves[i].second;
}

template <std::size_t N>
std::uint32_t peer_table<N>::set_seed(std::uint32_t at, bool seed) {
  if (is_seed(at) == seed) return at;
  count_own(at, -1);
  const auto border = seed ? seeds_ : seeds_ - 1;
  swap_entries(at, border);
  seeds_ = seed ? seeds_ + 1 : seeds_ - 1;
  count_own(border, 1);
  return border;
}

template <std::size_t N>
void peer_table<N>::insert(const update& u, std::uint32_t per_address) {
  entry e;
  e.address = u.address;
  e.tick = u.tick & tick_mask;
  e.own = u.own ? 1 : 0;
  e.completed = u.seed ? 1 : 0;
  e.identity_high = static_cast<std::uint32_t>(u.identity >> 32);
  e.identity_low = static_cast<std::uint32_t>(u.identity);
  entries_.push_back(e);
  if (!indexed() && size() > index_from)
    rebuild_index(per_address != 0);
  else if (indexed() && std::size_t{8} * size() > std::size_t{3} * index_.size())
    rebuild_index(per_address != 0);
  else
    index_entry(size() - 1);
  count_own(size() - 1, 1);
  set_seed(size() - 1, u.seed);
}

template <std::size_t N>
typename peer_table<N>::changed peer_table<N>::put(const update& u, std::uint32_t per_address) {
  changed out;
  auto at = find_address(u.address);
  if (at != none && entries_[at].identity() != u.identity) {
    // The client at this address was restarted, or moved here: what it was elsewhere is outdated.
    if (const auto old = find_identity(u.identity); old != none) {
      erase(old);
      at = find_address(u.address);
    }
    unindex_entry(at);
    entries_[at].identity_high = static_cast<std::uint32_t>(u.identity >> 32);
    entries_[at].identity_low = static_cast<std::uint32_t>(u.identity);
    index_entry(at);
  } else if (at == none) {
    at = find_identity(u.identity);
    if (at == none) {
      if (address_is_full(u.address, per_address)) return {outcome::address_full, false};
      insert(u, per_address);
      // Whoever comes as a seed completed before it came here, unless it says so now.
      return {outcome::added, u.seed && u.completed_event};
    }
    unindex_entry(at);
    entries_[at].address = u.address;
    index_entry(at);
  }
  count_own(at, -1);
  entries_[at].own = u.own ? 1 : 0;
  count_own(at, 1);
  at = set_seed(at, u.seed);
  auto& e = entries_[at];
  e.tick = u.tick & tick_mask;
  out.newly_completed = u.completed_event && u.seed && !e.completed;
  if (u.seed) e.completed = 1;
  return out;
}

template <std::size_t N>
bool peer_table<N>::remove(const endpoint_bytes& address, std::uint64_t identity) {
  auto at = find_address(address);
  if (at == none) at = find_identity(identity);
  if (at == none) return false;
  erase(at);
  return true;
}

template <std::size_t N>
void peer_table<N>::erase(std::uint32_t at) {
  at = set_seed(at, false);
  count_own(at, -1);
  swap_entries(at, size() - 1);
  unindex_entry(size() - 1);
  entries_.pop_back();
  if (entries_.size() * 4 < entries_.capacity() && entries_.capacity() > index_from) {
    entries_.shrink_to_fit();
    const bool counting = !per_address_.empty();
    if (size() <= index_from / 2) {
      index_ = {};
      per_address_ = {};
    } else if (indexed()) {
      rebuild_index(counting);
      index_.shrink_to_fit();
    }
  }
}

template <std::size_t N>
std::uint32_t peer_table<N>::expire(std::uint32_t tick, std::uint32_t lifetime_ticks) {
  std::uint32_t gone = 0;
  for (std::uint32_t i = size(); i-- > 0;) {
    // An erase fills the place from behind, with an entry that was looked at already, or from the
    // last seed.
    while (i < size() && ((tick - entries_[i].tick) & tick_mask) > lifetime_ticks) {
      erase(i);
      ++gone;
    }
  }
  return gone;
}

template class peer_table<4>;
template class peer_table<16>;

} // namespace interswarm::bittorrent
