#include "actors/overlays/bittorrent/swarm_shard.hpp"

#include <algorithm>
#include <cstring>

namespace interswarm::bittorrent {

namespace {

template <std::size_t N>
void save_table(const peer_table<N>& table, std::uint32_t tick, std::vector<saved_peer>& out) {
  table.visit([&](const typename peer_table<N>::seen& p) {
    if (p.own) return;
    const auto& raw = *p.address;
    const auto port = static_cast<std::uint16_t>(raw[N] << 8 | raw[N + 1]);
    const auto age = (tick - p.tick) & peer_table<N>::tick_mask;
    out.push_back({{*ip_address::from_bytes({raw.data(), N}), port},
                   p.identity,
                   age * peer_table<N>::tick_s,
                   p.seed});
  });
}

template <std::size_t N>
void restore_peer(peer_table<N>& table, const saved_peer& p, std::uint32_t tick,
                  std::uint32_t per_address) {
  typename peer_table<N>::update u;
  std::memcpy(u.address.data(), p.at.address.mapped().data() + (16 - N), N);
  u.address[N] = static_cast<byte>(p.at.port >> 8);
  u.address[N + 1] = static_cast<byte>(p.at.port);
  u.identity = p.identity;
  u.seed = p.seed;
  u.tick = tick - p.age_s / peer_table<N>::tick_s;
  table.put(u, per_address);
}

std::uint32_t tick_of(std::uint64_t now_ms) {
  return static_cast<std::uint32_t>(now_ms / (1000 * peer_table<4>::tick_s));
}

} // namespace

std::size_t swarm_store::shards() const { return shards_.size(); }

std::uint64_t swarm_store::changes() const {
  std::uint64_t out = 0;
  for (const auto& in : shards_) {
    const std::lock_guard lock(in->mutex);
    out += in->changes;
  }
  return out;
}

void swarm_store::save(std::size_t index, std::uint64_t now_ms,
                       const std::function<void(const saved_swarm&)>& take) const {
  const auto& in = *shards_.at(index);
  const auto tick = tick_of(now_ms);
  saved_swarm out;
  const std::lock_guard lock(in.mutex);
  in.visit([&](const swarm& s) {
    out.hash = s.hash;
    out.completed = s.completed;
    out.is_private = s.is_private;
    out.peers.clear();
    save_table(s.v4, tick, out.peers);
    if (s.v6) save_table(*s.v6, tick, out.peers);
    if (!s.refused && !out.peers.empty()) take(out);
  });
}

void swarm_store::restore(const saved_swarm& saved, std::uint64_t now_ms) {
  const auto key = hash_of(saved.hash);
  auto& in = shard_of(key);
  const auto young = [&](const saved_peer& p) { return p.age_s <= options_.peer_lifetime_s; };
  if (std::none_of(saved.peers.begin(), saved.peers.end(), young)) return;
  const std::lock_guard lock(in.mutex);
  auto why = verdict::accepted;
  auto* s = find_or_make(in, key, saved.hash, true, why);
  if (s == nullptr) return;
  s->completed = std::max(s->completed, saved.completed);
  s->is_private = s->is_private || saved.is_private;
  const auto memory = static_cast<std::int64_t>(s->table_bytes());
  const auto peers = std::int64_t{s->v4.size()} + (s->v6 ? s->v6->size() : 0);
  for (const auto& p : saved.peers) {
    const auto in_swarm = s->v4.size() + (s->v6 ? s->v6->size() : 0);
    if (!young(p) || in_swarm >= options_.peers_per_swarm || totals().peers >= options_.max_peers ||
        totals().memory_bytes >= options_.max_memory_bytes)
      continue;
    if (p.at.address.is_v4()) {
      restore_peer(s->v4, p, tick_of(now_ms), options_.peers_per_address);
      continue;
    }
    if (!s->v6) s->v6 = std::make_unique<peer_table<16>>(secret_[1] ^ key);
    restore_peer(*s->v6, p, tick_of(now_ms), options_.peers_per_address);
  }
  account(0, std::int64_t{s->v4.size()} + (s->v6 ? s->v6->size() : 0) - peers,
          static_cast<std::int64_t>(s->table_bytes()) - memory);
}

} // namespace interswarm::bittorrent
