#include "actors/overlays/ppsp/live_swarm.hpp"

#include <algorithm>
#include <utility>

namespace interswarm::ppsp {

live_swarm::live_swarm(swarm_terms terms, live_verifier source, swarm_hands& hands, events e,
                       std::unique_ptr<structure> shape, const options& o, const limits& l,
                       unix_time epoch)
    : terms_(std::move(terms)), hands_(hands), events_(std::move(e)), structure_(std::move(shape)),
      options_(o), limits_(l), epoch_(epoch), book_(terms_, std::move(source), o.book) {}

live_peer& live_swarm::start(channel_id own, channel line) {
  const auto number = next_number_++;
  ledbat::options o;
  o.segment_bytes = std::size_t{terms_.chunk_bytes} + 32;
  auto& p = peers_.emplace(own, live_peer(std::move(line), number, o)).first->second;
  picker_.add_peer(number);
  p.to_tell = picker_.held();
  return p;
}

void live_swarm::dial(const endpoint& to, instant now) {
  if (peers_.size() >= limits_.peers || shunned_.contains(to) ||
      std::any_of(peers_.begin(), peers_.end(),
                  [&](const auto& p) { return p.second.line.peer() == to; }))
    return;
  const auto own = hands_.new_channel();
  auto& p = start(own, channel::dial(terms_, own, to, now));
  bytes out;
  p.line.begin(out);
  send(p, out, now);
}

void live_swarm::greet(const endpoint& from, const handshake& theirs, std::size_t datagram_bytes,
                       instant now) {
  const auto half_open = std::count_if(peers_.begin(), peers_.end(), [](const auto& p) {
    return p.second.line.state() == channel::phase::answered;
  });
  if (theirs.source == 0 || terms_.refuses(theirs.options) || peers_.size() >= limits_.peers ||
      static_cast<std::size_t>(half_open) >= limits_.half_open || shunned_.contains(from)) {
    ++counts_.refused;
    return;
  }
  // A handshake that was sent again, one of a peer that began anew, or one of a peer that we dial
  // as well: one connection is enough, and of two at once both sides take the higher number's.
  for (auto& [own, p] : peers_) {
    if (p.line.peer() != from) continue;
    const bool again = p.line.theirs() == theirs.source;
    if (p.line.state() == channel::phase::open && again) return;
    if (p.line.state() == channel::phase::opening && own > theirs.source) return;
    bytes unused;
    p.line.close(unused);
  }
  drop_closed();
  const auto own = hands_.new_channel();
  auto& p = start(own, channel::answer(terms_, own, from, theirs, now));
  bytes out;
  p.line.begin(out);
  if (out.size() > datagram_bytes) {
    ++counts_.refused;
    bytes unused;
    p.line.close(unused);
    return drop_closed();
  }
  // What there is, as far as the answer is no longer than what came.
  const auto speech = terms_.speech();
  const auto told = p.to_tell;
  for (const auto& r : told) {
    for (const auto& one : addressable({r.begin, r.end}, speech.address)) {
      if (out.size() + 1 + address_bytes(speech.address.method) > datagram_bytes) break;
      append_message(out, have{one}, speech);
      p.to_tell.remove({one.begin, one.end});
    }
  }
  send(p, out, now);
}

void live_swarm::take(channel_id own, const endpoint& from, byte_view datagram, instant now) {
  const auto found = peers_.find(own);
  if (found == peers_.end()) return;
  auto& p = found->second;
  if (!p.line.heard(from, now)) return;
  datagram_reader in(datagram, p.line.hears());
  while (true) {
    auto next = in.next();
    if (!next || !*next) break;
    if (!handle(p, **next, now)) break;
  }
  if (!p.unproved.empty()) {
    auto waiting = std::exchange(p.unproved, {});
    for (const auto& [chunk, payload] : waiting) judge(p, chunk, payload, now);
  }
  pump(p, now);
  drop_closed();
}

/// Whether the rest of the datagram is worth reading.
bool live_swarm::handle(live_peer& p, const message& m, instant now) {
  if (const auto* h = std::get_if<handshake>(&m))
    return p.line.accept(*h).has_value() && h->source != 0;
  if (const auto* d = std::get_if<data>(&m)) {
    take_data(p, *d, now);
  } else if (const auto* i = std::get_if<integrity>(&m)) {
    if (!book_.hear(p.heard, i->chunks, i->hash)) blame(p);
  } else if (const auto* s = std::get_if<signed_integrity>(&m)) {
    signature(p, *s, now);
  } else if (const auto* held = std::get_if<have>(&m)) {
    has(p, held->chunks);
  } else if (const auto* r = std::get_if<request>(&m)) {
    asked_for(p, r->chunks, now);
  } else if (const auto* a = std::get_if<ack>(&m)) {
    acknowledged(p, *a, now);
  } else if (const auto* no = std::get_if<cancel>(&m)) {
    p.sender.cancel(no->chunks);
  } else if (std::holds_alternative<choke>(m)) {
    p.chokes = true;
    picker_.release(p.number);
  } else if (std::holds_alternative<unchoke>(m)) {
    p.chokes = false;
  } else if (std::holds_alternative<pex_request>(m)) {
    p.pex_due = true;
  } else if (const auto* other = std::get_if<pex_response>(&m)) {
    // Only from whom they were asked (RFC 7574 §3.10.2).
    if (p.pex_left == 0) return true;
    --p.pex_left;
    if (events_.heard_of && other->peer.port != 0) events_.heard_of(other->peer);
  }
  return p.line.state() != channel::phase::closed;
}

void live_swarm::blame(live_peer& p) {
  ++counts_.refuted;
  if (++p.wrongs < limits_.patience) return;
  if (shunned_.size() == limits_.shunned) shunned_.erase(shunned_.begin());
  shunned_.insert(p.line.peer());
  bytes out;
  p.line.close(out);
  if (!out.empty()) hands_.send(p.line.peer(), out);
}

/// What lies behind the window is forgotten everywhere.
void live_swarm::slide() {
  const auto floor = book_.floor();
  if (floor == 0) return;
  chunks_.erase(chunks_.begin(), chunks_.lower_bound(floor));
  picker_.lose({0, floor});
  picker_.unwant({0, floor});
  for (auto& [own, p] : peers_) {
    p.sender.forget(floor);
    p.to_tell.remove({0, floor});
    p.unproved.erase(p.unproved.begin(), p.unproved.lower_bound(floor));
    picker_.peer_dropped(p.number, floor);
  }
}

void live_swarm::settle(instant now) {
  if (options_.takes) {
    tune_in();
    play(now);
    refresh_wants(now);
    subscribe(now);
  }
  for (auto& [own, p] : peers_) {
    if (p.line.state() != channel::phase::open) continue;
    control(p, now);
    // Some chunks were asked for before they came.
    if (p.sender.waiting() > 0) pump(p, now);
  }
  drop_closed();
}

/// What is due to this peer beside chunks.
void live_swarm::control(live_peer& p, instant now) {
  outbox out(p.line, terms_.speech(), limits_.datagram_bytes,
             [&](byte_view datagram) { send(p, datagram, now); });
  share_slots(out, p, now);
  ask(p, out, now);
  tell(p, out, now);
  if (p.pex_due) exchange_peers(p, out, now);
  // It may tell what it has only when our address is proved.
  if (!out.is_empty() || !p.greeted) out.flush();
  p.greeted = true;
}

std::size_t live_swarm::peers() const {
  return static_cast<std::size_t>(std::count_if(peers_.begin(), peers_.end(), [](const auto& p) {
    return p.second.line.state() == channel::phase::open;
  }));
}

std::optional<instant> live_swarm::deadline() const {
  auto out = picker_.next_late();
  const auto sooner = [&](const std::optional<instant>& at) {
    if (at && (!out || *at < *out)) out = at;
  };
  for (const auto& [own, p] : peers_) {
    sooner(p.line.deadline());
    sooner(p.flow.deadline());
    if (p.line.state() != channel::phase::open) continue;
    if (!p.to_tell.empty()) sooner(p.told + live_timing::tell_every);
    if (!shows_newest(p)) sooner(p.told + live_timing::retell_every);
    sooner(p.quiet_until);
  }
  if (blocked_since_) sooner(*blocked_since_ + options_.skip_after);
  if (!edges_.empty()) sooner(edges_.front().first + live_timing::push_grace);
  return out;
}

void live_swarm::tick(instant now) {
  for (auto& [own, p] : peers_) {
    if (p.line.tick(now) != channel::errand::nothing) {
      bytes out;
      p.line.begin(out);
      send(p, out, now);
    }
    if (const auto silent = p.flow.deadline(); silent && *silent <= now) {
      p.flow.timed_out(now);
      p.sender.lose_all();
    }
    pump(p, now);
    if (p.quiet_until && *p.quiet_until <= now) p.quiet_until.reset();
  }
  lateness(now);
  settle(now);
}

void live_swarm::send(live_peer& p, byte_view datagram, instant now) {
  hands_.send(p.line.peer(), datagram);
  p.line.sent(now);
}

void live_swarm::drop_closed() {
  std::erase_if(peers_, [&](const auto& p) {
    if (p.second.line.state() != channel::phase::closed) return false;
    picker_.remove_peer(p.second.number);
    hands_.channel_ended(p.first);
    return true;
  });
}

void live_swarm::close() {
  for (auto& [own, p] : peers_) {
    bytes out;
    p.line.close(out);
    if (!out.empty()) hands_.send(p.line.peer(), out);
  }
  drop_closed();
}

} // namespace interswarm::ppsp
