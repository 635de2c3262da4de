#include "actors/overlays/ppsp/serving_swarm.hpp"

#include <algorithm>

namespace interswarm::ppsp {

namespace {

using namespace std::chrono_literals;

/// RFC 7574 §3.10.1: addresses of peers that were active in the last minute, asked once a second.
constexpr instant pex_every = 1s;
constexpr std::size_t pex_peers = 20;

} // namespace

serving_swarm::serving_swarm(swarm_terms terms, std::shared_ptr<const group_tree> tree,
                             swarm_hands& hands, std::function<void(std::uint64_t)> read,
                             const limits& l)
    : terms_(std::move(terms)), tree_(std::move(tree)), hands_(hands), read_(std::move(read)),
      limits_(l) {
  obtainable_.add({0, tree_->chunks()});
}

void serving_swarm::obtainable(const chunk_range& r) {
  obtainable_.add({r.begin, std::min(r.end, tree_->chunks())});
  for (auto& [own, c] : clients_) c.untold = 0;
}

void serving_swarm::only(range_set chunks) {
  chunks = chunks.intersect(byte_range{0, tree_->chunks()});
  auto fresh = chunks;
  fresh.subtract(obtainable_);
  obtainable_ = std::move(chunks);
  if (fresh.empty()) return;
  const auto first = (*fresh.begin()).begin;
  for (auto& [own, c] : clients_) c.untold = std::min(c.untold.value_or(first), first);
}

void serving_swarm::greet(const endpoint& from, const handshake& theirs, std::size_t datagram_bytes,
                          instant now) {
  const auto half_open = std::count_if(clients_.begin(), clients_.end(), [](const auto& c) {
    return c.second.line.state() == channel::phase::answered;
  });
  if (theirs.source == 0 || terms_.refuses(theirs.options) || clients_.size() >= limits_.clients ||
      static_cast<std::size_t>(half_open) >= limits_.half_open) {
    ++counts_.refused;
    return;
  }
  // A handshake that was sent again, because ours was lost.
  auto same = std::find_if(clients_.begin(), clients_.end(), [&](const auto& c) {
    return c.second.line.peer() == from && c.second.line.theirs() == theirs.source;
  });
  const auto own = same == clients_.end() ? hands_.new_channel() : same->first;
  if (same != clients_.end()) clients_.erase(same);
  ledbat::options o;
  o.segment_bytes = std::size_t{terms_.chunk_bytes} + 32;
  auto& c =
      clients_
          .emplace(own, client(channel::answer(terms_, own, from, theirs, now), tree_->chunks(), o))
          .first->second;
  bytes out;
  c.line.begin(out);
  // Not more than came, before it has proved its address; but something to ask for.
  c.untold = append_haves(out, 0, datagram_bytes);
  if (out.size() > datagram_bytes) {
    ++counts_.refused;
    hands_.channel_ended(own);
    clients_.erase(own);
    return;
  }
  send(c, out, now);
}

void serving_swarm::dial(const endpoint& peer, instant now) {
  if (clients_.size() >= limits_.clients ||
      std::any_of(clients_.begin(), clients_.end(),
                  [&](const auto& c) { return c.second.line.peer() == peer; }))
    return;
  const auto own = hands_.new_channel();
  ledbat::options o;
  o.segment_bytes = std::size_t{terms_.chunk_bytes} + 32;
  auto& c = clients_.emplace(own, client(channel::dial(terms_, own, peer, now), tree_->chunks(), o))
                .first->second;
  bytes out;
  c.line.begin(out);
  send(c, out, now);
}

/// From chunk `from` on, until the datagram has so many bytes; the first chunk that is not told of,
/// or nothing.
std::optional<std::uint64_t> serving_swarm::append_haves(bytes& out, std::uint64_t from,
                                                         std::size_t most) const {
  const auto speech = terms_.speech();
  const auto one_bytes = 1 + address_bytes(speech.address.method);
  for (const auto& r : obtainable_) {
    if (r.end <= from) continue;
    for (const auto& one : addressable({std::max(r.begin, from), r.end}, speech.address)) {
      if (out.size() + one_bytes > most) return one.begin;
      append_message(out, have{one}, speech);
    }
  }
  return std::nullopt;
}

void serving_swarm::take(channel_id own, const endpoint& from, byte_view datagram, instant now) {
  const auto found = clients_.find(own);
  if (found == clients_.end()) return;
  auto& c = found->second;
  if (!c.line.heard(from, now)) return;
  datagram_reader in(datagram, c.line.hears());
  while (true) {
    auto next = in.next();
    if (!next || !*next) break;
    if (!handle(c, **next, now)) break;
  }
  pump(c, now);
  drop_closed();
}

/// Whether the rest of the datagram is worth reading.
bool serving_swarm::handle(client& c, const message& m, instant now) {
  if (const auto* h = std::get_if<handshake>(&m))
    return c.line.accept(*h).has_value() && h->source != 0;
  if (const auto* r = std::get_if<request>(&m)) {
    ++counts_.requests;
    if (!c.sender.request(r->chunks)) ++counts_.refused;
  } else if (const auto* a = std::get_if<ack>(&m)) {
    acknowledged(c, *a, now);
  } else if (const auto* held = std::get_if<have>(&m)) {
    c.sender.has(held->chunks);
  } else if (const auto* no = std::get_if<cancel>(&m)) {
    c.sender.cancel(no->chunks);
  } else if (std::holds_alternative<pex_request>(m)) {
    exchange_peers(c, now);
  }
  // A holder of everything needs neither data nor hashes, and no leave to ask.
  return true;
}

void serving_swarm::acknowledged(client& c, const ack& m, instant now) {
  const auto n = c.sender.acked(m.chunks, now);
  if (n.acked_bytes > 0) c.flow.acked(now, n.acked_bytes, m.delay_us, n.round_trip);
  if (n.lost_bytes > 0) c.flow.lost(now, n.lost_bytes);
  if (!c.counted_complete && c.sender.delivered().bytes() == tree_->chunks()) {
    c.counted_complete = true;
    ++counts_.completed;
  }
}

void serving_swarm::exchange_peers(client& c, instant now) {
  if (now - c.last_pex < pex_every) return;
  c.last_pex = now;
  bytes out;
  c.line.begin(out);
  std::size_t told = 0;
  for (const auto& [own, other] : clients_) {
    if (&other == &c || other.line.state() != channel::phase::open) continue;
    if (told++ == pex_peers) break;
    append_message(out, pex_response{other.line.peer()}, terms_.speech());
  }
  if (told > 0) send(c, out, now);
}

void serving_swarm::pump(client& c, instant now) {
  if (c.line.state() != channel::phase::open) return;
  while (c.untold) {
    bytes out;
    c.line.begin(out);
    c.untold = append_haves(out, *c.untold, limits_.datagram_bytes);
    send(c, out, now);
  }
  while (c.flow.room() >= terms_.chunk_bytes) {
    const auto next = c.sender.next();
    if (!next || !send_chunk(c, *next, now)) return;
  }
}

tree_digest serving_swarm::node(const chunk_group& g, const chunk_range& at) const {
  return at.size() < group_tree::group_chunks ? g.node(at) : tree_->node(at);
}

/// False when its bytes are not there yet.
bool serving_swarm::send_chunk(client& c, std::uint64_t chunk, instant now) {
  const auto g = group_of(chunk);
  if (!g) return false;
  const auto speech = terms_.speech();
  bytes out;
  c.line.begin(out);
  const auto empty = out.size();
  const auto payload = g->chunk(chunk);
  const auto whole = 1 + address_bytes(speech.address.method) + 8 + payload.size();
  for (const auto& at : c.sender.hashes_for(chunk)) {
    tree_digest hash;
    if (at.size() >= group_tree::group_chunks || g->chunks().contains(at.begin)) {
      hash = node(*g, at);
    } else {
      // A small peak of another group: that group is read first, once.
      const auto other = group_of(at.begin);
      if (!other) return false;
      hash = other->node(at);
    }
    append_message(out, integrity{at, hash.view()}, speech);
    // Hashes that leave no room for the chunk go before it.
    if (out.size() + whole > std::max(limits_.datagram_bytes, empty + whole)) {
      send(c, out, now);
      out.clear();
      c.line.begin(out);
    }
  }
  append_message(out, data{{chunk, chunk + 1}, static_cast<std::uint64_t>(now.count()), payload},
                 speech);
  c.sender.sent(chunk, out.size(), now);
  c.flow.sent(now, out.size());
  counts_.bytes_sent += payload.size();
  send(c, out, now);
  return true;
}

void serving_swarm::send(client& c, byte_view datagram, instant now) {
  hands_.send(c.line.peer(), datagram);
  c.line.sent(now);
  ++counts_.datagrams_sent;
}

std::shared_ptr<const chunk_group> serving_swarm::group_of(std::uint64_t chunk) {
  const auto number = chunk / group_tree::group_chunks;
  const auto found = std::find_if(groups_.begin(), groups_.end(),
                                  [&](const auto& g) { return g->number() == number; });
  if (found != groups_.end()) {
    groups_.splice(groups_.begin(), groups_, found);
    return *groups_.begin();
  }
  if (reading_.insert(number).second) read_(number);
  return nullptr;
}

bool serving_swarm::group_read(std::uint64_t group, bytes payload, instant now) {
  reading_.erase(group);
  auto made = std::make_shared<const chunk_group>(terms_.hash, group, terms_.chunk_bytes,
                                                  std::move(payload));
  const auto begin = group * group_tree::group_chunks;
  if (made->top() != tree_->node({begin, begin + group_tree::group_chunks})) return false;
  groups_.push_front(std::move(made));
  if (groups_.size() > limits_.cached_groups) groups_.pop_back();
  for (auto& [own, c] : clients_) pump(c, now);
  return true;
}

void serving_swarm::group_lost(std::uint64_t group) { reading_.erase(group); }

std::optional<instant> serving_swarm::deadline() const {
  std::optional<instant> out;
  const auto sooner = [&](const std::optional<instant>& at) {
    if (at && (!out || *at < *out)) out = at;
  };
  for (const auto& [own, c] : clients_) {
    sooner(c.line.deadline());
    sooner(c.flow.deadline());
  }
  return out;
}

void serving_swarm::tick(instant now) {
  for (auto& [own, c] : clients_) {
    const auto errand = c.line.tick(now);
    if (errand != channel::errand::nothing) {
      bytes out;
      c.line.begin(out);
      send(c, out, now);
    }
    if (const auto silent = c.flow.deadline(); silent && *silent <= now) {
      c.flow.timed_out(now);
      c.sender.lose_all();
    }
    pump(c, now);
  }
  drop_closed();
}

void serving_swarm::drop_closed() {
  std::erase_if(clients_, [&](const auto& c) {
    if (c.second.line.state() != channel::phase::closed) return false;
    hands_.channel_ended(c.first);
    return true;
  });
}

void serving_swarm::close() {
  for (auto& [own, c] : clients_) {
    bytes out;
    c.line.close(out);
    if (!out.empty()) hands_.send(c.line.peer(), out);
  }
  drop_closed();
}

} // namespace interswarm::ppsp
