#include "modes/compare/sim/swarms.hpp"

namespace interswarm::compare {

std::size_t swarms::slots(node_id n) const {
  return n < world_.setting.peers.size() ? swarm_limits::peer_slots : swarm_limits::server_slots;
}

void swarms::look_later(download_id d) {
  if (downloads_[d].looks) return;
  downloads_[d].looks = true;
  looks_.push_back(d);
}

void swarms::serve_later(node_id n) {
  if (giving_[n].queued || giving_[n].waiting.empty()) return;
  giving_[n].queued = true;
  freed_.push_back(n);
}

void swarms::settle() {
  if (settling_) return;
  settling_ = true;
  while (!looks_.empty() || !freed_.empty()) {
    // Who waits comes before who looks.
    if (!freed_.empty()) {
      const auto n = freed_.back();
      freed_.pop_back();
      giving_[n].queued = false;
      serve_waiting(n);
    } else {
      const auto d = looks_.back();
      looks_.pop_back();
      downloads_[d].looks = false;
      if (downloads_[d].alive && downloads_[d].runs) look(d);
    }
  }
  settling_ = false;
}

/// Connects to known parties that have something to give, or stands in their queues.
void swarms::look(download_id d) {
  auto& down = downloads_[d];
  if ((down.wanted & ~have(d)) == 0) return;
  std::erase_if(down.waits, [this](member_id m) { return members_[m].gone; });
  std::vector<member_id> later;
  for (std::size_t i = 0; i < down.known.size() && down.in_use < most_sources(down); ++i) {
    const auto m = down.known[i];
    const auto& one = members_[m];
    if (one.gone || (one.place == nobody && one.shelf == nobody)) continue;
    const bool taken =
        std::any_of(down.connections.begin(), down.connections.end(), [m](const connection& c) {
          return c.now != connection::state::closed && c.source == m;
        });
    if (taken || !world_.can_connect(down.node, one.node)) continue;
    if (!useful(down, m)) {
      if (!one.whole) later.push_back(m);
    } else if (giving_[one.node].takers.size() < slots(one.node)) {
      open(d, m);
    } else {
      wait_for(d, m);
    }
  }
  // Parties that will have something.
  if (down.in_use < most_sources(down))
    for (const auto m : later) wait_for(d, m);
}

void swarms::wait_for(download_id d, member_id m) {
  auto& down = downloads_[d];
  const bool waits = std::find(down.waits.begin(), down.waits.end(), m) != down.waits.end();
  if (waits || down.waits.size() >= swarm_limits::waits) return;
  const auto n = members_[m].node;
  down.waits.push_back(m);
  auto& at = giving_[n];
  at.waiting.push_back({d, down.stamp, m});
  if (at.turns) return;
  at.turns = true;
  world_.later(swarm_limits::turn_s, *this, {turn, n, 0});
}

void swarms::open(download_id d, member_id m) {
  auto& down = downloads_[d];
  const auto free =
      std::find_if(down.connections.begin(), down.connections.end(),
                   [](const connection& c) { return c.now == connection::state::closed; });
  const auto c = static_cast<std::uint32_t>(free - down.connections.begin());
  if (free == down.connections.end()) down.connections.emplace_back();
  auto& way = down.connections[c] = connection{};
  way.now = connection::state::connecting;
  way.source = m;
  way.since = world_.now();
  way.stamp = ++stamps_;
  ++down.in_use;
  const auto n = members_[m].node;
  giving_[n].takers.push_back({d, c});
  const bool waited = std::erase(down.waits, m) > 0;
  if (!waited) world_.books.said(message_kind::handshake, message_cost::handshake);
  const auto trips = waited ? swarm_limits::turn_round_trips : swarm_limits::connect_round_trips;
  // The way of the first bytes is part of their transfer.
  const auto until = trips * world_.round_trip(down.node, n) - world_.path(n, down.node).delay_s;
  world_.later(std::max(0.0, until), *this, {connected, d, std::uint64_t{c} << 32U | way.stamp});
}

void swarms::close(download_id d, std::uint32_t c) {
  auto& down = downloads_[d];
  auto& way = down.connections[c];
  if (way.now == connection::state::closed) return;
  const auto source = way.source;
  const auto moving = std::exchange(way.moving, nobody);
  const auto piece = way.piece;
  const auto of_server = way.asked | way.ready;
  way.now = connection::state::closed;
  way.asked = way.ready = 0;
  --down.in_use;
  const auto n = members_[source].node;
  auto& takers = giving_[n].takers;
  takers.erase(std::find_if(takers.begin(), takers.end(),
                            [&](const giving::taker& t) { return t.d == d && t.connection == c; }));
  serve_later(n);
  for (auto left = of_server; left != 0; left &= left - 1) {
    const auto p = static_cast<std::uint32_t>(std::countr_zero(left));
    hand_back(d, p, std::exchange(part_of(down, p)->pledged, 0));
  }
  if (moving == nobody) return;
  const auto bytes = transport_.look(moving).bytes;
  const auto received = transport_.stop(moving);
  credit(down, source, received);
  hand_back(d, piece, bytes - received);
}

/// Has the connection fetch something. `again`: its transfer that has just ended and can go on.
void swarms::feed(download_id d, std::uint32_t c, transfer_id again) {
  auto& down = downloads_[d];
  const auto m = down.connections[c].source;
  const auto& source = members_[m];
  const bool there = !source.gone && world_.can_connect(down.node, source.node);
  if (there && source.shelf != nobody) {
    feed_from_server(d, c, again);
  } else if (there) {
    if (const auto next = choose(down, c, true); next.bytes > 0) {
      move(d, c, next.piece, next.bytes, again);
      return;
    }
  }
  auto& way = down.connections[c];
  if (way.moving != nobody || (way.asked | way.ready) != 0) return;
  close(d, c);
  // It may have more later.
  if (there && !source.whole && down.alive && down.runs) wait_for(d, m);
  look_later(d);
}

void swarms::feed_from_server(download_id d, std::uint32_t c, transfer_id again) {
  auto& down = downloads_[d];
  const auto m = down.connections[c].source;
  auto& from = shelves_[members_[m].shelf];
  const auto& cut = cuts_[swarms_[members_[m].swarm].content];
  const auto window = std::max(swarm_limits::window_pieces,
                               static_cast<int>(swarm_limits::window_bytes / cut.piece_bytes()));
  for (;;) {
    auto& way = down.connections[c];
    const bool idle = way.moving == nobody && (way.asked | way.ready) == 0;
    if (std::popcount(way.asked | way.ready) + (way.moving != nobody ? 1 : 0) >= window) break;
    const auto next = choose(down, c, idle);
    if (next.bytes == 0) break;
    part_of(down, next.piece)->pledged += next.bytes;
    if (from.from->wanted(m, next.piece)) {
      way.ready |= bit(next.piece);
    } else {
      way.asked |= bit(next.piece);
      from.askers.push_back({static_cast<std::uint8_t>(next.piece), c, d, way.stamp});
    }
  }
  auto& way = down.connections[c];
  if (way.moving != nobody || way.ready == 0) return;
  const auto piece = static_cast<std::uint32_t>(std::countr_zero(way.ready));
  way.ready &= ~bit(piece);
  move(d, c, piece, std::exchange(part_of(down, piece)->pledged, 0), again);
}

void swarms::move(download_id d, std::uint32_t c, std::uint32_t piece, std::uint64_t bytes,
                  transfer_id again) {
  auto& down = downloads_[d];
  auto& way = down.connections[c];
  way.piece = static_cast<std::uint8_t>(piece);
  world_.books.said(message_kind::request, message_cost::request,
                    (bytes + message_cost::block - 1) / message_cost::block);
  const auto from = members_[way.source].node;
  const auto delay = world_.path(from, down.node).delay_s;
  auto& since = part_of(down, piece)->since;
  since = std::min(since, world_.now() + (again != nobody ? 0 : delay));
  if (again != nobody) {
    way.moving = again;
    transport_.go_on(again, bytes);
    return;
  }
  way.moving = transport_.start({from, down.node, d, c, bytes}, delay, *this);
}

void swarms::serve_waiting(node_id n) {
  auto& at = giving_[n];
  if (!world_.nodes[n].up) return;
  // Taken out: whom it does not help yet keeps its place.
  std::vector<giving::waiter> kept;
  std::size_t i = 0;
  for (; i < at.waiting.size() && kept.size() < swarm_limits::looked_at; ++i) {
    if (at.takers.size() >= slots(n)) break;
    const auto w = at.waiting[i];
    const auto& down = downloads_[w.d];
    const auto& m = members_[w.of];
    const bool waits = down.alive && down.runs && down.stamp == w.stamp && !m.gone &&
                       std::find(down.waits.begin(), down.waits.end(), w.of) != down.waits.end();
    if (!waits) continue;
    if (down.in_use < most_sources(down) && world_.can_connect(down.node, n) &&
        useful(down, w.of)) {
      open(w.d, w.of);
    } else {
      kept.push_back(w);
    }
  }
  at.waiting.erase(at.waiting.begin(), at.waiting.begin() + static_cast<std::ptrdiff_t>(i));
  at.waiting.insert(at.waiting.begin(), kept.begin(), kept.end());
}

/// Whoever was given to for longest makes room for who waits.
void swarms::end_turn(node_id n) {
  auto& at = giving_[n];
  at.turns = false;
  if (at.waiting.empty() || !world_.nodes[n].up) return;
  auto next = swarm_limits::turn_s;
  if (at.takers.size() >= slots(n)) {
    const auto longest =
        std::min_element(at.takers.begin(), at.takers.end(), [this](const auto& a, const auto& b) {
          return downloads_[a.d].connections[a.connection].since <
                 downloads_[b.d].connections[b.connection].since;
        });
    const auto who = *longest;
    const auto& way = downloads_[who.d].connections[who.connection];
    const auto had = world_.now() - way.since;
    if (had >= swarm_limits::turn_s) {
      const auto m = way.source;
      close(who.d, who.connection);
      if (downloads_[who.d].alive && downloads_[who.d].runs) {
        wait_for(who.d, m);
        look_later(who.d);
      }
      next /= static_cast<double>(slots(n));
    } else {
      next -= had;
    }
  }
  if (at.waiting.empty() || at.turns) return;
  at.turns = true;
  world_.later(next, *this, {turn, n, 0});
}

member_id swarms::serve(overlay_id o, content_id c, supplier& from) {
  const auto n = world_.server_of(o);
  const auto m = static_cast<member_id>(members_.size());
  member one;
  one.node = n;
  one.swarm = swarm_of(o, c);
  one.next = first_member_[n];
  one.shelf = static_cast<std::uint32_t>(shelves_.size());
  one.whole = true;
  first_member_[n] = m;
  members_.push_back(one);
  shelves_.push_back({&from, {}});
  auto& s = swarms_[one.swarm];
  s.server = m;
  for (const auto d : s.seekers) {
    downloads_[d].known.insert(downloads_[d].known.begin(), m);
    look_later(d);
  }
  settle();
  return m;
}

void swarms::withdraw(member_id m) {
  auto& one = members_[m];
  if (one.gone) return;
  one.gone = true;
  swarms_[one.swarm].server = nobody;
  auto& at = giving_[one.node];
  for (std::size_t i = at.takers.size(); i-- > 0;) {
    if (i >= at.takers.size()) continue;
    const auto t = at.takers[i];
    if (downloads_[t.d].connections[t.connection].source != m) continue;
    close(t.d, t.connection);
    look_later(t.d);
  }
  shelves_[one.shelf].askers.clear();
  settle();
}

void swarms::supplied(member_id m, std::uint32_t piece) {
  if (members_[m].gone) return;
  auto& askers = shelves_[members_[m].shelf].askers;
  std::vector<shelf::asker> now;
  std::erase_if(askers, [&](const shelf::asker& a) {
    if (a.piece == piece) now.push_back(a);
    return a.piece == piece;
  });
  for (const auto& a : now) {
    auto& down = downloads_[a.d];
    if (!down.alive || a.connection >= down.connections.size()) continue;
    auto& way = down.connections[a.connection];
    if (way.stamp != a.stamp || (way.asked & bit(piece)) == 0) continue;
    way.asked &= ~bit(piece);
    way.ready |= bit(piece);
    if (way.moving == nobody) feed(a.d, a.connection);
  }
  settle();
}

std::size_t swarms::clients(member_id m) const {
  const auto& takers = giving_[members_[m].node].takers;
  return static_cast<std::size_t>(
      std::count_if(takers.begin(), takers.end(), [&](const giving::taker& t) {
        return downloads_[t.d].connections[t.connection].source == m;
      }));
}

} // namespace interswarm::compare
