#include "actors/overlays/bittorrent/swarm_store.hpp"

#include "actors/overlays/bittorrent/swarm_shard.hpp"

#include <limits>

namespace interswarm::bittorrent {

namespace {

std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
  __extension__ using wide = unsigned __int128;
  const auto product = static_cast<wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

/// Mixes 20 bytes under a secret, so that nobody can choose names that meet in one slot.
std::uint64_t mix20(const std::array<byte, 20>& data, const std::array<std::uint64_t, 2>& secret) {
  std::uint64_t words[2];
  std::uint32_t tail = 0;
  std::memcpy(words, data.data(), 16);
  std::memcpy(&tail, data.data() + 16, 4);
  const auto first = fold(words[0] ^ secret[0], words[1] ^ secret[1]);
  return fold(first ^ secret[1],
              (std::uint64_t{tail} << 32 | tail) ^ secret[0] ^ 0x9E3779B97F4A7C15ull);
}

template <std::size_t N>
std::array<byte, N + 2> endpoint_bytes(const ip_address& address, std::uint16_t port) {
  std::array<byte, N + 2> out{};
  std::memcpy(out.data(), address.mapped().data() + (16 - N), N);
  out[N] = static_cast<byte>(port >> 8);
  out[N + 1] = static_cast<byte>(port);
  return out;
}

template <std::size_t N>
endpoint to_endpoint(const std::array<byte, N + 2>& raw) {
  return {*ip_address::from_bytes({raw.data(), N}),
          static_cast<std::uint16_t>(raw[N] << 8 | raw[N + 1])};
}

template <std::size_t N>
bool is_zero_address(const std::array<byte, N + 2>& raw) {
  return std::all_of(raw.begin(), raw.begin() + N, [](byte b) { return b == 0; });
}

constexpr std::size_t shard_count = 64;

/// aria2 announces `left=0` as long as it has only a magnet link. Until such a client has moved a
/// byte it is taken for what it most likely is, a seeker; a real seed loses nothing by that.
bool is_seed(const announce_request& r) {
  const bool aria2 = r.id[0] == 'A' && r.id[1] == '2' && r.id[2] == '-';
  return r.left == 0 && !(aria2 && r.downloaded == 0 && r.uploaded == 0);
}

} // namespace

swarm_store::swarm_store(swarm_store_options options, std::array<std::uint64_t, 2> secret)
    : options_(options), secret_(secret) {
  for (std::size_t i = 0; i < shard_count; ++i) shards_.push_back(std::make_unique<shard>());
}

swarm_store::~swarm_store() = default;

std::uint64_t swarm_store::hash_of(const info_hash& hash) const { return mix20(hash, secret_); }

swarm_store::shard& swarm_store::shard_of(std::uint64_t hash) const { return *shards_[hash >> 58]; }

void swarm_store::account(std::int64_t swarms, std::int64_t peers, std::int64_t memory) {
  if (swarms != 0) swarms_.fetch_add(swarms, std::memory_order_relaxed);
  if (peers != 0) peers_.fetch_add(peers, std::memory_order_relaxed);
  if (memory != 0) memory_.fetch_add(memory, std::memory_order_relaxed);
}

swarm_totals swarm_store::totals() const {
  const auto of = [](const std::atomic<std::int64_t>& n) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, n.load(std::memory_order_relaxed)));
  };
  return {of(swarms_), of(peers_), of(memory_)};
}

std::uint32_t swarm_store::sources_of(const swarm& s) {
  return s.v4.seeds() - s.v4.own_seeds() + (s.v6 ? s.v6->seeds() - s.v6->own_seeds() : 0);
}

std::uint32_t swarm_store::interval_for(const swarm& s, bool seed, std::uint64_t random) const {
  const bool hungry = !seed && sources_of(s) < options_.min_sources;
  const auto base =
      hungry ? std::min(options_.hungry_interval_s, options_.interval_s) : options_.interval_s;
  return base + static_cast<std::uint32_t>((random >> 40) % (base / 10 + 1));
}

swarm_store::swarm* swarm_store::find_or_make(shard& in, std::uint64_t key, const info_hash& hash,
                                              bool make, verdict& why) {
  if (auto* known = in.find(key, hash)) {
    if (known->refused) why = verdict::denied;
    return known->refused ? nullptr : known;
  }
  if (!in.denied.empty() && in.denied.contains(hash))
    why = verdict::denied;
  else if (options_.allow_list && !in.allowed.contains(hash))
    why = verdict::not_listed;
  else if (make && (totals().swarms >= options_.max_swarms ||
                    totals().memory_bytes >= options_.max_memory_bytes))
    why = verdict::full;
  if (!make || why != verdict::accepted) return nullptr;
  const auto before = in.memory_bytes();
  auto* made = in.make(key, hash, secret_[0] ^ key);
  made->is_private = in.private_names.contains(hash);
  account(1, 0, static_cast<std::int64_t>(in.memory_bytes() - before));
  return made;
}

template <std::size_t N>
swarm_store::verdict swarm_store::enter(swarm& s, peer_table<N>& table, const announce_request& r,
                                        const asker& from, std::uint64_t now_ms) {
  const auto address = endpoint_bytes<N>(from.address, r.port);
  const auto identity = r.key == 0 ? 0 : mix20(r.id, {secret_[0] ^ r.key, secret_[1]});
  const auto size = std::int64_t{table.size()};
  const auto memory = static_cast<std::int64_t>(table.memory_bytes());
  auto out = verdict::accepted;
  if (r.event == announce_event::stopped) {
    table.remove(address, identity);
  } else if (table.size() >= options_.peers_per_swarm || totals().peers >= options_.max_peers ||
             totals().memory_bytes >= options_.max_memory_bytes) {
    // Known peers are still refreshed when there is no room for new ones.
    out = table.contains(address) ? verdict::accepted : verdict::full;
  }
  if (out == verdict::accepted && r.event != announce_event::stopped) {
    typename peer_table<N>::update u;
    u.address = address;
    u.identity = identity;
    u.seed = is_seed(r);
    u.completed_event = r.event == announce_event::completed;
    u.own = from.own;
    u.tick = static_cast<std::uint32_t>(now_ms / (1000 * peer_table<N>::tick_s));
    const auto changed = table.put(u, from.own ? 0 : options_.peers_per_address);
    if (changed.what == peer_table<N>::outcome::address_full) out = verdict::address_full;
    if (changed.newly_completed) ++s.completed;
  }
  account(0, std::int64_t{table.size()} - size,
          static_cast<std::int64_t>(table.memory_bytes()) - memory);
  return out;
}

template <std::size_t N>
std::size_t swarm_store::choose(const peer_table<N>& table, const announce_request& r,
                                const asker& from, std::uint32_t want, std::uint64_t random,
                                std::span<byte> out) const {
  typename peer_table<N>::choice c;
  c.want = static_cast<std::uint32_t>(std::min<std::size_t>(want, out.size() / (N + 2)));
  c.asker_is_seed = is_seed(r);
  if (from.address.is_v4() == (N == 4)) c.asker = endpoint_bytes<N>(from.address, r.port);
  c.random = random;
  c.without_own = from.own;
  const bool local_known = !from.local.is_unspecified() && from.local.is_v4() == (N == 4);
  std::size_t at = 0;
  table.choose(c, [&](const auto& raw, bool own) {
    std::memcpy(out.data() + at, raw.data(), N + 2);
    if (own && is_zero_address<N>(raw)) {
      if (!local_known) return;
      std::memcpy(out.data() + at, from.local.mapped().data() + (16 - N), N);
    }
    at += N + 2;
  });
  return at;
}

swarm_store::announced swarm_store::announce(const announce_request& r, const asker& from,
                                             std::uint64_t now_ms, std::uint64_t random,
                                             std::span<byte> peers, std::span<byte> peers6) {
  announced out;
  const auto key = hash_of(r.hash);
  auto& in = shard_of(key);
  bool wake = false;
  {
    const std::lock_guard lock(in.mutex);
    const bool stopped = r.event == announce_event::stopped;
    ++in.changes;
    auto* s = find_or_make(in, key, r.hash, !stopped, out.what);
    if (out.what != verdict::accepted) return out;
    out.interval_s = options_.interval_s;
    if (!s) return out;
    if (!from.address.is_v4() && !s->v6) {
      s->v6 = std::make_unique<peer_table<16>>(secret_[1] ^ key);
      account(0, 0, sizeof(peer_table<16>));
    }
    out.what = from.address.is_v4() ? enter(*s, s->v4, r, from, now_ms)
                                    : enter(*s, *s->v6, r, from, now_ms);
    out.seeders = s->v4.seeds() + (s->v6 ? s->v6->seeds() : 0);
    out.leechers = s->v4.leechers() + (s->v6 ? s->v6->leechers() : 0);
    out.completed = s->completed;
    out.interval_s = interval_for(*s, is_seed(r), random);
    if (stopped) return out;
    const auto want =
        r.want < 0 ? options_.default_want : std::min<std::uint32_t>(r.want, options_.max_want);
    if (!peers.empty()) out.peers_bytes = choose(s->v4, r, from, want, random, peers);
    if (!peers6.empty() && s->v6) out.peers6_bytes = choose(*s->v6, r, from, want, random, peers6);
    if (!is_seed(r) && !from.own) wake = demand(in, *s, now_ms);
  }
  if (wake && wake_) wake_();
  return out;
}

bool swarm_store::demand(shard& in, swarm& s, std::uint64_t now_ms) {
  if (s.is_private || sources_of(s) >= options_.min_sources) return false;
  if (s.demanded_at_ms != 0 && now_ms - s.demanded_at_ms < options_.demand_period_ms) return false;
  if (in.demands.size() >= tracker_limits::demands_per_shard) return false;
  s.demanded_at_ms = now_ms;
  in.demands.push_back(in.status_of(s));
  return demands_.fetch_add(1, std::memory_order_relaxed) == 0;
}

swarm_status swarm_store::find(const info_hash& hash, std::uint32_t want, std::uint64_t random,
                               std::vector<endpoint>& peers) const {
  const auto key = hash_of(hash);
  auto& in = shard_of(key);
  const std::lock_guard lock(in.mutex);
  const auto* s = in.find(key, hash);
  if (!s) return {hash, 0, 0, 0, 0, false};
  const auto take = [&]<std::size_t N>(const peer_table<N>& table) {
    typename peer_table<N>::choice c;
    c.want = want > peers.size() ? want - static_cast<std::uint32_t>(peers.size()) : 0;
    c.random = random;
    c.without_own = true;
    table.choose(c, [&](const auto& raw, bool) { peers.push_back(to_endpoint<N>(raw)); });
  };
  take(s->v4);
  if (s->v6) take(*s->v6);
  return in.status_of(*s);
}

swarm_status swarm_store::status(const info_hash& hash) const {
  const auto key = hash_of(hash);
  auto& in = shard_of(key);
  const std::lock_guard lock(in.mutex);
  const auto* s = in.find(key, hash);
  return s ? in.status_of(*s) : swarm_status{hash, 0, 0, 0, 0, false};
}

scrape_entry swarm_store::scrape(const info_hash& hash) const {
  const auto key = hash_of(hash);
  auto& in = shard_of(key);
  const std::lock_guard lock(in.mutex);
  const auto* s = in.find(key, hash);
  if (!s || s->refused) return {hash, 0, 0, 0};
  return {hash, s->v4.seeds() + (s->v6 ? s->v6->seeds() : 0), s->completed,
          s->v4.leechers() + (s->v6 ? s->v6->leechers() : 0)};
}

std::vector<swarm_status> swarm_store::take_demands(std::size_t limit) {
  std::vector<swarm_status> out;
  for (auto& in : shards_) {
    if (out.size() >= limit || !has_demands()) break;
    const std::lock_guard lock(in->mutex);
    const auto count = std::min(in->demands.size(), limit - out.size());
    const auto end = in->demands.begin() + static_cast<std::ptrdiff_t>(count);
    out.insert(out.end(), in->demands.begin(), end);
    in->demands.erase(in->demands.begin(), end);
    demands_.fetch_sub(static_cast<std::int64_t>(count), std::memory_order_relaxed);
  }
  return out;
}

void swarm_store::sweep(std::uint64_t now_ms, std::size_t swarms) {
  const auto tick = static_cast<std::uint32_t>(now_ms / (1000 * peer_table<4>::tick_s));
  const auto lifetime = options_.peer_lifetime_s / peer_table<4>::tick_s;
  auto& in = *shards_[next_swept_ % shards_.size()];
  bool wake = false;
  {
    const std::lock_guard lock(in.mutex);
    const auto memory = static_cast<std::int64_t>(in.memory_bytes());
    std::int64_t peers = 0;
    std::int64_t tables = 0;
    const auto made = in.sweep(swarms, [&](swarm& s) {
      const auto before = s.table_bytes();
      peers -= s.v4.expire(tick, lifetime);
      if (s.v6) peers -= s.v6->expire(tick, lifetime);
      if (s.v6 && s.v6->size() == 0) s.v6.reset();
      if (s.v4.leechers() + (s.v6 ? s.v6->leechers() : 0) > s.v4.own_leechers())
        wake |= demand(in, s, now_ms);
      const bool empty = s.v4.size() == 0 && !s.v6;
      const bool drop = empty || s.refused || (options_.allow_list && !in.allowed.contains(s.hash));
      if (drop) peers -= s.v4.size() + (s.v6 ? s.v6->size() : 0);
      tables += (drop ? 0 : static_cast<std::int64_t>(s.table_bytes())) -
                static_cast<std::int64_t>(before);
      return drop;
    });
    account(-static_cast<std::int64_t>(made.dropped), peers,
            tables + static_cast<std::int64_t>(in.memory_bytes()) - memory);
    if (made.reached_end) ++next_swept_;
  }
  if (wake && wake_) wake_();
}

void swarm_store::set_allowed(const std::vector<info_hash>& names) {
  for (auto& in : shards_) {
    const std::lock_guard lock(in->mutex);
    in->allowed.clear();
  }
  for (const auto& name : names) {
    auto& in = shard_of(hash_of(name));
    const std::lock_guard lock(in.mutex);
    in.allowed.insert(name);
  }
}

void swarm_store::set_denied(const std::vector<info_hash>& names) {
  for (auto& in : shards_) {
    const std::lock_guard lock(in->mutex);
    in->denied.clear();
  }
  for (const auto& name : names) {
    const auto key = hash_of(name);
    auto& in = shard_of(key);
    const std::lock_guard lock(in.mutex);
    in.denied.insert(name);
    if (auto* s = in.find(key, name)) s->refused = true;
  }
}

void swarm_store::set_private(const info_hash& hash) {
  const auto key = hash_of(hash);
  auto& in = shard_of(key);
  const std::lock_guard lock(in.mutex);
  if (in.private_names.size() < tracker_limits::listed_names / shard_count)
    in.private_names.insert(hash);
  if (auto* s = in.find(key, hash)) s->is_private = true;
}

} // namespace interswarm::bittorrent
