#include "actors/overlays/ppsp/registrar_core.hpp"

#include <algorithm>

namespace interswarm::ppsp {

namespace {

/// The actions of a CONNECT as they come together.
struct connect_plan {
  std::vector<swarm_action> actions;
  bool leeches = false;
  bool leaves = false;

  bool full(std::size_t more = 1) const {
    return actions.size() + more > limits::registrar_actions;
  }
  void join(const std::string& swarm, bool seeder) {
    actions.push_back({swarm, true, seeder});
    leeches = leeches || !seeder;
  }
  void leave(const std::string& swarm, bool seeder) {
    actions.push_back({swarm, false, seeder});
    leaves = true;
  }
};

} // namespace

/// The changes that one CONNECT may carry (RFC 7846 Table 6): at first several JOINs as SEEDER or
/// one as LEECH; later as SEEDER only together with a LEAVE, for which a swarm that we stay in is
/// left and joined in one request; never two as LEECH.
std::optional<connect_request> registrar_core::choose_connect(instant now) {
  std::vector<const std::string*> unsure, left, changed, seeds, leeches;
  const std::string* stay = nullptr;
  bool stay_seeds = false;
  for (const auto& [swarm, e] : swarms_) {
    const auto want = desired(e, now);
    const bool held_back = now < e.retry_at;
    if (e.at == standing::unsure) {
      if (!held_back) unsure.push_back(&swarm);
    } else if (e.at != want && want == standing::out) {
      left.push_back(&swarm);
    } else if (e.at != want && !held_back) {
      (e.in() ? changed : want == standing::seeder ? seeds : leeches).push_back(&swarm);
    } else if (e.in() && !stay_seeds) {
      stay = &swarm;
      stay_seeds = e.at == standing::seeder;
    }
  }
  // Somebody waits.
  std::stable_partition(leeches.begin(), leeches.end(),
                        [&](const auto* s) { return !swarms_.at(*s).finds.empty(); });
  connect_plan plan;
  if (!unsure.empty()) {
    // Alone: what is refused then is for that swarm.
    plan.leave(*unsure.front(), false);
  } else if (!registered_) {
    for (const auto* s : seeds) {
      if (!plan.full()) plan.join(*s, true);
    }
    if (seeds.empty() && !leeches.empty()) plan.join(*leeches.front(), false);
  } else {
    for (const auto* s : left) {
      if (!plan.full(limits::registrar_actions / 2))
        plan.leave(*s, swarms_.at(*s).at == standing::seeder);
    }
    for (const auto* s : changed) {
      const bool to_seeder = swarms_.at(*s).at == standing::leech;
      if (plan.full(2) || (plan.leeches && !to_seeder)) continue;
      plan.leave(*s, !to_seeder);
      plan.join(*s, to_seeder);
    }
    // By the table a leech too has to leave a swarm for another; two of them would be two JOINs.
    const bool joins = !seeds.empty() || (!leeches.empty() && stay_seeds);
    if (joins && !plan.leaves && stay) {
      plan.leave(*stay, stay_seeds);
      plan.join(*stay, stay_seeds);
    }
    for (const auto* s : seeds) {
      if (plan.leaves && !plan.full()) plan.join(*s, true);
    }
    if (!leeches.empty() && !plan.leeches && !plan.full()) plan.join(*leeches.front(), false);
  }
  if (plan.actions.empty()) return std::nullopt;
  connect_request out;
  // Without it no peers are sent; who only leaves or gives wants none.
  if (plan.leeches) out.numbers.emplace();
  for (std::size_t i = 0; i < own_.size() && i < limits::tracker_addresses; ++i) {
    peer_address a{own_[i], static_cast<std::uint32_t>(own_.size() - i)};
    a.peer_protocol = "PPSP-PP";
    out.addresses.push_back(std::move(a));
  }
  out.actions = std::move(plan.actions);
  return out;
}

void registrar_core::on_connect(const connect_request& c, const tracker_response& r, instant now,
                                registrar_effects& out) {
  if (r.error != tracker_error::none) {
    if (registered_ && r.error == tracker_error::forbidden_action) {
      // Perhaps it has forgotten us.
      doubtful_ = true;
      suspected_ = c;
    } else {
      refuse_all(c, r.error, now, out);
    }
    return;
  }
  const bool first = !registered_;
  std::vector<bool> taken(r.swarms.size(), false);
  for (const auto& a : c.actions) {
    const swarm_result* result = nullptr;
    for (std::size_t i = 0; i < r.swarms.size() && !result; ++i) {
      if (taken[i] || swarm_bytes(r.swarms[i].swarm_id) != swarm_bytes(a.swarm_id)) continue;
      taken[i] = true;
      result = &r.swarms[i];
    }
    auto& e = swarms_[a.swarm_id];
    if (!a.join) {
      // Refused: it does not hold us there.
      e.at = standing::out;
      continue;
    }
    if (result && result->result != 0) {
      refuse(a.swarm_id, result->result, now, out);
      continue;
    }
    e.at = a.seeder ? standing::seeder : standing::leech;
    e.checked = now;
    e.refusals = 0;
    e.refusal.reset();
    settle(e, out);
    if (!result || !result->peers || a.seeder) continue;
    take_parties(e, *result, now);
    answer_finds(e, out);
  }
  registered_ = std::any_of(swarms_.begin(), swarms_.end(),
                            [](const auto& s) { return s.second.at != standing::out; });
  if (first || !registered_) tracking_ = false;
  heard_at_ = now;
}

/// A CONNECT of which nothing was done.
void registrar_core::refuse_all(const connect_request& c, tracker_error e, instant now,
                                registrar_effects& out) {
  for (const auto& a : c.actions) {
    auto& s = swarms_[a.swarm_id];
    const bool joins_again =
        std::any_of(c.actions.begin(), c.actions.end(), [&](const swarm_action& other) {
          return other.join && other.swarm_id == a.swarm_id;
        });
    const auto as = a.seeder ? standing::seeder : standing::leech;
    if (a.join && s.at != as) refuse(a.swarm_id, static_cast<std::uint32_t>(e), now, out);
    // It does not hold us there, or will not let go: no more can be done.
    if (!a.join && !joins_again) s.at = standing::out;
  }
  registered_ = std::any_of(swarms_.begin(), swarms_.end(),
                            [](const auto& s) { return s.second.at != standing::out; });
  if (!registered_) tracking_ = false;
}

/// The swarm is not tried again for a while.
void registrar_core::refuse(const std::string& swarm, std::uint32_t code, instant now,
                            registrar_effects& out) {
  auto& e = swarms_[swarm];
  e.refusal = error_of(code);
  const auto shift = std::min(e.refusals++, 10u);
  e.retry_at =
      now + std::min(limits::registrar_first_refusal * (1 << shift), limits::registrar_max_refusal);
  fail_finds(e, *e.refusal, out);
  if (e.refusal->code == errc::unavailable || e.refusal->code == errc::overloaded) {
    settle(e, out);
    return;
  }
  for (const auto& w : e.enters) {
    --(w.seeder ? e.seeders : e.leeches);
    out.push_back(tracker_call_failed{w.call, *e.refusal});
  }
  e.enters.clear();
}

/// The announces that wait are answered: entered, or to be tried on.
void registrar_core::settle(entry& e, registrar_effects& out) {
  for (const auto& w : e.enters) out.push_back(party_entered{w.call});
  e.enters.clear();
}

error registrar_core::error_of(std::uint32_t code) const {
  constexpr std::array codes{errc::unavailable, errc::malformed,  errc::unimplemented, errc::denied,
                             errc::unavailable, errc::overloaded, errc::denied};
  const bool known = code > 0 && code < codes.size();
  return {known ? codes[code] : errc::denied,
          tracker_ + ": refuses the swarm: " +
              (known ? std::string(to_string(static_cast<tracker_error>(code)))
                     : "error " + std::to_string(code))};
}

} // namespace interswarm::ppsp
