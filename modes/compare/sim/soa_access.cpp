#include "modes/compare/sim/soa_access.hpp"

#include <charconv>
#include <cmath>

namespace interswarm::compare {

namespace {

/// The content of a key that soa_access::key made.
content_id content_of(const std::string& key) {
  content_id out = 0;
  std::from_chars(key.data() + key.find('\0') + 1, key.data() + key.size(), out);
  return out;
}

} // namespace

soa_access::soa_access(world& w, transport& t, swarms& s, name_book& names, soa_store& store)
    : world_(w), transport_(t), swarms_(s), names_(names), store_(store) {
  for (overlay_id o = 0; o < w.setting.overlays.size(); ++o) nodes_.push_back(fresh_node(o));
}

void soa_access::begin() {
  store_.watch(*this);
  for (overlay_id o = 0; o < nodes_.size(); ++o) {
    stand(o);
    world_.later(soa_limits::stand_every_s, *this, {tick, o, 0});
    world_.later(soa_limits::ask_every_s, *this, {hear, o, 0});
  }
}

soa_access::access_node soa_access::fresh_node(overlay_id o) {
  access_node out(world_.setting.bridge.policy, world_.setting.soa.cache_bytes);
  for (std::size_t i = 0; i < world_.setting.soa.storage.size(); ++i) {
    static_cast<void>(out.board.joined(soa_store::state_of(world_, i), milliseconds()));
    if (!reaches(o, i)) out.board.lost(i);
  }
  return out;
}

bridge::instant soa_access::clock() const {
  return bridge::instant(std::chrono::duration_cast<bridge::instant::duration>(
      std::chrono::duration<double>(world_.now())));
}

storage::instant soa_access::milliseconds() const {
  return storage::instant(static_cast<std::int64_t>(std::llround(world_.now() * 1000)));
}

std::string soa_access::key(overlay_id o, content_id c) const {
  return bridge::table_key(world_.setting.overlays[o].name, std::to_string(c));
}

/// What is published is offered all the time; its bytes move only when a client asks.
void soa_access::stand(overlay_id o) {
  auto& node = nodes_[o];
  if (!world_.nodes[world_.server_of(o)].up) return;
  const auto& contents = world_.setting.contents;
  for (content_id c = 0; c < contents.size(); ++c) {
    if (!contents[c].published || node.serving.contains(c)) continue;
    const auto k = key(o, c);
    if (node.desk.demand(k, 0, clock()) != bridge::demand_action::resolve) continue;
    const auto& names = names_.look_up(o, c);
    world_.books.said(message_kind::lookup, message_cost::lookup(contents[c].size, names.size()));
    if (!std::binary_search(names.begin(), names.end(), o)) {
      node.desk.refused(k, clock()); // no name there: nobody of this overlay can seek it
      continue;
    }
    node.desk.resolved(k, clock());
    world_.books.said(message_kind::announce, message_cost::announce(0));
    node.serving[c] = swarms_.serve(o, c, *this);
  }
}

void soa_access::went_down(overlay_id o) {
  auto& node = nodes_[o];
  for (std::uint32_t r = 0; r < reads_.size(); ++r) {
    auto& one = reads_[r];
    if (!one.alive || one.overlay != o) continue;
    for (const auto& w : one.ways) transport_.stop(w.moving);
    one.ways.clear();
    let_go(r);
  }
  for (const auto& [c, m] : node.serving) swarms_.withdraw(m);
  node = fresh_node(o);
  swarms_.went_down(world_.server_of(o));
}

void soa_access::came_up(overlay_id o) {
  nodes_[o] = fresh_node(o);
  swarms_.came_up(world_.server_of(o));
  stand(o);
}

void soa_access::storage_went_down(std::size_t i) {
  for (auto& node : nodes_) node.board.lost(i);
}

void soa_access::storage_came_up(std::size_t i) {
  for (overlay_id o = 0; o < nodes_.size(); ++o)
    if (reaches(o, i))
      static_cast<void>(nodes_[o].board.joined(soa_store::state_of(world_, i), milliseconds()));
}

void soa_access::happen(const occasion& o) {
  switch (o.what) {
  case tick: {
    auto& node = nodes_[o.which];
    // What nobody used for long is looked up again: it might not be published any more.
    for (const auto& k : node.desk.stale(clock())) {
      const auto c = content_of(k);
      const auto names = names_.look_up(o.which, c).size();
      world_.books.said(message_kind::lookup,
                        message_cost::lookup(world_.setting.contents[c].size, names));
      node.desk.used(k, clock());
    }
    stand(o.which);
    world_.later(soa_limits::stand_every_s, *this, o);
    break;
  }
  case hear:
    for (std::size_t i = 0; i < world_.setting.soa.storage.size(); ++i) {
      if (!world_.nodes[world_.server_of(o.which)].up) break;
      world_.books.said(message_kind::status, message_cost::status);
      if (reaches(o.which, i))
        nodes_[o.which].board.heard(i, soa_store::state_of(world_, i), milliseconds());
    }
    world_.later(soa_limits::ask_every_s, *this, o);
    break;
  case hedge:
    if (reads_[o.which].alive && reads_[o.which].stamp == o.more) ask_storage(o.which);
    break;
  default: {
    auto& r = reads_[o.which];
    if (!r.alive || r.stamp != o.more || r.is_over) break;
    r.plan = storage::hedged_read(
        nodes_[r.overlay].board.read_order(name_piece(r.content, r.chunk), milliseconds()));
    ask_storage(o.which);
    break;
  }
  }
  swarms_.settle();
}

bool soa_access::wanted(member_id m, std::uint32_t piece) {
  const auto& s = swarms_.swarm_of_member(m);
  const auto o = s.overlay;
  const auto c = s.content;
  auto& node = nodes_[o];
  const auto chunk = store_.chunk_of(c, piece);
  node.desk.used(key(o, c), clock());
  const bool here = !node.cache.find(name_piece(c, chunk)).empty();
  if (here) {
    enter(o, c, piece);
  } else {
    read(o, c, chunk, bit(piece));
  }
  // Who goes on in order is read ahead for.
  auto& next = node.next[c];
  if (std::exchange(next, piece + 1) == piece) {
    const auto last = std::min(store_.chunks(c), chunk + 1 + soa_limits::ahead_chunks);
    for (auto ahead = chunk + 1; ahead < last; ++ahead)
      if (node.cache.find(name_piece(c, ahead)).empty()) read(o, c, ahead, 0);
  }
  return here;
}

void soa_access::read(overlay_id o, content_id c, std::uint32_t chunk, piece_set pieces) {
  auto& node = nodes_[o];
  if (const auto at = node.reads.find({c, chunk}); at != node.reads.end()) {
    reads_[at->second].pieces |= pieces;
    return;
  }
  if (unused_.empty()) {
    unused_.push_back(static_cast<std::uint32_t>(reads_.size()));
    reads_.emplace_back();
  }
  const auto id = unused_.back();
  unused_.pop_back();
  auto& r = reads_[id];
  const auto stamp = r.stamp + 1;
  r = reading{};
  r.alive = true;
  r.stamp = stamp;
  r.overlay = o;
  r.content = c;
  r.chunk = chunk;
  r.pieces = pieces;
  node.reads[{c, chunk}] = id;
  if (!store_.is_stored(c, chunk)) {
    store_.pull(c); // `chunk_here` follows
    return;
  }
  r.plan = storage::hedged_read(node.board.read_order(name_piece(c, chunk), milliseconds()));
  ask_storage(id);
}

void soa_access::chunk_here(content_id c, std::uint32_t chunk) {
  for (auto& node : nodes_) {
    const auto at = node.reads.find({c, chunk});
    if (at == node.reads.end() || !reads_[at->second].ways.empty()) continue;
    reads_[at->second].plan =
        storage::hedged_read(node.board.read_order(name_piece(c, chunk), milliseconds()));
    ask_storage(at->second);
  }
}

void soa_access::ask_storage(std::uint32_t id) {
  if (reads_[id].is_over) return;
  const auto o = reads_[id].overlay;
  const auto access = world_.server_of(o);
  const auto bytes = store_.chunk_bytes_of(reads_[id].content, reads_[id].chunk);
  while (const auto n = reads_[id].plan.next(milliseconds())) {
    auto& r = reads_[id];
    world_.books.said(message_kind::read, message_cost::read);
    if (!reaches(o, *n) || !store_.has(r.content, r.chunk, *n)) {
      r.plan.failed(*n);
      continue;
    }
    const auto from = world_.storage(*n);
    const auto moving =
        transport_.start({from, access, o, id, bytes}, world_.round_trip(from, access), *this);
    reads_[id].ways.push_back({moving, *n, world_.now()});
  }
  auto& r = reads_[id];
  if (r.plan.hopeless()) {
    world_.later(soa_limits::read_again_s, *this, {again, id, r.stamp});
  } else if (const auto wake = r.plan.wake_at()) {
    world_.events.add(static_cast<double>(wake->count()) / 1000, *this, {hedge, id, r.stamp});
  }
}

void soa_access::ended(transfer_id id, std::uint64_t /*received*/, bool whole) {
  const auto n = transport_.look(id).which;
  auto& r = reads_[n];
  const auto at =
      std::find_if(r.ways.begin(), r.ways.end(), [id](const auto& w) { return w.moving == id; });
  const auto way = *at;
  r.ways.erase(at);
  if (whole) {
    const auto took = storage::instant(std::llround((world_.now() - way.since) * 1000));
    nodes_[r.overlay].board.answered(way.node, took, milliseconds());
    if (!r.is_over) read_done(n);
  } else if (!r.is_over) {
    r.plan.failed(way.node);
    ask_storage(n);
  }
  if (reads_[n].is_over && reads_[n].ways.empty()) let_go(n);
  swarms_.settle();
}

/// The first answer wins; what others still send comes and is not used.
void soa_access::read_done(std::uint32_t n) {
  const auto o = reads_[n].overlay;
  const auto c = reads_[n].content;
  const auto chunk = reads_[n].chunk;
  reads_[n].is_over = true;
  auto& node = nodes_[o];
  node.reads.erase({c, chunk});
  node.cache.store(name_piece(c, chunk), byte_count(store_.chunk_bytes_of(c, chunk)));
  const auto m = node.serving.find(c);
  if (m == node.serving.end()) return;
  for (auto left = reads_[n].pieces; left != 0; left &= left - 1) {
    const auto piece = static_cast<std::uint32_t>(std::countr_zero(left));
    enter(o, c, piece);
    swarms_.supplied(m->second, piece);
  }
}

void soa_access::let_go(std::uint32_t n) {
  reads_[n].alive = false;
  unused_.push_back(n);
}

/// Meter and gateway stand in the same node: both ends enter the same.
void soa_access::enter(overlay_id o, content_id c, std::uint32_t piece) {
  auto& taken = nodes_[o].taken[c];
  if ((taken & bit(piece)) != 0) return;
  taken |= bit(piece);
  const auto domain = world_.nodes[world_.server_of(o)].domain;
  const accounts::pair p{"stored", world_.setting.overlays[o].name, domain, domain};
  const auto bytes = swarms_.cut_of(c).bytes_of(piece);
  world_.books.charged_by_giver(p, bytes);
  world_.books.charged_by_taker(p, bytes);
}

} // namespace interswarm::compare
