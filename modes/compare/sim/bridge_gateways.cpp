#include "modes/compare/sim/bridge_model.hpp"

namespace interswarm::compare {

void bridge_model::open_gateway(overlay_id o, content_id c, std::vector<sim_offer> offers) {
  auto& node = nodes_[o];
  node.desk.resolved(key(o, c), clock());
  auto& g = node.open.emplace(c, sim_gateway{++stamps_, nobody, bridge::delivery(rules()), {}, {}})
                .first->second;
  world_.books.said(message_kind::announce, message_cost::announce(0));
  take_offers(o, c, offers);
  // Clients are served from now on; beside their introductions run the source's own.
  const auto& cut = swarms_.cut_of(c);
  const auto warm = stands(o) ? 0 : std::min(cut.size(), rules().warm_up_bytes);
  for (std::uint32_t p = 0; cut.offset(p) < warm; ++p) read(o, c, p);
  g.member = swarms_.serve(o, c, *this);
}

void bridge_model::close_gateway(overlay_id o, content_id c) {
  auto& node = nodes_[o];
  const auto at = node.open.find(c);
  for (const auto& r : at->second.reads)
    if (r.moving != nobody) transport_.stop(r.moving);
  const auto m = at->second.member;
  node.open.erase(at);
  node.desk.closed(key(o, c));
  swarms_.withdraw(m);
}

void bridge_model::take_offers(overlay_id o, content_id c, const std::vector<sim_offer>& offers) {
  auto& g = nodes_[o].open.at(c);
  g.givers.clear();
  for (const auto& offer : offers) {
    g.givers.push_back(static_cast<std::uint32_t>(crossings_.size()));
    crossings_.push_back({offer.from, o, c, 0});
  }
  g.delivery.offered(g.givers.size(), clock());
  ask_waiting(o, c);
}

bool bridge_model::wanted(member_id m, std::uint32_t piece) {
  const auto& s = swarms_.swarm_of_member(m);
  auto& node = nodes_[s.overlay];
  if (!node.cache.find(name_piece(s.content, piece)).empty()) return true;
  read(s.overlay, s.content, piece);
  return false;
}

void bridge_model::read(overlay_id o, content_id c, std::uint32_t piece) {
  auto& node = nodes_[o];
  auto& g = node.open.at(c);
  const bool known =
      std::any_of(g.reads.begin(), g.reads.end(), [&](const auto& r) { return r.piece == piece; });
  if (known) return;
  if (g.reads.empty()) {
    g.asked_since = world_.now();
    node.desk.used(key(o, c), clock());
  }
  g.reads.push_back({piece, false, nobody, 0});
  tick_later(o, c, g);
  ask_waiting(o, c);
}

void bridge_model::tick_later(overlay_id o, content_id c, sim_gateway& g) {
  if (g.ticks) return;
  g.ticks = true;
  world_.later(bridge_limits::gateway_tick_s, *this,
               {gateway_tick, o, std::uint64_t{c} << 32U | g.stamp});
}

void bridge_model::ask_waiting(overlay_id o, content_id c) {
  auto& g = nodes_[o].open.at(c);
  for (std::size_t i = 0; i < g.reads.size(); ++i)
    if (!g.reads[i].asked) ask(o, c, g, g.reads[i]);
}

void bridge_model::ask(overlay_id o, content_id c, sim_gateway& g, sim_gateway::reading& r) {
  const auto current = g.delivery.current();
  if (!current) {
    if (g.finding || world_.now() < g.find_after) return;
    g.finding = true;
    g.find_after = world_.now() + bridge_limits::find_pause_s;
    find(o, c, g.stamp);
    return;
  }
  r.asked = true;
  r.crossing = g.givers[*current];
  g.delivery.asked(clock());
  const auto bytes = swarms_.cut_of(c).bytes_of(r.piece);
  world_.books.said(message_kind::read, message_cost::read,
                    (bytes + bridge_limits::read_bytes - 1) / bridge_limits::read_bytes);
  // Who cannot be reached does not answer.
  const auto from = crossings_[r.crossing].from;
  if (reaches(o, from)) supply(from, c, {o, g.stamp, r.piece});
}

void bridge_model::follow(overlay_id o, content_id c, bridge::delivery_step step) {
  auto& g = nodes_[o].open.at(c);
  if (step != bridge::delivery_step::stay) {
    for (auto& r : g.reads) {
      r.asked = false;
      if (r.moving != nobody) transport_.stop(std::exchange(r.moving, nobody));
    }
  }
  ask_waiting(o, c);
}

/// A read failed: its giver cannot be reached any more.
void bridge_model::failed(overlay_id o, content_id c, bool gone) {
  auto& g = nodes_[o].open.at(c);
  report(o, g, true);
  follow(o, c, g.delivery.failed(gone, clock()));
}

void bridge_model::report(overlay_id o, sim_gateway& g, bool failed) {
  const auto current = g.delivery.current();
  if (!current) return;
  const auto from = crossings_[g.givers[*current]].from;
  const std::string domain(world_.domain_name(world_.nodes[world_.server_of(from)].domain));
  const auto& overlay = world_.setting.overlays[from].name;
  auto& board = nodes_[o].board;
  if (failed) {
    board.failed(domain, overlay, clock());
  } else if (g.bytes_since_report > 0) {
    board.delivered(domain, overlay, g.bytes_since_report,
                    std::chrono::duration<double>(world_.now() - g.asked_since));
  }
  g.bytes_since_report = 0;
  g.asked_since = world_.now();
}

/// Bytes may come though no read could be answered yet.
void bridge_model::look_for_progress(overlay_id o, content_id c) {
  auto& g = nodes_[o].open.at(c);
  const auto current = g.delivery.current();
  if (!current || g.reads.empty()) return;
  const auto from = crossings_[g.givers[*current]].from;
  if (!reaches(o, from)) {
    failed(o, c, true);
    return;
  }
  std::uint64_t seen = 0;
  if (const auto at = nodes_[from].fetching.find(c); at != nodes_[from].fetching.end())
    seen = swarms_.arrived(at->second.fetch);
  for (const auto& r : g.reads)
    if (r.moving != nobody) seen += transport_.arrived(r.moving);
  if (seen > g.seen) g.delivery.progressed(clock());
  g.seen = seen;
}

void bridge_model::ended(transfer_id id, std::uint64_t /*received*/, bool whole) {
  const auto t = transport_.look(id);
  const overlay_id o = t.what;
  const content_id c = t.which;
  const auto at = nodes_[o].open.find(c);
  if (at == nodes_[o].open.end()) return;
  auto& g = at->second;
  const auto r =
      std::find_if(g.reads.begin(), g.reads.end(), [id](const auto& x) { return x.moving == id; });
  if (r == g.reads.end()) return;
  r->moving = nobody;
  if (whole) {
    const auto done = *r;
    g.reads.erase(r);
    arrived(o, c, done);
  } else {
    r->asked = false;
    failed(o, c, true);
  }
  swarms_.settle();
}

/// Checked by the overlay's own hashes: it may be served, and counts.
void bridge_model::arrived(overlay_id o, content_id c, sim_gateway::reading r) {
  auto& g = nodes_[o].open.at(c);
  const auto bytes = swarms_.cut_of(c).bytes_of(r.piece);
  nodes_[o].cache.store(name_piece(c, r.piece), byte_count(bytes));
  g.delivery.answered(bytes, clock());
  g.bytes_since_report += bytes;
  enter(r.crossing, r.piece);
  if (g.reads.empty()) report(o, g, false);
  swarms_.supplied(g.member, r.piece);
}

} // namespace interswarm::compare
