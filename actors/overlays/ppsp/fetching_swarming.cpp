#include "actors/overlays/ppsp/fetching.hpp"
#include "actors/runtime/log.hpp"
#include "schema/base/encoding.hpp"

namespace interswarm::ppsp {

namespace {

using namespace std::chrono_literals;

constexpr instant fetching_look_every = 250ms;
/// So long a read waits for a first peer before it is told that there is none.
constexpr instant hopeless_after = 10s;

} // namespace

void fetching::start_swarm() {
  swarm_terms terms;
  terms.id = key_.id;
  terms.hash = key_.hash;
  terms.chunk_bytes = key_.chunk_bytes;
  fetching_swarm::limits l;
  l.peers = options_.sources;
  // The swarm is the actor's own: its callbacks come only while both live.
  fetching_swarm::events e;
  e.took = [this](std::uint64_t chunk, byte_view payload) { took(chunk, payload); };
  e.sized = [this](std::uint64_t chunks) { sized(chunks); };
  e.heard_of = [this](const endpoint& peer) {
    const auto self = self_;
    // Not from within the swarm.
    tasks_->add(kj::evalLater([self, peer] {
      if (*self != nullptr) (*self)->heard_of({peer});
    }));
  };
  place_->swarm = std::make_unique<fetching_swarm>(std::move(terms), place_->seat, std::move(e), l);
  place_->seat.take(*place_->swarm);
  peerless_since_ = now();
  // The first chunk brings the peaks, and with them the size.
  want({0, 1}, chunk_picker::tier::urgent);
  if (const auto link = make_link(record_)) heard_of(link->peers);
  if (tracker_) {
    finder_ =
        runtime::spawn_on<swarm_finder>(home(), std::exchange(tracker_, nullptr), record_.name,
                                        [self = self_](const std::vector<endpoint>& peers) {
                                          if (*self != nullptr) (*self)->heard_of(peers);
                                        });
  }
  look();
}

void fetching::heard_of(const std::vector<endpoint>& peers) {
  if (left_) return;
  for (const auto& p : peers) {
    if (p != place_->port->listening()) place_->swarm->dial(p, now());
  }
  place_->seat.stir();
}

chunk_range fetching::chunks_around(const byte_range& range) const {
  return {range.begin / key_.chunk_bytes, chunks_of(range.end, key_.chunk_bytes)};
}

bool fetching::holds(const byte_range& range) const {
  const auto chunks = chunks_around(range);
  return place_->swarm && place_->swarm->held().contains(byte_range{chunks.begin, chunks.end}) &&
         (!size_ || range.end <= *size_);
}

void fetching::want(const byte_range& range, chunk_picker::tier at) {
  place_->swarm->want(chunks_around(range), at, now());
  if (place_->swarm->peers() == 0 && finder_) caf::anon_send(finder_, find_now{});
  place_->seat.stir();
}

void fetching::want_ahead(const byte_range& range) {
  auto next = ahead_.after(range);
  next.end = std::min(next.end, size_.value_or(record_.size));
  if (!next.empty()) want(next, chunk_picker::tier::asked);
}

void fetching::took(std::uint64_t chunk, byte_view payload) {
  auto ok = open_file();
  if (ok) ok = file_.write(chunk * key_.chunk_bytes, payload);
  if (!ok) {
    // Nothing that was stored is lost, but nothing more can be: readers hear why.
    if (!disk_failure_) runtime::log().error("ppsp fetch: {}", ok.error().text);
    disk_failure_ = ok.error();
    return fail_pending(ok.error());
  }
  if (chunk + 1 == place_->swarm->chunks()) prove_size(chunk * key_.chunk_bytes + payload.size());
  const auto waits_for = [&](const auto& p) {
    const auto chunks = chunks_around(p.range);
    return chunks.begin <= chunk && chunk < chunks.end && holds(p.range);
  };
  if (std::any_of(reads_.begin(), reads_.end(), waits_for) ||
      std::any_of(proofs_.begin(), proofs_.end(), waits_for))
    answer_ready();
}

void fetching::prove_size(std::uint64_t size) {
  if (size_ == size) return;
  if (record_.size != msg::unknown_size && record_.size != size)
    runtime::log().warn("ppsp fetch of {}: {} bytes, not {} as its record says", to_hex(key_.id),
                        size, record_.size);
  size_ = size;
  ++version_;
  // They were asked for up to the end of a chunk, before anybody knew that the last one is short.
  for (auto& p : proofs_) p.range.end = std::min(p.range.end, size);
}

/// Only the last chunk tells the size to the byte.
void fetching::sized(std::uint64_t chunks) {
  size_.reset();
  const auto self = self_;
  tasks_->add(kj::evalLater([self, last = chunks - 1] {
    if (*self == nullptr) return;
    auto& f = **self;
    f.place_->swarm->want({last, last + 1}, chunk_picker::tier::urgent, f.now());
    f.place_->seat.stir();
  }));
}

/// Four times a second: news for those who wait, and time for those who waited too long.
void fetching::look() {
  const auto& swarm = *place_->swarm;
  auto there = swarm.obtainable();
  there.add(swarm.held());
  const auto held = swarm.held().bytes() * key_.chunk_bytes;
  if (there != told_ || held != told_held_) {
    told_ = std::move(there);
    told_held_ = held;
    ++version_;
  }
  const auto came = swarm.counted().bytes_received - received_;
  received_ += came;
  bytes_per_second_ = (3 * bytes_per_second_ + came * (1s / fetching_look_every)) / 4;
  if (holds_all() && !std::exchange(left_, true)) {
    place_->swarm->close();
    place_->seat.stir();
  }
  give_up_late();
  look_for_hopelessness();
  answer_waiters();
  tasks_->add(home()
                  .timer()
                  .afterDelay(fetching_look_every.count() * kj::MICROSECONDS)
                  .then([self = self_] {
                    if (*self != nullptr) (*self)->look();
                  }));
}

void fetching::look_for_hopelessness() {
  if (place_->swarm->peers() > 0) {
    peerless_since_ = now();
    return;
  }
  if (reads_.empty() && proofs_.empty()) return;
  if (finder_) caf::anon_send(finder_, find_now{});
  if (now() - peerless_since_ < hopeless_after) return;
  fail_pending({errc::unavailable, "no peer of this swarm can be reached"});
}

} // namespace interswarm::ppsp
