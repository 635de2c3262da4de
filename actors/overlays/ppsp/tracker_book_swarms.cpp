#include "actors/overlays/ppsp/tracker_book.hpp"
#include "actors/overlays/ppsp/tracker_limits.hpp"
#include "actors/overlays/ppsp/tracker_tables.hpp"

#include <algorithm>

namespace interswarm::ppsp {

namespace {

/// Calls `look(member)` for at most `most` members from a random place on, until it says that it
/// has enough.
template <class List, class Look>
void go_round(const List& list, std::size_t most, std::uint64_t random, Look look) {
  if (list.empty()) return;
  auto at = static_cast<std::size_t>(((random & 0xFFFF'FFFF) * list.size()) >> 32);
  for (std::size_t i = std::min(most, list.size()); i > 0; --i) {
    if (!look(*list[at])) return;
    if (++at == list.size()) at = 0;
  }
}

} // namespace

std::optional<tracker_peer> tracker_book::own_peer(const swarm& s, bool seeder, const asker& from,
                                                   const peer_reach& reach) const {
  if (!s.own || (seeder && s.own_seeder)) return std::nullopt;
  for (auto at : own_.listen) {
    if (at.address.is_unspecified()) {
      if (from.local.is_unspecified()) continue;
      at.address = from.local;
    }
    if (at.address.is_v4() ? reach.v4 : reach.v6) return tracker_peer{own_.peer_id, {{at}}};
  }
  return std::nullopt;
}

std::vector<tracker_peer> tracker_book::choose(const swarm& s, const peer& p, bool seeder,
                                               std::size_t want, const asker& from,
                                               std::uint64_t random) const {
  std::vector<tracker_peer> out;
  if (want == 0) return out;
  auto reach = p.reach;
  reach.seen = from.seen;
  (from.seen.is_v4() ? reach.v4 : reach.v6) = true;
  out.reserve(want);
  if (auto own = own_peer(s, seeder, from, reach)) out.push_back(std::move(*own));
  struct candidate {
    const peer* who;
    const peer_contact* at;
  };
  std::vector<candidate> indirect;
  const auto take = [&](const candidate& c) {
    out.push_back({c.who->id, {{c.at->at, c.at->priority, c.at->kind}}});
  };
  const auto run = [&](const std::vector<peer*>& list, std::size_t up_to, std::uint64_t r) {
    indirect.clear();
    go_round(list, tracker_limits::looked_at, r, [&](const peer& other) {
      if (out.size() >= up_to) return false;
      if (&other == &p) return true;
      const candidate c{&other, contact_for(other.contacts, other.seen, reach)};
      if (!c.at) return true;
      if (connects_directly(p.nat, other.nat))
        take(c);
      else if (indirect.size() < want)
        indirect.push_back(c);
      return true;
    });
    // Those that need a relay are better than nobody.
    for (const auto& c : indirect) {
      if (out.size() < up_to) take(c);
    }
  };
  if (!seeder) {
    // Half of both kinds where there is enough of both; a seeder has no use for another.
    const auto spare = want > s.leechers.size() ? want - s.leechers.size() : 0;
    run(s.seeders, std::max((want + 1) / 2, spare), random);
  }
  run(s.leechers, want, random >> 32);
  return out;
}

void tracker_book::note(swarm_result& out, peer& p, const swarm& s, bool seeder,
                        const std::optional<peer_num>& numbers, const asker& from,
                        std::uint64_t random) {
  const auto want = numbers ? numbers->peer_count : options_.default_want;
  out.peers = choose(s, p, seeder, std::min(want, options_.max_want), from, random);
  if (!options_.tell_interval) return;
  const bool hungry = !seeder && s.sources < options_.min_sources;
  out.interval_s =
      hungry ? std::min(options_.hungry_interval_s, options_.interval_s) : options_.interval_s;
}

tracked_swarm tracker_book::find(byte_view swarm_id, std::size_t want, std::uint64_t random,
                                 std::vector<found_peer>& peers) const {
  const auto* s = tables_->find_swarm(swarm_id);
  if (!s) return status(swarm_id);
  const auto look = [&](const peer& p) {
    if (peers.size() >= want) return false;
    if (!p.contacts.empty() && !p.contacts.front().near)
      peers.push_back({p.contacts.front().at, p.id});
    return true;
  };
  const auto most = std::max(want, tracker_limits::looked_at);
  go_round(s->seeders, most, random, look);
  go_round(s->leechers, most, random >> 32, look);
  return s->status();
}

tracked_swarm tracker_book::status(byte_view swarm_id) const {
  if (const auto* s = tables_->find_swarm(swarm_id)) return s->status();
  tracked_swarm out;
  out.id.assign(swarm_id.begin(), swarm_id.end());
  return out;
}

tracker_error tracker_book::refusal_of(byte_view swarm_id) const {
  if (tables_->denied.empty() && !options_.allow_list) return tracker_error::none;
  const std::string name(as_text(swarm_id));
  const bool refused =
      tables_->denied.contains(name) || (options_.allow_list && !tables_->allowed.contains(name));
  return refused ? tracker_error::forbidden_action : tracker_error::none;
}

result<void> tracker_book::enter_own(byte_view swarm_id, bool seeder) {
  if (swarm_id.empty() || swarm_id.size() > limits::max_swarm_id_bytes)
    return fail(errc::malformed, "a swarm id has 1 to 1023 bytes");
  if (refusal_of(swarm_id) != tracker_error::none)
    return fail(errc::denied, "this tracker's lists refuse the swarm");
  auto* s = tables_->find_swarm(swarm_id);
  if (!s && (tables_->swarms.size() >= options_.max_swarms ||
             tables_->memory_bytes >= options_.max_memory_bytes))
    return fail(errc::no_room, "this tracker holds as many swarms as it may");
  if (!s) s = &tables_->make_swarm(swarm_id);
  s->own = true;
  s->own_seeder = seeder;
  return {};
}

void tracker_book::withdraw_own(byte_view swarm_id) {
  if (auto* s = tables_->find_swarm(swarm_id)) s->own = false;
}

void tracker_book::demand(swarm& s, std::uint64_t now_ms) {
  if (s.sources >= options_.min_sources || s.leechers.empty()) return;
  if (s.demanded_at_ms != 0 && now_ms - s.demanded_at_ms < options_.demand_period_ms) return;
  if (demands_.size() >= tracker_limits::waiting_demands) return;
  s.demanded_at_ms = now_ms;
  demands_.push_back(s.status());
  if (demands_.size() == 1 && wake_) wake_();
}

std::vector<tracked_swarm> tracker_book::take_demands(std::size_t limit) {
  const auto end = demands_.begin() + static_cast<std::ptrdiff_t>(std::min(limit, demands_.size()));
  std::vector<tracked_swarm> out(demands_.begin(), end);
  demands_.erase(demands_.begin(), end);
  return out;
}

void tracker_book::sweep(std::uint64_t now_ms, std::size_t count) {
  auto& t = *tables_;
  const auto expire = [&](tracker_state state, std::uint32_t seconds) {
    auto& list = t.timer(state);
    for (auto left = count; left > 0 && !list.empty(); --left) {
      if (now_ms - list.front().heard_ms < seconds * std::uint64_t{1000}) break;
      t.erase(list.front());
    }
  };
  expire(tracker_state::registered, options_.init_timer_s);
  expire(tracker_state::tracking, options_.track_timer_s);
  expire(tracker_state::terminated, options_.linger_s);
  for (auto left = std::min(count, t.swarms.size()); left > 0; --left) {
    auto& s = t.swarms.front();
    if (s.seeders.empty() && s.leechers.empty() && !s.own) {
      t.drop(s, now_ms);
      continue;
    }
    demand(s, now_ms);
    t.swarms.splice(t.swarms.end(), t.swarms, t.swarms.begin());
  }
}

result<void> tracker_book::set_allowed(const std::vector<bytes>& swarms) {
  if (swarms.size() > tracker_limits::listed_names)
    return fail(errc::too_large, "an allow list has at most 1000000 swarms");
  tables_->allowed.clear();
  for (const auto& id : swarms) tables_->allowed.emplace(as_text(id));
  drop_refused();
  return {};
}

result<void> tracker_book::set_denied(const std::vector<bytes>& swarms) {
  if (swarms.size() > tracker_limits::listed_names)
    return fail(errc::too_large, "a deny list has at most 1000000 swarms");
  tables_->denied.clear();
  for (const auto& id : swarms) tables_->denied.emplace(as_text(id));
  drop_refused();
  return {};
}

void tracker_book::drop_refused() {
  auto& t = *tables_;
  for (auto at = t.swarms.begin(); at != t.swarms.end();) {
    auto& s = *at++;
    // Peers without another swarm need not linger: they left nothing that they could ask again.
    if (refusal_of(s.id) != tracker_error::none) t.drop(s, 0);
  }
}

tracker_state tracker_book::state_of(std::string_view peer_id) const {
  const auto* p = tables_->find(peer_id);
  return p ? p->state : tracker_state::start;
}

tracker_totals tracker_book::totals() const {
  return {tables_->swarms.size(),
          tables_->timer(tracker_state::registered).size(),
          tables_->timer(tracker_state::tracking).size(),
          tables_->memory_bytes,
          uploaded_bytes_,
          downloaded_bytes_};
}

} // namespace interswarm::ppsp
