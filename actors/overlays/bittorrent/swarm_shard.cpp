#include "actors/overlays/bittorrent/swarm_shard.hpp"

namespace interswarm::bittorrent {

swarm_store::swarm* swarm_store::shard::find(std::uint64_t key, const info_hash& hash) const {
  if (slots.empty()) return nullptr;
  const auto mask = slots.size() - 1;
  for (auto at = key & mask; slots[at].owner; at = (at + 1) & mask) {
    if (slots[at].key == key && slots[at].owner->hash == hash) return slots[at].owner.get();
  }
  return nullptr;
}

swarm_store::swarm* swarm_store::shard::make(std::uint64_t key, const info_hash& hash,
                                             std::uint64_t seed) {
  if ((used + 1) * 3 > slots.size() * 2) grow();
  const auto mask = slots.size() - 1;
  auto at = key & mask;
  while (slots[at].owner) at = (at + 1) & mask;
  slots[at].key = key;
  slots[at].owner = std::make_unique<swarm>(hash, seed);
  ++used;
  return slots[at].owner.get();
}

void swarm_store::shard::grow() {
  std::vector<slot> old(std::max<std::size_t>(16, slots.size() * 2));
  old.swap(slots);
  const auto mask = slots.size() - 1;
  for (auto& s : old) {
    if (!s.owner) continue;
    auto at = s.key & mask;
    while (slots[at].owner) at = (at + 1) & mask;
    slots[at] = std::move(s);
  }
  position = 0;
}

void swarm_store::shard::erase(std::size_t at) {
  const auto mask = slots.size() - 1;
  slots[at].owner.reset();
  auto hole = at;
  for (auto next = (hole + 1) & mask; slots[next].owner; next = (next + 1) & mask) {
    const auto home = slots[next].key & mask;
    if (((next - home) & mask) < ((next - hole) & mask)) continue;
    slots[hole] = std::move(slots[next]);
    hole = next;
  }
  --used;
}

swarm_status swarm_store::shard::status_of(const swarm& s) {
  swarm_status out;
  out.hash = s.hash;
  out.own = std::uint32_t{s.v4.own_seeds()} + s.v4.own_leechers();
  if (s.v6) out.own += std::uint32_t{s.v6->own_seeds()} + s.v6->own_leechers();
  out.seeders = sources_of(s);
  out.leechers =
      s.v4.leechers() - s.v4.own_leechers() + (s.v6 ? s.v6->leechers() - s.v6->own_leechers() : 0);
  out.completed = s.completed;
  out.known = true;
  return out;
}

} // namespace interswarm::bittorrent
