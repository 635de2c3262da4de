// What a live swarm's peer takes: proofs and chunks, from where it tuned in up to the newest.
#include "actors/overlays/ppsp/live_swarm.hpp"
#include "schema/ppsp/limits.hpp"

#include <algorithm>
#include <utility>

namespace interswarm::ppsp {

using namespace live_timing;

void live_swarm::has(live_peer& p, const chunk_range& r) {
  const auto floor = book_.floor();
  if (r.end <= floor) return;
  picker_.peer_has(p.number, {std::max(r.begin, floor), r.end});
  const auto& all = picker_.haves_of(p.number);
  auto newest = r.end;
  for (const auto& run : all) newest = std::max(newest, run.end);
  // RFC 7574 §6.2: what it says that it keeps slides with what it says that it has.
  if (const auto keeps = p.line.keeps(); keeps && newest > *keeps)
    picker_.peer_dropped(p.number, newest - *keeps);
  while (all.count() > limits_.have_ranges) picker_.peer_dropped(p.number, (*all.begin()).end);
  // Who holds a chunk knows its munro; and it wants it no more.
  if (r.begin < book_.edge()) {
    const chunk_range part{std::max(r.begin, floor), std::min(r.end, book_.edge())};
    p.knows = std::max(p.knows, part.end);
    p.sender.has(part);
  }
}

void live_swarm::signature(live_peer& p, const signed_integrity& m, instant now) {
  switch (book_.hear(p.heard, m, clock(now))) {
  case live_book::verdict::refuted: return blame(p);
  case live_book::verdict::untimely: ++counts_.untimely; return;
  case live_book::verdict::hashless: return;
  case live_book::verdict::accepted:
    if (book_.signs_all()) return;
    slide();
    edges_.emplace_back(now, book_.edge());
    break;
  case live_book::verdict::known: break;
  }
  if (const auto* known = book_.munro_above(m.chunks.begin))
    p.knows = std::max(p.knows, known->chunks.begin + 1);
}

void live_swarm::take_data(live_peer& p, const data& m, instant now) {
  counts_.bytes_received += m.payload.size();
  p.meter.came(m.payload.size(), now);
  if (m.chunks.size() != 1 || m.payload.size() > terms_.chunk_bytes) return blame(p);
  p.delay_us = static_cast<std::uint64_t>(now.count()) - m.sent_at_us;
  judge(p, m.chunks.begin, m.payload, now);
}

void live_swarm::judge(live_peer& p, std::uint64_t chunk, byte_view payload, instant now) {
  // The acknowledgement was lost, or it comes too late to be of use.
  if (picker_.held().contains(chunk) || chunk < book_.floor()) {
    ++counts_.twice;
    p.to_acknowledge.add({chunk, chunk + 1});
    return;
  }
  switch (book_.judge(p.heard, chunk, payload, clock(now))) {
  case judgement::good:
    if (book_.signs_all()) {
      slide();
      edges_.emplace_back(now, book_.edge());
    }
    p.unanswered = 0;
    p.quiet_until.reset();
    p.to_acknowledge.add({chunk, chunk + 1});
    picker_.peer_has(p.number, {chunk, chunk + 1});
    for (const auto number : picker_.owing({chunk, chunk + 1}, p.number)) {
      for (auto& [own, other] : peers_)
        if (other.number == number) other.to_cancel.add({chunk, chunk + 1});
    }
    if (chunk >= book_.floor()) keep(chunk, payload);
    break;
  case judgement::refuted: blame(p); break;
  case judgement::unproved:
    if (p.unproved.size() < limits_.unproved_chunks)
      p.unproved.insert_or_assign(chunk, bytes(payload.begin(), payload.end()));
    break;
  }
}

/// A chunk that is proved.
void live_swarm::keep(std::uint64_t chunk, byte_view payload) {
  chunks_.insert_or_assign(chunk, bytes(payload.begin(), payload.end()));
  picker_.hold({chunk, chunk + 1});
  for (auto& [own, p] : peers_) p.to_tell.add({chunk, chunk + 1});
  if (events_.took) events_.took(chunk, payload);
}

void live_swarm::tune_in() {
  if (next_ || book_.newest() == nullptr) return;
  const auto edge = book_.edge();
  const auto begin = edge > options_.start_offset ? edge - options_.start_offset : 0;
  next_ = std::max(begin, book_.floor());
  pushed_from_ = edge;
  subscribed_to_ = edge;
}

/// In the order of the stream, as far as it is there.
void live_swarm::play(instant now) {
  if (!next_) return;
  const auto skip_to = [&](std::uint64_t chunk) {
    counts_.skipped += chunk - *next_;
    if (events_.skipped) events_.skipped({*next_, chunk});
    next_ = chunk;
    blocked_since_.reset();
  };
  if (*next_ < book_.floor()) skip_to(book_.floor());
  while (*next_ < book_.edge()) {
    if (const auto found = chunks_.find(*next_); found != chunks_.end()) {
      if (events_.play) events_.play(*next_, found->second);
      ++*next_;
      blocked_since_.reset();
    } else if (book_.absent().contains(*next_)) {
      ++*next_;
    } else {
      if (!blocked_since_) blocked_since_ = now;
      if (now - *blocked_since_ < options_.skip_after) return;
      const auto later = picker_.held().intersect({*next_, book_.edge()});
      if (later.empty()) {
        // Nothing else is there either.
        blocked_since_ = now;
        return;
      }
      skip_to((*later.begin()).begin);
    }
  }
  blocked_since_.reset();
}

/// Of what lies far beyond all that is signed only the newest that each peer says to have is asked
/// for: it shows where the stream is now, and one who says what is not so is asked alone.
void live_swarm::look_ahead(std::uint64_t beyond) {
  picker_.unwant({beyond, ppsp::limits::max_chunks});
  for (const auto& [own, p] : peers_) {
    std::uint64_t last = 0;
    for (const auto& r : picker_.haves_of(p.number)) last = r.end;
    if (last > std::max(beyond, book_.edge() + (next_ ? limits_.ahead_chunks : 0)))
      picker_.want({last - 1, last}, chunk_picker::tier::urgent);
  }
}

void live_swarm::refresh_wants(instant now) {
  if (!next_) return look_ahead(0);
  auto end = book_.edge();
  std::uint64_t claimed = 0;
  for (const auto& [own, p] : peers_)
    for (const auto& r : picker_.haves_of(p.number)) claimed = std::max(claimed, r.end);
  end = std::max(end, std::min(claimed, end + limits_.ahead_chunks));
  if (structure_->pushes()) {
    // What is young comes by itself.
    std::uint64_t old = 0;
    while (!edges_.empty() && edges_.front().first + push_grace <= now) {
      old = edges_.front().second;
      edges_.pop_front();
    }
    pulled_to_ = std::max(pulled_to_, old);
    end = std::min(end, pulled_to_);
  } else {
    edges_.clear();
  }
  picker_.unwant({0, *next_});
  look_ahead(std::max(end, *next_));
  if (end <= *next_) return;
  const auto urgent = std::min(end, *next_ + options_.urgent_chunks);
  picker_.want({*next_, urgent}, chunk_picker::tier::urgent);
  picker_.want({urgent, end}, chunk_picker::tier::asked);
  for (const auto& r : book_.absent()) picker_.unwant({r.begin, r.end});
}

/// Acknowledgements, requests and the like.
void live_swarm::ask(live_peer& p, outbox& out, instant now) {
  const auto& address = out.speech().address;
  for (const auto& r : std::exchange(p.to_acknowledge, {})) {
    for (const auto& one : addressable({r.begin, r.end}, address)) out.put({ack{one, p.delay_us}});
  }
  for (const auto& r : std::exchange(p.to_cancel, {})) {
    for (const auto& one : addressable({r.begin, r.end}, address)) out.put({cancel{one}});
  }
  if (!options_.takes) return;
  if (!p.chokes) {
    for (const auto& r : std::exchange(p.to_subscribe, {})) {
      for (const auto& one : addressable({r.begin, r.end}, address)) out.put({request{one}});
    }
  }
  const auto may =
      std::clamp(p.meter.pipeline(), limits_.least_pipeline_bytes, limits_.most_pipeline_bytes) /
      terms_.chunk_bytes;
  const auto owes = picker_.under_way(p.number);
  if (!p.chokes && !p.quiet_until && owes <= may / 2) {
    const auto due = std::clamp<instant>(4 * p.meter.round_trip(), least_due, most_due);
    const auto asked = picker_.assign(p.number, may - owes, now, now + due);
    for (const auto& r : asked) {
      for (const auto& one : addressable(r, address)) out.put({request{one}});
      if (structure_->pushes())
        for (auto c = std::max(r.begin, pushed_from_); c < r.end; ++c) structure_->missed(c, now);
    }
    if (!asked.empty() && owes == 0) p.meter.asked(now);
  }
  if (peers_.size() < limits_.peers / 2 && p.line.understands(message_type::pex_request) &&
      events_.heard_of && (!p.pex_asked || now - *p.pex_asked >= pex_asked_every)) {
    p.pex_asked = now;
    p.pex_left = pex_addresses;
    out.put({pex_request{}});
  }
}

/// With a push: each coming chunk is asked of its parent, once.
void live_swarm::subscribe(instant now) {
  if (!structure_->pushes() || !next_) return;
  std::vector<structure::neighbour> all;
  for (const auto& [own, p] : peers_) {
    std::uint64_t newest = 0;
    for (const auto& r : picker_.haves_of(p.number)) newest = r.end;
    all.push_back(
        {p.number, newest, p.meter.round_trip(),
         p.line.state() == channel::phase::open && !p.chokes && !p.quiet_until && newest > 0});
  }
  structure_->see(all, now);
  const auto end = book_.edge() + limits_.ahead_chunks;
  // In lots, so that not each chunk makes a request.
  if (subscribed_to_ + limits_.ahead_chunks / 2 > end) return;
  for (auto c = std::max(subscribed_to_, book_.edge()); c < end; ++c) {
    const auto parent = structure_->parent_of(c);
    if (!parent) return;
    for (auto& [own, p] : peers_)
      if (p.number == *parent) p.to_subscribe.add({c, c + 1});
    subscribed_to_ = c + 1;
  }
}

void live_swarm::lateness(instant now) {
  for (const auto& [number, count] : picker_.late(now)) {
    counts_.late += count;
    for (auto& [own, p] : peers_) {
      if (p.number != number) continue;
      // One that has nothing of what it said, or no time: the others go first.
      const auto quiet = first_quiet * (std::int64_t{1} << std::min(p.unanswered, 8U));
      if (p.unanswered++ > 0) p.quiet_until = now + std::min<instant>(quiet, longest_quiet);
    }
  }
}

} // namespace interswarm::ppsp
