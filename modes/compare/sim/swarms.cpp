#include "modes/compare/sim/swarms.hpp"

namespace interswarm::compare {

swarms::swarms(world& w, transport& t, std::vector<request_record>& records)
    : world_(w), transport_(t), records_(records),
      swarm_numbers_(w.setting.overlays.size() * w.setting.contents.size(), nobody),
      first_member_(w.nodes.size(), nobody), next_presence_(w.setting.peers.size()),
      giving_(w.nodes.size()) {
  cuts_.reserve(w.setting.contents.size());
  for (const auto& c : w.setting.contents) cuts_.emplace_back(c.size);
  records_.resize(w.setting.requests.size());
}

void swarms::begin() {
  const auto& peers = world_.setting.peers;
  for (node_id n = 0; n < peers.size(); ++n) {
    for (const auto c : peers[n].holds) join(n, swarm_of(peers[n].overlay, c), cuts_[c].all());
    if (!peers[n].online.empty())
      world_.events.add(peers[n].online.front().begin, *this, {presence, n, 0});
  }
}

void swarms::end() {
  for (auto& down : downloads_) {
    if (!down.alive) continue;
    for (const auto& way : down.connections)
      if (way.moving != nobody) credit(down, way.source, transport_.arrived(way.moving));
  }
  for (auto& [r, player] : players_) {
    player.over(world_.now());
    records_[r].startup_delay = player.startup_delay();
    records_[r].stalls = player.stalls();
    records_[r].stalled_s = player.stalled_s(world_.now());
  }
}

swarm_id swarms::swarm_of(overlay_id o, content_id c) {
  auto& number = swarm_numbers_[o * world_.setting.contents.size() + c];
  if (number != nobody) return number;
  number = static_cast<swarm_id>(swarms_.size());
  swarms_.emplace_back();
  swarms_.back().overlay = o;
  swarms_.back().content = c;
  if (world_.setting.overlays[o].kind == "ed2k")
    swarms_.back().unit = swarm_limits::ed2k_unit_bytes;
  swarms_.back().spread.resize(cuts_[c].count());
  return number;
}

std::uint32_t swarms::seeds(overlay_id o, content_id c) const {
  const auto s = swarm_numbers_[o * world_.setting.contents.size() + c];
  return s == nobody ? 0 : swarms_[s].seeds;
}

std::size_t swarms::seekers(overlay_id o, content_id c) const {
  const auto s = swarm_numbers_[o * world_.setting.contents.size() + c];
  return s == nobody ? 0 : swarms_[s].seekers.size();
}

std::uint32_t swarms::completed(overlay_id o, content_id c) const {
  const auto s = swarm_numbers_[o * world_.setting.contents.size() + c];
  return s == nobody ? 0 : swarms_[s].completed;
}

member_id swarms::join(node_id n, swarm_id s, piece_set have) {
  const auto m = static_cast<member_id>(members_.size());
  member one;
  one.node = n;
  one.swarm = s;
  one.have = one.gives = have;
  one.whole = have == cuts_[swarms_[s].content].all();
  one.next = first_member_[n];
  first_member_[n] = m;
  members_.push_back(one);
  if (world_.nodes[n].up) enter(m);
  return m;
}

void swarms::enter(member_id m) {
  auto& one = members_[m];
  auto& s = swarms_[one.swarm];
  one.place = static_cast<std::uint32_t>(s.here.size());
  s.here.push_back(m);
  if (one.whole) {
    ++s.seeds;
  } else {
    for (auto in = counted(one); in != 0; in &= in - 1) ++s.spread[std::countr_zero(in)];
  }
}

void swarms::leave(member_id m) {
  auto& one = members_[m];
  if (one.place == nobody) return;
  auto& s = swarms_[one.swarm];
  members_[s.here.back()].place = one.place;
  s.here[one.place] = s.here.back();
  s.here.pop_back();
  one.place = nobody;
  if (one.whole) {
    --s.seeds;
  } else {
    for (auto in = counted(one); in != 0; in &= in - 1) --s.spread[std::countr_zero(in)];
  }
}

void swarms::change_presence(node_id peer) {
  const auto& online = world_.setting.peers[peer].online;
  const auto i = next_presence_[peer]++;
  const bool comes = i % 2 == 0;
  if (comes) {
    world_.events.add(online[i / 2].end, *this, {presence, peer, 0});
  } else if (i / 2 + 1 < online.size()) {
    world_.events.add(online[i / 2 + 1].begin, *this, {presence, peer, 0});
  }
  world_.nodes[peer].up = comes;
  if (comes) {
    came_up(peer);
  } else {
    went_down(peer);
  }
}

void swarms::came_up(node_id n) {
  for (auto m = first_member_[n]; m != nobody; m = members_[m].next) {
    const auto& one = members_[m];
    if (one.gone) continue;
    // A peer is a party; what a server fetches, it does not give on.
    if (one.shelf == nobody && n < world_.setting.peers.size()) enter(m);
    if (one.fetching != nobody) resume(one.fetching);
  }
  settle();
}

void swarms::went_down(node_id n) {
  for (auto m = first_member_[n]; m != nobody; m = members_[m].next) {
    leave(m);
    if (members_[m].fetching != nobody) interrupt(members_[m].fetching);
  }
  for (const auto& w : giving_[n].waiting) std::erase(downloads_[w.d].waits, w.of);
  giving_[n].waiting.clear();
  while (!giving_[n].takers.empty()) {
    const auto t = giving_[n].takers.back();
    close(t.d, t.connection);
    look_later(t.d);
  }
  settle();
}

void swarms::announce(download_id d) {
  auto& down = downloads_[d];
  const auto& s = swarms_[members_[down.self].swarm];
  const auto tracker = world_.setting.overlays[s.overlay].domain;
  const auto own = world_.nodes[down.node].domain;
  if (!world_.tracker_up[s.overlay] || !world_.reaches(own, tracker)) {
    world_.books.said(message_kind::announce, message_cost::announce(0));
    const auto n = std::min(down.refusals++, swarm_limits::tracker_doublings);
    world_.later(swarm_limits::tracker_patience_s * (1U << n), *this, {announcing, d, down.stamp});
    return;
  }
  down.refusals = 0;
  const auto parties = std::min(s.here.size(), swarm_limits::parties_told);
  world_.books.said(message_kind::announce, message_cost::announce(parties));
  world_.later(swarm_limits::announce_round_trips * world_.domain_round_trip(own, tracker), *this,
               {answered, d, down.stamp});
}

void swarms::told(download_id d) {
  auto& down = downloads_[d];
  const auto& s = swarms_[members_[down.self].swarm];
  down.known.clear();
  const auto add = [&](member_id m) {
    if (m != down.self && std::find(down.known.begin(), down.known.end(), m) == down.known.end())
      down.known.push_back(m);
  };
  const auto here = static_cast<std::uint32_t>(s.here.size());
  // A server dials those who seek: it is known to all, and takes nothing from itself.
  if (s.server != nobody && members_[s.server].node != down.node) add(s.server);
  if (here <= swarm_limits::parties_told) {
    const auto first = here == 0 ? 0 : world_.random_below(here);
    for (std::uint32_t i = 0; i < here; ++i) add(s.here[(first + i) % here]);
  } else {
    for (std::size_t i = 0; i < swarm_limits::parties_told; ++i)
      add(s.here[world_.random_below(here)]);
  }
  look_later(d);
  world_.later(swarm_limits::hungry_interval_s, *this, {announcing, d, down.stamp});
}

void swarms::happen(const occasion& o) {
  const auto is_current = [this](const occasion& x) {
    return downloads_[x.which].alive && downloads_[x.which].runs &&
           downloads_[x.which].stamp == x.more;
  };
  switch (o.what) {
  case presence: change_presence(o.which); break;
  case answered:
    if (is_current(o)) told(o.which);
    break;
  case announcing:
    if (!is_current(o)) break;
    // A server's fetch of which nothing is wanted any more rests.
    if ((downloads_[o.which].wanted & ~have(o.which)) == 0) {
      downloads_[o.which].known.clear();
      break;
    }
    // Who has enough sources does not ask for more.
    if (downloads_[o.which].in_use < swarm_limits::peer_sources / 2) {
      announce(o.which);
    } else {
      world_.later(swarm_limits::hungry_interval_s, *this, o);
    }
    break;
  case connected: {
    const auto c = static_cast<std::uint32_t>(o.more >> 32U);
    auto& down = downloads_[o.which];
    if (!down.alive || c >= down.connections.size()) break;
    auto& way = down.connections[c];
    if (way.now != connection::state::connecting || way.stamp != (o.more & 0xFFFFFFFFU)) break;
    way.now = connection::state::open;
    feed(o.which, c);
    break;
  }
  case patience:
    if (is_current(o)) be_patient(o.which);
    break;
  case turn: end_turn(o.which); break;
  default: break;
  }
  settle();
}

} // namespace interswarm::compare
