// What a live swarm's peer gives: chunks with their proofs, what it has, and places.
#include "actors/overlays/ppsp/live_swarm.hpp"

#include <algorithm>
#include <utility>

namespace interswarm::ppsp {

using namespace live_timing;

void live_swarm::publish(const live_batch& b, instant now) {
  book_.add(b.munro, b.nodes);
  auto chunk = b.munro.chunks.begin;
  for (const auto& payload : b.chunks) keep(chunk++, payload);
  slide();
  settle(now);
}

void live_swarm::asked_for(live_peer& p, const chunk_range& r, instant now) {
  p.last_asked = now;
  if (!p.served) {
    if (!p.waits_since) p.waits_since = now;
    if (places_taken() >= limits_.slots) return;
    p.served = true;
    p.waits_since.reset();
  }
  // What is behind the window is gone, and what is far ahead cannot be meant.
  const chunk_range part{std::max(r.begin, book_.floor()),
                         std::min(r.end, book_.edge() + 2 * limits_.ahead_chunks)};
  if (part.empty()) return;
  // What is asked for again is lost, and it lives: no silence has to be waited for.
  const auto sent = p.sender.sent_at(part);
  if (sent && now - *sent > 2 * p.flow.round_trip()) {
    p.sender.lose_all();
    p.flow.lost(now, p.flow.in_flight());
  }
  if (!p.sender.request(part)) ++counts_.refused;
}

/// Who waits for a place gets one that is free or idle; who has none is told (RFC 7574 §3.9).
void live_swarm::share_slots(outbox& out, live_peer& p, instant now) {
  if (p.waits_since) {
    const auto idle = [&](const auto& other) {
      return other.second.served && now - other.second.last_asked > idle_slot;
    };
    auto served = places_taken();
    if (served >= limits_.slots) {
      const auto found = std::find_if(peers_.begin(), peers_.end(), idle);
      if (found != peers_.end()) {
        found->second.served = false;
        --served;
      }
    }
    if (served < limits_.slots) {
      p.served = true;
      p.waits_since.reset();
      p.last_asked = now;
    } else if (!std::exchange(p.told_choked, true)) {
      p.sender.drop_requests();
      out.put({choke{}});
    }
  }
  if (p.served && std::exchange(p.told_choked, false)) out.put({unchoke{}});
}

std::size_t live_swarm::places_taken() const {
  return static_cast<std::size_t>(std::count_if(
      peers_.begin(), peers_.end(), [](const auto& other) { return other.second.served; }));
}

void live_swarm::acknowledged(live_peer& p, const ack& m, instant now) {
  // No more than can have been sent: what is remembered of it stays bounded.
  const auto window = terms_.live_window.value_or(everything);
  const auto oldest = book_.floor() > window ? book_.floor() - window : 0;
  const chunk_range r{std::max(m.chunks.begin, oldest), std::min(m.chunks.end, book_.edge())};
  if (r.empty()) return;
  p.knows = std::max(p.knows, r.end);
  const auto n = p.sender.acked(r, now);
  if (n.acked_bytes > 0) p.flow.acked(now, n.acked_bytes, m.delay_us, n.round_trip);
  if (n.lost_bytes > 0) p.flow.lost(now, n.lost_bytes);
}

void live_swarm::exchange_peers(live_peer& p, outbox& out, instant now) {
  p.pex_due = false;
  if (now - p.last_pex < pex_every) return;
  p.last_pex = now;
  std::size_t told = 0;
  for (const auto& [own, other] : peers_) {
    if (&other == &p || other.line.state() != channel::phase::open) continue;
    if (told++ == pex_peers) break;
    out.put({pex_response{other.line.peer()}});
  }
}

/// HAVEs, and the newest munro for who does not show that it knows it (RFC 7574 §6.1.2.4). HAVEs
/// name whole runs, so that one that was lost is made up for by the next (§3.2); the last one is
/// repeated for who does not show that it has what it names.
void live_swarm::tell(live_peer& p, outbox& out, instant now) {
  p.to_tell.subtract(picker_.haves_of(p.number));
  if (p.to_tell.empty() && now - p.told >= retell_every && !shows_newest(p))
    p.to_tell.add({chunks_.rbegin()->first, chunks_.rbegin()->first + 1});
  if (!p.to_tell.empty() && now - p.told >= tell_every) {
    p.told = now;
    range_set runs;
    for (const auto& r : std::exchange(p.to_tell, {})) {
      if (const auto whole = picker_.held().range_at(r.begin)) runs.add(*whole);
    }
    for (const auto& r : runs) {
      for (const auto& one : addressable({r.begin, r.end}, out.speech().address))
        out.put({have{one}});
    }
  }
  const auto* const newest = book_.newest();
  if (newest == nullptr || book_.signs_all() || p.knows > newest->chunks.begin) return;
  if (out.is_empty() && p.greeted) return;
  out.put({integrity{newest->chunks, newest->hash.view()},
           signed_integrity{newest->chunks, newest->signed_at, newest->signature}});
}

/// Whether the peer has said that it has the newest that we have.
bool live_swarm::shows_newest(const live_peer& p) const {
  return chunks_.empty() || picker_.haves_of(p.number).contains(chunks_.rbegin()->first);
}

void live_swarm::pump(live_peer& p, instant now) {
  if (p.line.state() != channel::phase::open || !p.served) return;
  while (p.flow.room() >= terms_.chunk_bytes) {
    const auto chunk = p.sender.next(picker_.held());
    if (!chunk) return;
    if (!send_chunk(p, *chunk, now)) p.sender.cancel({*chunk, *chunk + 1});
  }
}

/// False when what proves it is not here.
bool live_swarm::send_chunk(live_peer& p, std::uint64_t chunk, instant now) {
  const auto found = chunks_.find(chunk);
  const auto* const munro = book_.munro_above(chunk);
  if (found == chunks_.end() || munro == nullptr) return false;
  outbox out(p.line, terms_.speech(), limits_.datagram_bytes,
             [&](byte_view datagram) { send(p, datagram, now); });
  const signed_integrity proof{munro->chunks, munro->signed_at, munro->signature};
  if (book_.signs_all()) {
    out.put({proof});
  } else {
    for (const auto& at : p.sender.hashes_below(chunk, munro->chunks)) {
      const auto* const hash = book_.node(at);
      if (hash == nullptr) return false;
      // RFC 7574 §6.1.2.3: hash and signature in one datagram.
      if (at == munro->chunks)
        out.put({integrity{at, hash->view()}, proof});
      else
        out.put({integrity{at, hash->view()}});
    }
  }
  out.put({data{{chunk, chunk + 1}, static_cast<std::uint64_t>(now.count()), found->second}});
  const auto bytes = out.size();
  out.flush();
  p.sender.sent(chunk, bytes, now);
  p.flow.sent(now, bytes);
  counts_.bytes_sent += found->second.size();
  return true;
}

} // namespace interswarm::ppsp
