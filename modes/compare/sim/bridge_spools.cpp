#include "modes/compare/sim/bridge_model.hpp"

#include <unordered_set>

namespace interswarm::compare {

/// A reader asks for a piece: from the spool, or from the overlay's peers.
void bridge_model::supply(overlay_id giver, content_id c, const spooled::reader& r) {
  auto& node = nodes_[giver];
  auto [at, fresh] = node.fetching.try_emplace(c);
  auto& s = at->second;
  if (fresh) {
    s.fetch = swarms_.fetch(giver, c, *this);
    fetches_[s.fetch] = {giver, c};
  }
  s.used_at = world_.now();
  const bool goes_on = r.piece == s.next;
  s.next = r.piece + 1;
  if ((swarms_.have(s.fetch) & bit(r.piece)) != 0) {
    bring(giver, c, r, delay(r.into, giver) + delay(giver, r.into));
  } else {
    s.readers.push_back(r);
  }
  const auto& cut = swarms_.cut_of(c);
  s.ahead = goes_on ? std::min(bridge_limits::read_ahead_bytes, s.ahead * 2) : 0;
  s.ahead = std::max({s.ahead, bridge_limits::first_ahead_bytes, cut.piece_bytes()});
  const auto end = std::min(cut.size(), cut.offset(r.piece + 1) + s.ahead);
  const auto until = cut.piece_at(end - 1) + 1;
  swarms_.want(s.fetch, bit(r.piece), pieces::first(until) & ~pieces::first(r.piece));
}

/// From the giver's spool to the taker's gateway.
void bridge_model::bring(overlay_id giver, content_id c, const spooled::reader& r, double after) {
  auto* g = gateway_of(r.into, c, r.gateway);
  if (g == nullptr || !reaches(giver, r.into)) return;
  const auto read = std::find_if(g->reads.begin(), g->reads.end(), [&](const auto& x) {
    return x.piece == r.piece && x.asked && x.moving == nobody &&
           crossings_[x.crossing].from == giver;
  });
  if (read == g->reads.end()) return;
  read->moving = transport_.start({world_.server_of(giver), world_.server_of(r.into), r.into, c,
                                   swarms_.cut_of(c).bytes_of(r.piece)},
                                  after, *this);
}

void bridge_model::fetched(download_id d, std::uint32_t piece) {
  const auto of = fetches_.find(d);
  if (of == fetches_.end()) return; // it is being dropped
  const auto [o, c] = of->second;
  auto& node = nodes_[o];
  auto& s = node.fetching.at(c);
  node.spool_bytes += swarms_.cut_of(c).bytes_of(piece);
  s.used_at = world_.now();
  std::vector<spooled::reader> ready;
  std::erase_if(s.readers, [&](const spooled::reader& r) {
    if (r.piece == piece) ready.push_back(r);
    return r.piece == piece;
  });
  for (const auto& r : ready) bring(o, c, r, delay(o, r.into));
  if (node.spool_bytes > world_.setting.bridge.spool_bytes) make_room(o);
}

/// Whatever was not used for longest and nobody waits for leaves the spool.
void bridge_model::make_room(overlay_id o) {
  auto& node = nodes_[o];
  while (node.spool_bytes > world_.setting.bridge.spool_bytes) {
    auto oldest = node.fetching.end();
    for (auto at = node.fetching.begin(); at != node.fetching.end(); ++at) {
      const bool idle = at->second.readers.empty() && at->second.used_at < world_.now();
      if (idle && (oldest == node.fetching.end() || at->second.used_at < oldest->second.used_at))
        oldest = at;
    }
    if (oldest == node.fetching.end()) return;
    const auto& cut = swarms_.cut_of(oldest->first);
    for (auto have = swarms_.have(oldest->second.fetch); have != 0; have &= have - 1)
      node.spool_bytes -= cut.bytes_of(static_cast<std::uint32_t>(std::countr_zero(have)));
    fetches_.erase(oldest->second.fetch);
    swarms_.drop(oldest->second.fetch);
    node.fetching.erase(oldest);
  }
}

void bridge_model::forget_unused(overlay_id o) {
  auto& node = nodes_[o];
  const auto life = std::chrono::duration<double>(rules().keep_fetched).count();
  for (auto at = node.fetching.begin(); at != node.fetching.end();) {
    auto& s = at->second;
    // Those who do not wait any more.
    const auto gone = std::erase_if(s.readers, [&, c = at->first](const spooled::reader& r) {
      return gateway_of(r.into, c, r.gateway) == nullptr || !reaches(o, r.into);
    });
    if (gone > 0 || world_.now() - s.used_at >= bridge_limits::quiet_s) {
      piece_set still = 0;
      for (const auto& r : s.readers) still |= bit(r.piece);
      swarms_.want_only(s.fetch, still);
    }
    if (!s.readers.empty() || world_.now() - s.used_at < life) {
      ++at;
      continue;
    }
    const auto& cut = swarms_.cut_of(at->first);
    for (auto have = swarms_.have(s.fetch); have != 0; have &= have - 1)
      node.spool_bytes -= cut.bytes_of(static_cast<std::uint32_t>(std::countr_zero(have)));
    fetches_.erase(s.fetch);
    swarms_.drop(s.fetch);
    at = node.fetching.erase(at);
  }
}

/// Both ends enter each byte of a crossing once; the giver hears it from the taker's verdict.
void bridge_model::enter(std::uint32_t number, std::uint32_t piece) {
  auto& x = crossings_[number];
  if ((x.taken & bit(piece)) != 0) return;
  x.taken |= bit(piece);
  const auto bytes = swarms_.cut_of(x.content).bytes_of(piece);
  nodes_[x.to].crossed_with.insert(x.from);
  world_.books.charged_by_taker(payers(x), bytes);
  world_.books.said(message_kind::judge, message_cost::judge);
  verdicts_.emplace(number, piece);
  if (const auto after = delay(x.to, x.from); after > 0) {
    world_.later(after, *this, {verdict, number, piece});
  } else {
    hear(number, piece);
  }
}

void bridge_model::hear(std::uint32_t number, std::uint32_t piece) {
  verdicts_.erase({number, piece});
  const auto& x = crossings_[number];
  const auto bytes = swarms_.cut_of(x.content).bytes_of(piece);
  if (reaches(x.to, x.from)) {
    world_.books.charged_by_giver(payers(x), bytes);
  } else {
    nodes_[x.to].unsettled.emplace_back(number, bytes);
  }
}

void bridge_model::end() {
  while (!verdicts_.empty()) {
    const auto [number, piece] = *verdicts_.begin();
    hear(number, piece);
  }
}

accounts::pair bridge_model::payers(const crossing& x) const {
  const auto& overlays = world_.setting.overlays;
  return {overlays[x.from].name, overlays[x.to].name, world_.nodes[world_.server_of(x.from)].domain,
          world_.nodes[world_.server_of(x.to)].domain};
}

std::uint64_t bridge_model::stored() const {
  std::uint64_t out = 0;
  for (const auto& node : nodes_) out += node.spool_bytes;
  return out;
}

std::uint64_t bridge_model::duplicates() const {
  std::unordered_set<std::uint64_t> kept;
  std::uint64_t distinct = 0;
  const auto keep = [&](content_id c, std::uint32_t piece) {
    if (kept.insert(std::uint64_t{c} << 32U | piece).second)
      distinct += swarms_.cut_of(c).bytes_of(piece);
  };
  for (const auto& node : nodes_) {
    for (const auto& [c, s] : node.fetching)
      for (auto have = swarms_.have(s.fetch); have != 0; have &= have - 1)
        keep(c, static_cast<std::uint32_t>(std::countr_zero(have)));
  }
  return stored() - distinct;
}

} // namespace interswarm::compare
