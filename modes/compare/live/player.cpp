#include "modes/compare/live/player.hpp"

#include "actors/runtime/error.hpp"
#include "actors/runtime/log.hpp"

namespace interswarm::compare {

namespace {

using namespace std::chrono_literals;

constexpr auto tick_interval = 50ms;
constexpr auto face_limit = 60s;
constexpr auto read_limit = 60s;

std::string text_of(const caf::error& e) { return to_string(runtime::to_error(e)); }

} // namespace

player::player(caf::actor_config& config, runtime::loop& home,
               std::shared_ptr<const player_world> world, peer_id id)
    : loop_actor(config, home), world_(std::move(world)), id_(id),
      held_(world_->what->peers[id].holds) {}

caf::behavior player::make_behavior() {
  return {[this](const player_joins& with) { join(with); }, [this](player_leaves) { leave(); },
          [this](const player_wants& what) { want(what.request); },
          [this](player_tick) { tick(); }};
}

void player::on_exit() {
  leave();
  errands_.clear();
}

const std::string& player::kind() const {
  return world_->what->overlays[world_->what->peers[id_].overlay].kind;
}

void player::join(const player_joins& with) {
  peer_ = with.peer;
  tracker_ = with.tracker;
  for (const auto c : held_)
    offer(c, spawn_file_source(home(), world_->files[c], world_->contents->at(c).held.at(kind())),
          0);
  for (auto& [c, e] : errands_) {
    e.reads.resume(world_->shared.now());
    fetch(c);
  }
  if (ticking_) return;
  ticking_ = true;
  tick();
}

void player::leave() {
  ++epoch_;
  shelves_.clear();
  for (auto& [c, e] : errands_) {
    e.reads.interrupt();
    e.source = nullptr;
    e.polling = false;
  }
  peer_ = nullptr;
  tracker_ = nullptr;
}

void player::want(std::uint32_t request) {
  const auto& r = world_->what->requests[request];
  const auto size = world_->contents->at(r.content).size;
  const auto now = world_->shared.now();
  // Peers begin at different places, so that they have something for each other.
  const auto first = (std::uint64_t{id_} + 1) * 0x9E3779B97F4A7C15ull ^ r.content;
  errand e{request, player_download(size, r.playback > 0, first >> 16), std::nullopt, {}, false, 0};
  if (r.playback > 0) e.screen.emplace(r.playback, size, r.at);
  e.reads.resume(now);
  slot_of(e).state = request_state::running;
  errands_.insert_or_assign(r.content, std::move(e));
  if (peer_) fetch(r.content);
}

void player::tick() {
  delayed_send(this, tick_interval, player_tick{});
  if (!peer_) return;
  if (!ready_) look_at_leases();
  for (auto& [c, s] : shelves_)
    if (!s.lease && !s.entering) enter(c);
  const auto now = world_->shared.now();
  std::vector<content_id> given_up;
  for (auto& [c, e] : errands_) {
    if (e.reads.lost_patience(now, world_->what->patience)) {
      given_up.push_back(c);
      continue;
    }
    poll(c, e);
    if (e.source) pump(c);
  }
  for (const auto c : given_up) end(c, request_state::failed);
}

void player::offer(content_id c, msg::source_actor source, std::uint64_t left) {
  auto& s = shelves_[c];
  s.source = std::move(source);
  s.left = left;
  enter(c);
  msg::peer_serve what{world_->contents->at(c).held.at(kind()), s.source, tracker_};
  request(peer_, face_limit, std::move(what))
      .then(
          [this, c, epoch = epoch_](const msg::peer_serve_result& r) {
            if (const auto at = shelves_.find(c); current(epoch) && at != shelves_.end())
              at->second.serving = r.serving;
          },
          [this, c](const caf::error& e) {
            runtime::log().warn("peer {} cannot offer content {}: {}", id_, c, text_of(e));
          });
}

/// At its tracker, or anew with other bytes missing.
void player::enter(content_id c) {
  auto& s = shelves_[c];
  s.entering = true;
  request(tracker_, face_limit,
          msg::tracker_announce{world_->contents->at(c).held.at(kind()), s.left})
      .then(
          [this, c, epoch = epoch_](const msg::tracker_announce_result& r) {
            const auto at = shelves_.find(c);
            if (!current(epoch) || at == shelves_.end()) return;
            at->second.lease = r.lease;
            at->second.entering = false;
          },
          [this, c, epoch = epoch_](const caf::error& e) {
            runtime::log().warn("peer {} cannot announce content {}: {}", id_, c, text_of(e));
            const auto at = shelves_.find(c);
            if (current(epoch) && at != shelves_.end()) at->second.entering = false;
          });
}

/// It is ready when everything that it holds can be found at the tracker.
void player::look_at_leases() {
  bool all = true;
  for (auto& [c, s] : shelves_) {
    all = all && s.serving && s.in_force;
    if (s.in_force || !s.lease) continue;
    request(s.lease, face_limit, msg::registration_check{})
        .then(
            [this, c = c, epoch = epoch_](const msg::registration_check_result& r) {
              const auto at = shelves_.find(c);
              if (current(epoch) && at != shelves_.end()) at->second.in_force = r.in_force;
            },
            [](const caf::error&) {});
  }
  if (!all) return;
  ready_ = true;
  ++world_->shared.ready_peers();
}

void player::fetch(content_id c) {
  request(peer_, face_limit, msg::peer_fetch{world_->contents->at(c).wanted.at(kind()), tracker_})
      .then(
          [this, c, epoch = epoch_](const msg::peer_fetch_result& r) {
            const auto at = errands_.find(c);
            if (!current(epoch) || at == errands_.end()) return;
            auto& e = at->second;
            e.source = r.source;
            offer(c, r.source, world_->contents->at(c).size - e.reads.held());
            pump(c);
          },
          [this, c](const caf::error& e) {
            runtime::log().warn("peer {} cannot fetch content {}: {}", id_, c, text_of(e));
          });
}

void player::pump(content_id c) {
  auto& e = errands_.at(c);
  for (const auto& r : e.reads.next(world_->shared.now())) {
    msg::source_read question;
    question.range = {r.begin, r.end};
    question.deadline_ms =
        static_cast<std::uint32_t>(std::chrono::milliseconds(read_limit).count());
    question.urgent = e.screen.has_value();
    request(e.source, read_limit + 5s, std::move(question))
        .then(
            [this, c, r, epoch = epoch_](const msg::source_read_result& x) {
              if (current(epoch)) arrived(c, r, x.data);
            },
            [this, c, r, epoch = epoch_](const caf::error& why) {
              const auto at = errands_.find(c);
              if (!current(epoch) || at == errands_.end()) return;
              runtime::log().debug("peer {}: a read of content {} failed: {}", id_, c,
                                   text_of(why));
              at->second.reads.failed(r, world_->shared.now());
            });
  }
}

void player::arrived(content_id c, byte_range r, const slice& data) {
  const auto at = errands_.find(c);
  if (at == errands_.end()) return;
  auto& e = at->second;
  const auto now = world_->shared.now();
  if (!equal(data, world_->files[c]->all().subspan(r.begin, r.size()))) {
    ++world_->shared.wrong_deliveries();
    world_->shared.complain("peer " + std::to_string(id_) + " was given wrong bytes of content " +
                            std::to_string(c));
    e.reads.failed(r, now);
    return;
  }
  auto& slot = slot_of(e);
  if (slot.first_byte == never) slot.first_byte = now;
  e.reads.arrived(r, now);
  if (e.screen) e.screen->arrived(e.reads.unbroken(), now);
  show(e);
  if (e.reads.whole()) {
    end(c, request_state::satisfied);
  } else {
    pump(c);
  }
}

/// Whether anything moves, also before a part can be checked.
void player::poll(content_id c, errand& e) {
  if (!e.source || e.polling) return;
  e.polling = true;
  request(e.source, face_limit, msg::source_have{0, 0})
      .then(
          [this, c, epoch = epoch_](const msg::source_have_result& r) {
            const auto at = errands_.find(c);
            if (!current(epoch) || at == errands_.end()) return;
            auto& found = at->second;
            found.polling = false;
            const auto now = world_->shared.now();
            if (r.received <= found.seen) return;
            found.seen = r.received;
            found.reads.moved(now);
            auto& slot = slot_of(found);
            if (slot.first_byte == never) slot.first_byte = now;
          },
          [this, c, epoch = epoch_](const caf::error&) {
            const auto at = errands_.find(c);
            if (current(epoch) && at != errands_.end()) at->second.polling = false;
          });
}

void player::show(const errand& e) const {
  auto& slot = slot_of(e);
  slot.received = e.reads.held();
  if (!e.screen) return;
  slot.startup_delay = e.screen->startup_delay();
  slot.stalls = e.screen->stalls();
  slot.stalled_s = e.screen->stalled_s(world_->shared.now());
}

void player::end(content_id c, request_state how) {
  auto e = std::move(errands_.at(c));
  errands_.erase(c);
  if (e.screen && how == request_state::failed) e.screen->over(world_->shared.now());
  show(e);
  auto& slot = slot_of(e);
  slot.finished = world_->shared.now();
  slot.state = how;
  const auto at = shelves_.find(c);
  if (how == request_state::failed) {
    if (at != shelves_.end()) shelves_.erase(at);
    return;
  }
  held_.push_back(c);
  if (at == shelves_.end()) return;
  at->second.left = 0;
  enter(c);
}

} // namespace interswarm::compare
