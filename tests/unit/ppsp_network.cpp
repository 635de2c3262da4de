#include "tests/unit/ppsp_network.hpp"

namespace interswarm::ppsp::testing {

sample::sample(std::uint64_t size, const swarm_terms& like, unsigned seed)
    : data(size), terms(like) {
  std::mt19937_64 random(seed);
  for (auto& b : data) b = static_cast<byte>(random());
  std::vector<tree_digest> leaves;
  for (std::uint64_t i = 0; i < chunks(); ++i) {
    const auto from = i * terms.chunk_bytes;
    leaves.push_back(chunk_hash(
        terms.hash, byte_view(data).subspan(
                        from, std::min<std::size_t>(terms.chunk_bytes, data.size() - from))));
  }
  std::vector<tree_digest> groups;
  for (std::uint64_t g = 0; g < group_tree::groups_of(chunks()); ++g)
    groups.push_back(chunk_group(terms.hash, g, terms.chunk_bytes, group(g)).top());
  tree = std::make_shared<const group_tree>(terms.hash, chunks(), groups);
  const std::function<tree_digest(chunk_range)> node = [&](chunk_range r) {
    if (r.begin >= leaves.size()) return tree_digest(terms.hash);
    if (r.size() == 1) return leaves[r.begin];
    const auto middle = r.begin + r.size() / 2;
    return parent_hash(terms.hash, node({r.begin, middle}), node({middle, r.end}));
  };
  std::vector<tree_node> peaks;
  for (const auto& r : peaks_of(chunks())) peaks.push_back({r, node(r)});
  const auto root = *root_of(terms.hash, peaks);
  terms.id.assign(root.view().begin(), root.view().end());
}

bytes sample::group(std::uint64_t number) const {
  const auto size = group_tree::group_chunks * terms.chunk_bytes;
  const auto from = std::min<std::uint64_t>(data.size(), number * size);
  const auto to = std::min<std::uint64_t>(data.size(), from + size);
  return {data.begin() + static_cast<std::ptrdiff_t>(from),
          data.begin() + static_cast<std::ptrdiff_t>(to)};
}

void host::serve(const sample& s, const serving_swarm::limits& l) {
  serving = std::make_unique<serving_swarm>(
      s.terms, s.tree, *this,
      [this, &s](std::uint64_t group) {
        ++reads;
        net_.later(std::chrono::milliseconds(2), [this, &s, group] {
          if (!is_dead) serving->group_read(group, s.group(group), net_.now);
        });
      },
      l);
}

void host::fetch(const sample& s, const fetching_swarm::limits& l) {
  data_size_ = s.data.size();
  taken.assign(data_size_, 0);
  fetching_swarm::events e;
  e.took = [this, chunk_bytes = s.terms.chunk_bytes](std::uint64_t chunk, byte_view payload) {
    std::copy(payload.begin(), payload.end(),
              taken.begin() + static_cast<std::ptrdiff_t>(chunk * chunk_bytes));
    got += payload.size();
    order.push_back(chunk);
  };
  e.heard_of = [this](const endpoint&) { ++heard; };
  fetching = std::make_unique<fetching_swarm>(s.terms, *this, e, l);
}

void host::live(const swarm_terms& t, const live_verifier& source, const live_swarm::options& o,
                const live_swarm::limits& l, std::unique_ptr<structure> shape) {
  live_swarm::events e;
  e.play = [this](std::uint64_t chunk, byte_view payload) {
    append(taken, payload);
    order.push_back(chunk);
    if (plays) plays(chunk);
  };
  e.skipped = [this](const chunk_range& r) { skipped.push_back(r); };
  e.heard_of = [this](const endpoint&) { ++heard; };
  if (!shape) shape = std::make_unique<mesh>();
  live_party =
      std::make_unique<live_swarm>(t, source, *this, e, std::move(shape), o, l, network::epoch);
}

void host::send(const endpoint& to, byte_view datagram) { net_.carry(at_, to, datagram); }

channel_id host::new_channel() { return static_cast<channel_id>(net_.random() | 1); }

void host::arrive(const endpoint& from, byte_view datagram) {
  if (is_dead) return;
  datagram_reader in(datagram, {});
  if (in.is_broken()) return;
  if (in.destination() != 0) {
    if (serving) serving->take(in.destination(), from, datagram, net_.now);
    if (fetching) fetching->take(in.destination(), from, datagram, net_.now);
    if (live_party) live_party->take(in.destination(), from, datagram, net_.now);
  } else if (const auto first = in.next(); first && *first) {
    const auto* h = std::get_if<handshake>(&**first);
    if (h && serving) serving->greet(from, *h, datagram.size(), net_.now);
    if (h && fetching) fetching->greet(from, *h, datagram.size(), net_.now);
    if (h && live_party) live_party->greet(from, *h, datagram.size(), net_.now);
  }
  if (fetching) fetching->settle(net_.now);
  if (live_party) live_party->settle(net_.now);
}

std::optional<instant> host::deadline() const {
  if (is_dead) return std::nullopt;
  if (live_party) return live_party->deadline();
  return serving ? serving->deadline() : fetching ? fetching->deadline() : std::nullopt;
}

void host::tick() {
  if (serving) serving->tick(net_.now);
  if (fetching) fetching->tick(net_.now);
  if (live_party) live_party->tick(net_.now);
}

host& network::add(const std::string& address) {
  const auto at = *endpoint::parse(address);
  return *hosts_.emplace(at, std::make_unique<host>(*this, at)).first->second;
}

void network::carry(const endpoint& from, const endpoint& to, byte_view datagram) {
  carried += datagram.size();
  bytes copy(datagram.begin(), datagram.end());
  if (meddle) meddle(from, copy);
  auto& free = free_at_[from];
  free = std::max(free, now) +
         instant(static_cast<std::int64_t>(static_cast<double>(copy.size() + 28) / bytes_per_us));
  if (copy.empty() || std::uniform_real_distribution<>(0, 1)(random) < loss) return;
  // A queue of half a second.
  if (free - now > std::chrono::milliseconds(500)) return;
  queue_.emplace(free + delay, [this, from, to, sent = std::move(copy)] {
    const auto found = hosts_.find(to);
    if (found != hosts_.end()) found->second->arrive(from, sent);
  });
}

bool network::run(const std::function<bool()>& done, instant limit) {
  const auto end = now + limit;
  while (!done()) {
    std::optional<instant> next;
    if (!queue_.empty()) next = queue_.begin()->first;
    for (const auto& [at, h] : hosts_) {
      const auto due = h->deadline();
      if (due && (!next || *due < *next)) next = due;
    }
    if (!next || *next > end) {
      now = end;
      return done();
    }
    now = std::max(now, *next);
    while (!queue_.empty() && queue_.begin()->first <= now) {
      const auto what = std::move(queue_.begin()->second);
      queue_.erase(queue_.begin());
      what();
    }
    for (const auto& [at, h] : hosts_) {
      const auto due = h->deadline();
      if (due && *due <= now) h->tick();
    }
  }
  return true;
}

} // namespace interswarm::ppsp::testing
