#include "modes/compare/sim/bridge_model.hpp"

#include "actors/bridge/limits.hpp"

#include <charconv>

namespace interswarm::compare {

namespace {

/// The content of a key that bridge_model::key made.
content_id content_of(const std::string& key) {
  content_id out = 0;
  std::from_chars(key.data() + key.find('\0') + 1, key.data() + key.size(), out);
  return out;
}

} // namespace

bridge_model::bridge_model(world& w, transport& t, swarms& s, name_book& names)
    : world_(w), transport_(t), swarms_(s), names_(names) {
  for (std::size_t o = 0; o < w.setting.overlays.size(); ++o)
    nodes_.emplace_back(rules(), bridge_limits::piece_cache_bytes);
}

void bridge_model::begin() {
  const auto linked_at = clock() - std::chrono::seconds(bridge_limits::linked_before_s);
  const auto count = static_cast<content_id>(world_.setting.contents.size());
  const auto newest = std::min<content_id>(count, bridge::limits::news_names);
  for (overlay_id o = 0; o < nodes_.size(); ++o) {
    for (auto c = count - newest; c < count; ++c)
      if (names_.knows(o, c)) nodes_[o].desk.changed(key(o, c), linked_at);
    world_.later(0, *this, {begins, o, 0});
  }
}

bridge::instant bridge_model::clock() const {
  return bridge::instant(std::chrono::duration_cast<bridge::instant::duration>(
      std::chrono::duration<double>(world_.now())));
}

std::string bridge_model::key(overlay_id o, content_id c) const {
  return bridge::table_key(world_.setting.overlays[o].name, std::to_string(c));
}

sim_gateway* bridge_model::gateway_of(overlay_id o, content_id c, std::uint32_t stamp) {
  const auto at = nodes_[o].open.find(c);
  return at != nodes_[o].open.end() && at->second.stamp == stamp ? &at->second : nullptr;
}

void bridge_model::went_down(overlay_id o) {
  auto& node = nodes_[o];
  while (!node.open.empty()) close_gateway(o, node.open.begin()->first);
  for (auto& [c, s] : node.fetching) {
    fetches_.erase(s.fetch);
    swarms_.drop(s.fetch);
  }
  // What it had entered in its ledger is on its disk; all else is lost with the process.
  auto unsettled = std::move(node.unsettled);
  const auto ticks = node.ticks;
  node = bridge_node(rules(), bridge_limits::piece_cache_bytes);
  node.unsettled = std::move(unsettled);
  node.ticks = ticks;
  node.fresh_until = 0; // nothing is news to a node that starts again
  swarms_.went_down(world_.server_of(o));
}

void bridge_model::came_up(overlay_id o) { swarms_.came_up(world_.server_of(o)); }

void bridge_model::happen(const occasion& o) {
  switch (o.what) {
  // Who is there from the start has come then.
  case begins: world_.later(0, *this, {tick, o.which, 0}); break;
  case tick:
    if (world_.nodes[world_.server_of(o.which)].up) tick_node(o.which);
    world_.later(bridge_limits::tick_s, *this, {tick, o.which, 0});
    break;
  case asked: ask_giver(o.which, static_cast<overlay_id>(o.more)); break;
  case answered:
    if (--quests_[o.which].waits_for == 0) conclude(o.which);
    break;
  case verdict: hear(o.which, static_cast<std::uint32_t>(o.more)); break;
  case gateway_tick: {
    const auto c = static_cast<content_id>(o.more >> 32U);
    auto* g = gateway_of(o.which, c, static_cast<std::uint32_t>(o.more));
    if (g == nullptr) break;
    g->ticks = false;
    look_for_progress(o.which, c);
    follow(o.which, c, g->delivery.tick(clock()));
    if (!g->reads.empty()) tick_later(o.which, c, *g);
    break;
  }
  default: break;
  }
  swarms_.settle();
}

void bridge_model::find(overlay_id o, content_id c, std::uint32_t gateway) {
  if (unused_quests_.empty()) {
    unused_quests_.push_back(static_cast<std::uint32_t>(quests_.size()));
    quests_.emplace_back();
  }
  const auto id = unused_quests_.back();
  unused_quests_.pop_back();
  quests_[id] = {true, o, c, gateway, 0, world_.random(), {}};
  nodes_[o].desk.first_time(quests_[id].message);
  const auto size = world_.setting.contents[c].size;
  const auto known = names_.look_up(o, c).size();
  world_.books.said(message_kind::lookup, message_cost::lookup(size, known));
  std::uint32_t asked_of = 0;
  for (overlay_id j = 0; j < nodes_.size(); ++j) {
    if (j == o || !reaches(o, j)) continue;
    ++asked_of;
    world_.books.said(message_kind::find,
                      message_cost::find(size, std::max<std::size_t>(1, known)));
    world_.later(delay(o, j), *this, {asked, id, j});
  }
  quests_[id].waits_for = std::max(1U, asked_of);
  if (asked_of == 0) world_.later(0, *this, {answered, id, 0});
}

/// A neighbour is asked: what `giver` has a name and sources for, it offers.
void bridge_model::ask_giver(std::uint32_t q, overlay_id giver) {
  const auto into = quests_[q].into;
  const auto c = quests_[q].content;
  auto& node = nodes_[giver];
  const auto here = world_.server_of(giver);
  if (!reaches(into, giver) || !node.desk.first_time(quests_[q].message)) {
    world_.later(0, *this, {answered, q, 0});
    return;
  }
  const auto size = world_.setting.contents[c].size;
  // It looks up what it was told, and asks its own neighbours, who have heard of it already.
  const auto& names = names_.look_up(into, c);
  world_.books.said(message_kind::lookup, message_cost::lookup(size, names.size()));
  double takes = 0;
  for (overlay_id k = 0; k < nodes_.size(); ++k) {
    if (k == giver || k == into || !reaches(giver, k)) continue;
    world_.books.said(message_kind::find, message_cost::find(size, names.size()));
    world_.books.said(message_kind::find, message_cost::unknown);
    takes = std::max(takes, delay(giver, k) + delay(k, giver));
  }
  std::uint32_t sources = 0;
  if (std::binary_search(names.begin(), names.end(), giver)) {
    const auto tracker = world_.setting.overlays[giver].domain;
    if (world_.tracker_up[giver] && world_.reaches(world_.nodes[here].domain, tracker)) {
      world_.books.said(message_kind::announce, message_cost::announce(0));
      takes = std::max(takes, world_.domain_round_trip(world_.nodes[here].domain, tracker));
      sources = swarms_.seeds(giver, c);
    }
    const auto kept = node.fetching.find(c);
    const bool whole =
        kept != node.fetching.end() && swarms_.have(kept->second.fetch) == swarms_.cut_of(c).all();
    if (whole) sources = std::max(1U, sources);
  }
  if (sources > 0 && quests_[q].offers.size() < bridge::limits::max_offers) {
    world_.books.said(message_kind::offer, message_cost::offer(size, names.size()));
    bridge::candidate offer;
    offer.domain = world_.domain_name(world_.nodes[here].domain);
    offer.overlay = world_.setting.overlays[giver].name;
    offer.sources = sources;
    offer.load = static_cast<double>(node.open.size()) / bridge::limits::max_gateways;
    offer.price_per_gib = world_.path(here, world_.server_of(into)).price_per_gib;
    quests_[q].offers.push_back({giver, std::move(offer)});
  } else {
    world_.books.said(message_kind::find, message_cost::unknown);
  }
  world_.later(takes + delay(giver, into), *this, {answered, q, 0});
}

void bridge_model::conclude(std::uint32_t q) {
  const auto quest = std::move(quests_[q]);
  quests_[q].alive = false;
  unused_quests_.push_back(q);
  auto& node = nodes_[quest.into];
  if (!world_.nodes[world_.server_of(quest.into)].up) return;
  std::vector<bridge::candidate> candidates;
  for (const auto& offer : quest.offers) candidates.push_back(offer.what);
  std::vector<sim_offer> ranked;
  for (const auto i : node.board.rank(candidates, clock())) ranked.push_back(quest.offers[i]);
  if (quest.gateway != 0) {
    auto* g = gateway_of(quest.into, quest.content, quest.gateway);
    if (g == nullptr) return;
    g->finding = false;
    take_offers(quest.into, quest.content, ranked);
  } else if (ranked.empty()) {
    node.desk.refused(key(quest.into, quest.content), clock());
  } else if (!node.open.contains(quest.content)) {
    open_gateway(quest.into, quest.content, std::move(ranked));
  }
}

void bridge_model::tick_node(overlay_id o) {
  auto& node = nodes_[o];
  for (const auto& k : node.desk.retry(clock())) find(o, content_of(k), 0);
  for (const auto& [c, g] : node.open)
    if (swarms_.clients(g.member) > 0) node.desk.used(key(o, c), clock());
  for (const auto& k : node.desk.stale(clock())) close_gateway(o, content_of(k));
  listen(o);
  forget_unused(o);
  ++node.ticks;
  if (node.ticks % bridge_limits::settle_every == 0) settle_ledgers(o);
  if (node.ticks % bridge_limits::status_every != 0) return;
  for (overlay_id j = 0; j < nodes_.size(); ++j)
    if (j != o && reaches(o, j)) world_.books.said(message_kind::status, message_cost::status);
}

/// Neighbours send each other what they entered of what crossed between them; the larger count
/// stays, so the giver learns what it could not hear.
void bridge_model::settle_ledgers(overlay_id o) {
  auto& node = nodes_[o];
  for (const auto j : node.crossed_with)
    if (reaches(o, j)) world_.books.said(message_kind::settle, message_cost::settle, 2);
  node.crossed_with.clear();
  std::erase_if(node.unsettled, [&](const auto& u) {
    const auto& x = crossings_[u.first];
    if (!reaches(o, x.from)) return false;
    world_.books.said(message_kind::settle, message_cost::settle);
    world_.books.charged_by_giver(payers(x), u.second);
    return true;
  });
}

} // namespace interswarm::compare
