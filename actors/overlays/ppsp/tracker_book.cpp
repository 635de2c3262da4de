#include "actors/overlays/ppsp/tracker_book.hpp"

#include "actors/overlays/ppsp/tracker_limits.hpp"
#include "actors/overlays/ppsp/tracker_tables.hpp"

#include <algorithm>
#include <limits>

namespace interswarm::ppsp {

namespace {

tracker_response failed(const tracker_request& r, tracker_error e) {
  return {r.transaction_id, e, std::nullopt, {}};
}

tracker_error refused_at(std::span<const tracker_error> refused, std::size_t i) {
  return i < refused.size() ? refused[i] : tracker_error::none;
}

void add_saturated(std::uint64_t& sum, std::uint64_t more) {
  const auto most = std::numeric_limits<std::uint64_t>::max();
  sum = more > most - sum ? most : sum + more;
}

/// Adds what a counter grew by; one that fell was started anew.
void add_growth(std::uint64_t& sum, std::uint64_t& last, std::uint64_t now) {
  add_saturated(sum, now >= last ? now - last : now);
  last = now;
}

} // namespace

tracker_book::tracker_book(tracker_book_options options, own_party own,
                           std::array<std::uint64_t, 2> secret)
    : options_(options), own_(std::move(own)), tables_(std::make_unique<tables>(secret)) {}

tracker_book::~tracker_book() = default;

bool tracker_book::speaks_for(const peer& p, const asker& from) const {
  return from.trusted || tables::group_of(p.seen) == tables::group_of(from.seen);
}

std::uint64_t tracker_book::mark_of(const tracker_request& r, const connect_request& c) const {
  std::string all = std::to_string(r.transaction_id.size()) + ' ' + r.transaction_id;
  for (const auto& a : c.actions) all += (a.join ? a.seeder ? " S" : " L" : " -") + a.swarm_id;
  return tables_->peers.hash_function()(all);
}

tracker_response tracker_book::answer(const tracker_request& r, const asker& from,
                                      std::span<const tracker_error> refused, std::uint64_t now_ms,
                                      std::uint64_t random) {
  if (!own_.peer_id.empty() && r.peer_id == own_.peer_id)
    return failed(r, tracker_error::forbidden_action);
  const auto* known = tables_->find(r.peer_id);
  if (known && !speaks_for(*known, from)) return failed(r, tracker_error::forbidden_action);
  switch (r.body.index()) {
  case 0: return connect(r, from, refused, now_ms, random);
  case 1: return find(r, from, refused, now_ms, random);
  default: return report(r, from, refused, now_ms);
  }
}

tracker_error tracker_book::join(peer*& p, const std::string& peer_id, const swarm_action& a,
                                 const asker& from, std::uint64_t now_ms) {
  const auto id = swarm_bytes(a.swarm_id);
  if (!id) return tracker_error::bad_request;
  if (const auto e = refusal_of(*id); e != tracker_error::none) return e;
  auto& t = *tables_;
  auto* s = t.find_swarm(*id);
  if (p && s && p->in(*s)) {
    // Again: only what it is in the swarm may be new.
    if (p->in(*s)->seeder == a.seeder) return tracker_error::none;
    if (!a.seeder) return tracker_error::forbidden_action;
    t.remove(*p, *s);
    t.add(*p, *s, true);
    return tracker_error::none;
  }
  const auto full = t.memory_bytes >= options_.max_memory_bytes;
  if (full || (!s && t.swarms.size() >= options_.max_swarms) ||
      (s && s->seeders.size() + s->leechers.size() >= options_.peers_per_swarm) ||
      (p && p->swarms.size() >= options_.swarms_per_peer))
    return tracker_error::service_unavailable;
  if (!p) {
    auto& gone = t.timer(tracker_state::terminated);
    if (t.peers.size() >= options_.max_peers && !gone.empty()) t.erase(gone.front());
    if (t.peers.size() >= options_.max_peers ||
        (options_.peers_per_address != 0 && t.behind(from.seen) >= options_.peers_per_address))
      return tracker_error::service_unavailable;
    p = &t.make(peer_id, from.seen, now_ms);
  }
  if (!s) s = &t.make_swarm(*id);
  t.add(*p, *s, a.seeder);
  return tracker_error::none;
}

std::vector<tracker_error> tracker_book::act(peer*& p, const tracker_request& r, const asker& from,
                                             std::span<const tracker_error> refused,
                                             std::uint64_t now_ms) {
  const auto& c = std::get<connect_request>(r.body);
  std::vector<tracker_error> out(c.actions.size(), tracker_error::none);
  std::vector<const swarm*> left_as_leech;
  // Who changes swarms leaves first, whatever the order.
  for (std::size_t i = 0; i < c.actions.size(); ++i) {
    if (c.actions[i].join) continue;
    out[i] = refused_at(refused, i);
    if (out[i] != tracker_error::none) continue;
    const auto id = swarm_bytes(c.actions[i].swarm_id);
    auto* s = id ? tables_->find_swarm(*id) : nullptr;
    const auto* m = p && s ? p->in(*s) : nullptr;
    if (!m) {
      out[i] = tracker_error::forbidden_action;
      continue;
    }
    if (!m->seeder) left_as_leech.push_back(s);
    tables_->remove(*p, *s);
  }
  for (std::size_t i = 0; i < c.actions.size(); ++i) {
    const auto& a = c.actions[i];
    if (!a.join) continue;
    out[i] = refused_at(refused, i);
    if (out[i] == tracker_error::none) out[i] = join(p, r.peer_id, a, from, now_ms);
    if (out[i] != tracker_error::none || !a.seeder) continue;
    auto* s = tables_->find_swarm(*swarm_bytes(a.swarm_id));
    if (std::find(left_as_leech.begin(), left_as_leech.end(), s) != left_as_leech.end())
      ++s->completed;
  }
  return out;
}

std::vector<tracker_error> tracker_book::act_again(const peer& p, const connect_request& c) const {
  std::vector<tracker_error> out;
  for (const auto& a : c.actions) {
    const auto id = swarm_bytes(a.swarm_id);
    const auto* s = id ? tables_->find_swarm(*id) : nullptr;
    const bool in = s && p.in(*s) != nullptr;
    out.push_back(!a.join || in ? tracker_error::none : tracker_error::forbidden_action);
  }
  return out;
}

void tracker_book::renew(peer& p, const connect_request& c, const asker& from) {
  const bool moved = tables::group_of(p.seen) != tables::group_of(from.seen);
  tables_->move(p, from.seen);
  if (c.numbers && c.numbers->nat != nat_ability::unknown) p.nat = c.numbers->nat;
  if (c.addresses.empty() && !p.contacts.empty() && !moved) return;
  p.reach = reach_of(c.addresses, from.seen);
  tables_->set_contacts(p, believed_contacts(c.addresses, from.seen, from.trusted));
}

tracker_response tracker_book::connect(const tracker_request& r, const asker& from,
                                       std::span<const tracker_error> refused, std::uint64_t now_ms,
                                       std::uint64_t random) {
  const auto& c = std::get<connect_request>(r.body);
  auto* p = tables_->find(r.peer_id);
  const auto mark = mark_of(r, c);
  const bool again = p && p->last_connect == mark;
  const auto before = p ? p->state : tracker_state::start;
  if (!again) {
    if (const auto e = check_connect(before, c.actions); e != tracker_error::none)
      return failed(r, e);
  }
  const auto results = again ? act_again(*p, c) : act(p, r, from, refused, now_ms);
  const auto done = std::count(results.begin(), results.end(), tracker_error::none);
  if (p) {
    if (done > 0) p->last_connect = mark;
    renew(*p, c, from);
    const auto to = p->swarms.empty() ? tracker_state::terminated
                    : !may_ask(before) || (again && before == tracker_state::registered)
                        ? tracker_state::registered
                        : tracker_state::tracking;
    tables_->enter(*p, to, now_ms);
  }
  if (done == 0) return failed(r, results.front());
  tracker_response out{r.transaction_id, tracker_error::none, std::nullopt, {}};
  for (std::size_t i = 0; i < results.size(); ++i) {
    const auto& a = c.actions[i];
    auto& result = out.swarms.emplace_back();
    result.swarm_id = a.swarm_id;
    result.result = static_cast<std::uint32_t>(results[i]);
    if (!a.join || results[i] != tracker_error::none) continue;
    auto& s = *tables_->find_swarm(*swarm_bytes(a.swarm_id));
    if (!a.seeder) demand(s, now_ms);
    // A seeder that asks for no peers is given none.
    if (c.numbers || !a.seeder) note(result, *p, s, a.seeder, c.numbers, from, random);
  }
  return out;
}

tracker_response tracker_book::find(const tracker_request& r, const asker& from,
                                    std::span<const tracker_error> refused, std::uint64_t now_ms,
                                    std::uint64_t random) {
  const auto& f = std::get<find_request>(r.body);
  auto* p = tables_->find(r.peer_id);
  if (!p || !may_ask(p->state)) return failed(r, tracker_error::forbidden_action);
  if (const auto e = refused_at(refused, 0); e != tracker_error::none) return failed(r, e);
  const auto id = swarm_bytes(f.swarm_id);
  auto* s = id ? tables_->find_swarm(*id) : nullptr;
  const auto* m = s ? p->in(*s) : nullptr;
  // Only members are told who else is in a swarm.
  if (!m) return failed(r, tracker_error::forbidden_action);
  tables_->enter(*p, tracker_state::tracking, now_ms);
  if (f.numbers && f.numbers->nat != nat_ability::unknown) p->nat = f.numbers->nat;
  if (!m->seeder) demand(*s, now_ms);
  tracker_response out{r.transaction_id, tracker_error::none, std::nullopt, {}};
  auto& result = out.swarms.emplace_back();
  result.swarm_id = f.swarm_id;
  note(result, *p, *s, m->seeder, f.numbers, from, random);
  return out;
}

tracker_response tracker_book::report(const tracker_request& r, const asker&,
                                      std::span<const tracker_error> refused,
                                      std::uint64_t now_ms) {
  auto* p = tables_->find(r.peer_id);
  if (!p || !may_ask(p->state)) return failed(r, tracker_error::forbidden_action);
  if (const auto e = refused_at(refused, 0); e != tracker_error::none) return failed(r, e);
  tables_->enter(*p, tracker_state::tracking, now_ms);
  for (const auto& one : std::get<stat_report>(r.body).statistics) {
    const auto id = swarm_bytes(one.swarm_id);
    const auto* s = id ? tables_->find_swarm(*id) : nullptr;
    auto* m = s ? p->in(*s) : nullptr;
    // Swarms that it is not in count for nothing.
    if (!m) continue;
    add_growth(uploaded_bytes_, m->uploaded_bytes, one.uploaded_bytes);
    add_growth(downloaded_bytes_, m->downloaded_bytes, one.downloaded_bytes);
  }
  return {r.transaction_id, tracker_error::none, std::nullopt, {}};
}

} // namespace interswarm::ppsp
