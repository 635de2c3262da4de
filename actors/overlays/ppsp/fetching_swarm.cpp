#include "actors/overlays/ppsp/fetching_swarm.hpp"

#include <algorithm>
#include <utility>

namespace interswarm::ppsp {

namespace {

using namespace std::chrono_literals;

constexpr instant least_due = 500ms;
constexpr instant most_due = 20s;
constexpr instant pex_every = 30s;

tree_digest root_of_terms(const swarm_terms& t) {
  auto root = tree_digest::from_bytes(t.hash, t.id);
  if (!root) throw std::invalid_argument("a swarm id that is no Merkle root");
  return *root;
}

} // namespace

fetching_swarm::fetching_swarm(swarm_terms terms, swarm_hands& hands, events e, const limits& l)
    : terms_(std::move(terms)), hands_(hands), events_(std::move(e)), limits_(l),
      book_(terms_.hash, root_of_terms(terms_)) {}

void fetching_swarm::start(channel_id own, channel line) {
  const auto number = next_number_++;
  peers_.emplace(own, peer(std::move(line), number));
  picker_.add_peer(number);
}

void fetching_swarm::dial(const endpoint& to, instant now) {
  if (peers_.size() >= limits_.peers || shunned_.contains(to) ||
      std::any_of(peers_.begin(), peers_.end(),
                  [&](const auto& p) { return p.second.line.peer() == to; }))
    return;
  const auto own = hands_.new_channel();
  start(own, channel::dial(terms_, own, to, now));
  auto& p = peers_.at(own);
  bytes out;
  p.line.begin(out);
  send(p, out, now);
}

void fetching_swarm::greet(const endpoint& from, const handshake& theirs,
                           std::size_t datagram_bytes, instant now) {
  if (theirs.source == 0 || terms_.refuses(theirs.options) || peers_.size() >= limits_.peers ||
      shunned_.contains(from))
    return;
  // Both dialled at once: one connection is enough, and it is the one that we dialled.
  if (std::any_of(peers_.begin(), peers_.end(),
                  [&](const auto& p) { return p.second.line.peer() == from; }))
    return;
  const auto own = hands_.new_channel();
  auto line = channel::answer(terms_, own, from, theirs, now);
  bytes out;
  line.begin(out);
  if (out.size() > datagram_bytes) {
    hands_.channel_ended(own);
    return;
  }
  start(own, std::move(line));
  send(peers_.at(own), out, now);
}

void fetching_swarm::take(channel_id own, const endpoint& from, byte_view datagram, instant now) {
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
  if (!p.unproved.empty()) judge_unproved(p, now);
  drop_closed();
}

bool fetching_swarm::handle(peer& p, const message& m, instant now) {
  if (const auto* h = std::get_if<handshake>(&m))
    return p.line.accept(*h).has_value() && h->source != 0;
  if (const auto* d = std::get_if<data>(&m)) {
    take_data(p, *d, now);
  } else if (const auto* i = std::get_if<integrity>(&m)) {
    const auto hash = tree_digest::from_bytes(terms_.hash, i->hash);
    if (!hash || !book_.hear(p.heard, i->chunks, *hash)) blame(p);
    note_size();
  } else if (const auto* held = std::get_if<have>(&m)) {
    picker_.peer_has(p.number, held->chunks);
  } else if (std::holds_alternative<choke>(m)) {
    p.chokes = true;
    picker_.release(p.number);
  } else if (std::holds_alternative<unchoke>(m)) {
    p.chokes = false;
  } else if (const auto* other = std::get_if<pex_response>(&m)) {
    // Only from whom they were asked (RFC 7574 §3.10.2).
    if (p.pex_left == 0) return true;
    --p.pex_left;
    if (events_.heard_of && other->peer.port != 0) events_.heard_of(other->peer);
  }
  // A taker has nothing to give: requests and the like come to nothing.
  return p.line.state() != channel::phase::closed;
}

void fetching_swarm::note_size() {
  if (book_.chunks() == told_size_ || !book_.chunks()) return;
  told_size_ = book_.chunks();
  if (book_.generation() != generation_) {
    // The tree is not as high as a peer made believe: what was proved in it is not.
    generation_ = book_.generation();
    const auto held = picker_.held();
    for (const auto& r : held) picker_.lose({r.begin, r.end});
  }
  if (events_.sized) events_.sized(*told_size_);
}

void fetching_swarm::take_data(peer& p, const data& m, instant now) {
  counts_.bytes_received += m.payload.size();
  p.meter.came(m.payload.size(), now);
  // One chunk a message; its length says whether it is the last one.
  if (m.chunks.size() != 1 || m.payload.size() > terms_.chunk_bytes) return blame(p);
  p.delay_us = static_cast<std::uint64_t>(now.count()) - m.sent_at_us;
  judge(p, m.chunks.begin, m.payload, now);
}

void fetching_swarm::judge(peer& p, std::uint64_t chunk, byte_view payload, instant now) {
  if (picker_.held().contains(chunk)) {
    // The acknowledgement was lost.
    ++counts_.twice;
    p.to_acknowledge.add({chunk, chunk + 1});
    return;
  }
  switch (book_.judge(p.heard, chunk, payload)) {
  case merkle_book::judgement::good: {
    p.to_acknowledge.add({chunk, chunk + 1});
    picker_.peer_has(p.number, {chunk, chunk + 1});
    for (const auto number : picker_.owing({chunk, chunk + 1}, p.number)) {
      for (auto& [own, other] : peers_) {
        if (other.number != number) continue;
        bytes out;
        other.line.begin(out);
        append_message(out, cancel{{chunk, chunk + 1}}, terms_.speech());
        send(other, out, now);
      }
    }
    picker_.hold({chunk, chunk + 1});
    const auto group = chunk / chunk_picker::group_chunks * chunk_picker::group_chunks;
    const chunk_range whole{group, group + chunk_picker::group_chunks};
    if (picker_.held().contains(byte_range{whole.begin, whole.end})) book_.settle(whole);
    events_.took(chunk, payload);
    break;
  }
  case merkle_book::judgement::refuted: blame(p); break;
  case merkle_book::judgement::unproved:
    if (p.unproved.size() < limits_.unproved_chunks)
      p.unproved.insert_or_assign(chunk, bytes(payload.begin(), payload.end()));
    break;
  }
}

void fetching_swarm::judge_unproved(peer& p, instant now) {
  auto waiting = std::exchange(p.unproved, {});
  for (const auto& [chunk, payload] : waiting) judge(p, chunk, payload, now);
}

void fetching_swarm::blame(peer& p) {
  ++counts_.refuted;
  if (++p.wrongs < limits_.patience) return;
  if (shunned_.size() == limits_.shunned) shunned_.erase(shunned_.begin());
  shunned_.insert(p.line.peer());
  bytes out;
  p.line.close(out);
  if (!out.empty()) hands_.send(p.line.peer(), out);
}

void fetching_swarm::settle(instant now) {
  for (auto& [own, p] : peers_) {
    if (p.line.state() != channel::phase::open) continue;
    ask(p, now);
  }
  drop_closed();
}

std::uint64_t fetching_swarm::pipeline(const peer& p) const {
  return std::clamp(p.meter.pipeline(), limits_.least_pipeline_bytes, limits_.most_pipeline_bytes) /
         terms_.chunk_bytes;
}

instant fetching_swarm::due_after(const peer& p) const {
  return std::clamp<instant>(4 * p.meter.round_trip() + 2 * arrival_meter::pipeline_time, least_due,
                             most_due);
}

/// One datagram with what is due to this peer: acknowledgements, and requests.
void fetching_swarm::ask(peer& p, instant now) {
  bytes out;
  p.line.begin(out);
  const auto empty = out.size();
  const auto speech = terms_.speech();
  for (const auto& r : std::exchange(p.to_acknowledge, {})) {
    for (const auto& one : addressable({r.begin, r.end}, speech.address))
      append_message(out, ack{one, p.delay_us}, speech);
  }
  const auto may = pipeline(p);
  const auto owes = picker_.under_way(p.number);
  // In lots, so that a request is not made for each chunk that came.
  if (!p.chokes && owes <= may / 2) {
    const auto asked = picker_.assign(p.number, may - owes, now, now + due_after(p));
    for (const auto& r : asked) {
      for (const auto& one : addressable(r, speech.address))
        append_message(out, request{one}, speech);
    }
    if (!asked.empty() && owes == 0) p.meter.asked(now);
  }
  if (picker_.wants_anything() && peers_.size() < limits_.peers / 2 &&
      p.line.understands(message_type::pex_request) &&
      (!p.pex_asked || now - *p.pex_asked >= pex_every)) {
    p.pex_asked = now;
    p.pex_left = limits_.pex_addresses;
    append_message(out, pex_request{}, speech);
  }
  // It may tell what it has only when our address is proved.
  if (out.size() > empty || !p.greeted) send(p, out, now);
  p.greeted = true;
}

void fetching_swarm::want(const chunk_range& r, chunk_picker::tier at, instant now) {
  picker_.want(r, at);
  settle(now);
}

range_set fetching_swarm::obtainable() const {
  range_set out;
  for (const auto& [own, p] : peers_)
    if (p.line.state() == channel::phase::open) out.add(picker_.haves_of(p.number));
  return out;
}

std::size_t fetching_swarm::peers() const {
  return static_cast<std::size_t>(std::count_if(peers_.begin(), peers_.end(), [](const auto& p) {
    return p.second.line.state() == channel::phase::open;
  }));
}

std::optional<instant> fetching_swarm::deadline() const {
  auto out = picker_.next_late();
  for (const auto& [own, p] : peers_) {
    const auto at = p.line.deadline();
    if (at && (!out || *at < *out)) out = at;
  }
  return out;
}

void fetching_swarm::tick(instant now) {
  for (auto& [own, p] : peers_) {
    if (p.line.tick(now) == channel::errand::nothing) continue;
    bytes out;
    p.line.begin(out);
    send(p, out, now);
  }
  for (const auto& [number, count] : picker_.late(now)) counts_.late += count;
  settle(now);
}

void fetching_swarm::send(peer& p, byte_view datagram, instant now) {
  hands_.send(p.line.peer(), datagram);
  p.line.sent(now);
}

void fetching_swarm::drop_closed() {
  std::erase_if(peers_, [&](const auto& p) {
    if (p.second.line.state() != channel::phase::closed) return false;
    picker_.remove_peer(p.second.number);
    hands_.channel_ended(p.first);
    return true;
  });
}

void fetching_swarm::close() {
  for (auto& [own, p] : peers_) {
    bytes out;
    p.line.close(out);
    if (!out.empty()) hands_.send(p.line.peer(), out);
  }
  drop_closed();
}

} // namespace interswarm::ppsp
