#include "modes/compare/sim/swarms.hpp"

namespace interswarm::compare {

download_id swarms::new_download(member_id self) {
  if (unused_.empty()) {
    unused_.push_back(static_cast<download_id>(downloads_.size()));
    downloads_.emplace_back();
  }
  const auto d = unused_.back();
  unused_.pop_back();
  const auto stamp = downloads_[d].stamp;
  auto& down = downloads_[d] = download{};
  down.alive = true;
  down.stamp = stamp + 1;
  down.self = self;
  down.node = members_[self].node;
  members_[self].fetching = d;
  return d;
}

void swarms::request(std::uint32_t r) {
  const auto& q = world_.setting.requests[r];
  const auto s = swarm_of(world_.setting.peers[q.peer].overlay, q.content);
  const auto d = new_download(join(q.peer, s, 0));
  auto& down = downloads_[d];
  down.request = r;
  down.in_order = q.playback > 0;
  down.wanted = cuts_[q.content].all();
  ++sums_.running;
  if (down.in_order)
    players_.emplace(r, playback(q.playback, cuts_[q.content].size(), world_.now()));
  if (world_.nodes[q.peer].up) resume(d);
  settle();
}

download_id swarms::fetch(overlay_id o, content_id c, fetch_watcher& w) {
  const auto n = world_.server_of(o);
  const auto m = static_cast<member_id>(members_.size());
  member one;
  one.node = n;
  one.swarm = swarm_of(o, c);
  one.next = first_member_[n];
  first_member_[n] = m;
  members_.push_back(one);
  const auto d = new_download(m);
  downloads_[d].watcher = &w;
  if (world_.nodes[n].up) resume(d);
  return d;
}

void swarms::want_only(download_id d, piece_set still) {
  auto& down = downloads_[d];
  down.wanted = down.urgent = have(d) | still;
}

void swarms::want(download_id d, piece_set first, piece_set more) {
  auto& down = downloads_[d];
  const bool idle = (down.wanted & ~have(d)) == 0;
  down.wanted |= first | more;
  down.urgent |= first;
  if (!down.runs) return;
  if (idle && down.known.empty()) {
    ++down.stamp; // the next announce is this one's
    announce(d);
  }
  look_later(d);
}

void swarms::drop(download_id d) {
  interrupt(d);
  auto& down = downloads_[d];
  auto& self = members_[down.self];
  self.gone = true;
  self.fetching = nobody;
  down.alive = false;
  unused_.push_back(d);
}

std::uint64_t swarms::arrived(download_id d) const {
  auto out = downloads_[d].received;
  for (const auto& way : downloads_[d].connections)
    if (way.moving != nobody) out += transport_.arrived(way.moving);
  return out;
}

void swarms::resume(download_id d) {
  auto& down = downloads_[d];
  down.runs = true;
  ++down.stamp;
  down.progress_at = world_.now();
  if (down.request == nobody) return; // it announces itself when something is wanted
  auto& s = swarms_[members_[down.self].swarm];
  down.place = static_cast<std::uint32_t>(s.seekers.size());
  s.seekers.push_back(d);
  world_.later(world_.setting.patience, *this, {patience, d, down.stamp});
  announce(d);
}

void swarms::interrupt(download_id d) {
  auto& down = downloads_[d];
  if (!down.runs) return;
  down.runs = false;
  ++down.stamp;
  stop_seeking(d);
  down.known.clear();
  down.waits.clear();
  for (std::uint32_t c = 0; c < down.connections.size(); ++c) close(d, c);
}

void swarms::stop_seeking(download_id d) {
  auto& down = downloads_[d];
  if (down.place == nobody) return;
  auto& seekers = swarms_[members_[down.self].swarm].seekers;
  downloads_[seekers.back()].place = down.place;
  seekers[down.place] = seekers.back();
  seekers.pop_back();
  down.place = nobody;
}

void swarms::credit(download& d, member_id from, std::uint64_t bytes) {
  if (bytes == 0) return;
  d.received += bytes;
  d.progress_at = world_.now();
  if (d.request == nobody) return;
  const bool own = world_.nodes[members_[from].node].kind == station::peer;
  (own ? records_[d.request].from_own : records_[d.request].from_other) += bytes;
  sums_.received += bytes;
  if (!own) sums_.crossed += bytes;
}

begun_piece* swarms::part_of(download& d, std::uint32_t piece) {
  const auto at = std::find_if(d.parts.begin(), d.parts.end(),
                               [&](const begun_piece& p) { return p.piece == piece; });
  return at == d.parts.end() ? nullptr : &*at;
}

/// A transfer, or what was asked of a server, came to an end with `bytes` of the piece missing.
void swarms::hand_back(download_id d, std::uint32_t piece, std::uint64_t bytes) {
  auto& down = downloads_[d];
  auto* part = part_of(down, piece);
  part->left += bytes;
  --part->flying;
  if (part->flying > 0) return;
  const auto& cut = cuts_[swarms_[members_[down.self].swarm].content];
  if (part->left > 0 && part->left < cut.bytes_of(piece)) return;
  const bool whole = part->left == 0;
  const auto since = part->since;
  *part = down.parts.back();
  down.parts.pop_back();
  if (whole) {
    piece_done(d, piece, since);
  } else {
    down.begun &= ~bit(piece);
    const auto& self = members_[down.self];
    if (self.place != nobody) --swarms_[self.swarm].spread[piece];
  }
}

void swarms::piece_done(download_id d, std::uint32_t piece, moment begun) {
  auto& down = downloads_[d];
  auto& self = members_[down.self];
  auto& s = swarms_[self.swarm];
  const auto& cut = cuts_[s.content];
  self.have |= bit(piece);
  self.gives = s.unit == 0 ? self.have : cut.within_whole_units(self.have, s.unit);
  if (down.watcher != nullptr) {
    down.watcher->fetched(d, piece);
    return;
  }
  const auto connected_to = down.in_use + giving_[down.node].takers.size();
  world_.books.said(message_kind::have, message_cost::have, connected_to);
  if (const auto at = players_.find(down.request); at != players_.end()) {
    auto& player = at->second;
    const auto there = cut.in_order(self.have);
    if (there > cut.offset(piece))
      player.arrived(cut.offset(piece) + cut.bytes_of(piece), world_.now(), cut.bytes_of(piece),
                     begun);
    player.arrived(there, world_.now());
  }
  serve_later(down.node);
  if (self.have == cut.all()) finish(d, outcome::satisfied);
}

void swarms::finish(download_id d, outcome how) {
  interrupt(d);
  auto& down = downloads_[d];
  if (!down.alive) return; // the last piece came with the interruption
  down.alive = false;
  unused_.push_back(d);
  auto& self = members_[down.self];
  const bool here = self.place != nobody;
  if (here) leave(down.self);
  self.fetching = nobody;
  auto& r = records_[down.request];
  r.end = how;
  r.finished = world_.now();
  --sums_.running;
  if (const auto player = players_.find(down.request); player != players_.end()) {
    r.startup_delay = player->second.startup_delay();
    if (how == outcome::failed) {
      player->second.over(world_.now());
      r.stalls = player->second.stalls();
      r.stalled_s = player->second.stalled_s(world_.now());
      players_.erase(player);
    }
  }
  if (how == outcome::failed) {
    ++sums_.failed;
    self.gone = true;
    return;
  }
  ++sums_.satisfied;
  ++swarms_[self.swarm].completed;
  world_.books.said(message_kind::announce, message_cost::announce(0));
  self.whole = true;
  if (here) enter(down.self);
}

void swarms::be_patient(download_id d) {
  auto& down = downloads_[d];
  auto wait = world_.setting.patience;
  const bool moves =
      std::any_of(down.connections.begin(), down.connections.end(), [this](const connection& c) {
        return c.moving != nobody && transport_.moves(c.moving);
      });
  if (!moves) {
    wait -= world_.now() - down.progress_at;
    if (wait <= 1e-9) {
      finish(d, outcome::failed);
      return;
    }
  }
  world_.later(wait, *this, {patience, d, down.stamp});
}

void swarms::begun(transfer_id id) {
  const auto r = downloads_[transport_.look(id).what].request;
  if (r != nobody && records_[r].first_byte == never) records_[r].first_byte = world_.now();
}

void swarms::ended(transfer_id id, std::uint64_t received, bool whole) {
  const auto t = transport_.look(id);
  const auto d = t.what;
  const auto c = t.which;
  auto& down = downloads_[d];
  auto& way = down.connections[c];
  const auto stamp = way.stamp;
  const auto piece = way.piece;
  way.moving = nobody;
  credit(down, way.source, received);
  hand_back(d, piece, t.bytes - received);
  const bool goes_on = down.alive && way.stamp == stamp && way.now == connection::state::open;
  if (goes_on && whole) {
    feed(d, c, id);
  } else if (goes_on) {
    close(d, c);
    look_later(d);
  }
  settle();
}

} // namespace interswarm::compare
