#include "actors/overlays/ppsp/registrar_core.hpp"

#include <algorithm>

namespace interswarm::ppsp {

namespace {

bool is_multicast(const ip_address& a) {
  return a.is_v4() ? (a.to_v4() >> 28) == 14 : a.mapped()[0] == 0xFF;
}

} // namespace

registrar_effects registrar_core::find(registrar_call call, const std::string& swarm,
                                       std::size_t want, instant now) {
  registrar_effects out;
  const auto refuse_call = [&](error why) {
    out.push_back(tracker_call_failed{call, std::move(why)});
    return out;
  };
  if (leaving_ || now < paused_until_) return refuse_call({pause_code_, status_line(now)});
  auto* const e = remember(swarm, now);
  const auto sought = [&](const auto& s) { return s.second.sought(now) && !s.second.announced(); };
  if (!e || waiting_calls_ >= limits::registrar_waiting_calls ||
      (!e->sought(now) && !e->announced() &&
       std::count_if(swarms_.begin(), swarms_.end(), sought) >=
           static_cast<std::ptrdiff_t>(limits::registrar_sought)))
    return refuse_call({errc::overloaded, tracker_ + ": too many questions wait"});
  e->sought_until = now + limits::registrar_seek_linger;
  if (!e->in() && e->refusal && now < e->retry_at) return refuse_call(*e->refusal);
  e->finds.push_back({call, want, now});
  ++waiting_calls_;
  if (e->asked && !may_find(*e, now)) answer_finds(*e, out);
  pump(now, out);
  return out;
}

/// Not so soon after the last answer.
bool registrar_core::may_find(const entry& e, instant now) const {
  if (!e.asked) return true;
  std::chrono::milliseconds pause =
      e.parties.empty() ? limits::registrar_hungry_interval : limits::registrar_find_interval;
  if (e.interval_s)
    pause = std::clamp(std::chrono::milliseconds(std::chrono::seconds(*e.interval_s)),
                       limits::registrar_least_interval, limits::registrar_longest_interval);
  return now - *e.asked >= pause;
}

std::optional<find_request> registrar_core::choose_find(instant now) {
  const auto ask = [](const std::string& swarm) {
    find_request f{swarm, std::nullopt};
    f.numbers.emplace();
    return f;
  };
  const auto answerable = [&](const entry& e) {
    return (e.in() || (!members_only_ && now >= e.retry_at)) && may_find(e, now);
  };
  const std::string* longest = nullptr;
  instant since{};
  for (const auto& [swarm, e] : swarms_) {
    if (e.finds.empty() || !answerable(e) || (longest && e.finds.front().since >= since)) continue;
    longest = &swarm;
    since = e.finds.front().since;
  }
  if (longest) return ask(*longest);
  if (now < follow_at_) return std::nullopt;
  for (const auto& [swarm, e] : swarms_) {
    if (e.in() && now - e.checked >= limits::registrar_audit_interval && answerable(e))
      return ask(swarm);
  }
  // In turn, so that each gets its own.
  for (std::size_t i = 0; i < followed_.size(); ++i) {
    const auto& swarm = followed_[next_followed_++ % followed_.size()];
    const auto found = swarms_.find(swarm);
    const auto* e = found == swarms_.end() ? nullptr : &found->second;
    if (!e && members_only_) continue;
    if (e && (!answerable(*e) || (e->asked && now - *e->asked < limits::registrar_follow_interval)))
      continue;
    if (remember(swarm, now)) return ask(swarm);
  }
  follow_at_ = now + limits::registrar_follow_gap;
  return std::nullopt;
}

void registrar_core::on_find(const find_request& f, const tracker_response& r, instant now,
                             registrar_effects& out) {
  auto& e = swarms_[f.swarm_id];
  const swarm_result* result = nullptr;
  for (const auto& one : r.swarms) {
    if (swarm_bytes(one.swarm_id) == swarm_bytes(f.swarm_id)) result = &one;
  }
  auto why = r.error;
  if (why == tracker_error::none && result && result->result != 0)
    why = result->result <= static_cast<std::uint32_t>(last_tracker_error)
              ? static_cast<tracker_error>(result->result)
              : tracker_error::internal_error;
  if (why == tracker_error::forbidden_action) {
    if (!e.in()) {
      // Whoever waits is answered after the JOIN.
      members_only_ = true;
    } else {
      doubtful_ = true;
      suspected_ = f;
    }
    return;
  }
  if (why != tracker_error::none) {
    refuse_find(f.swarm_id, why, now, out);
    return;
  }
  tracking_ = true;
  heard_at_ = now;
  forgotten_ = 0;
  e.checked = now;
  e.rejoined = false;
  take_parties(e, result ? *result : swarm_result{f.swarm_id, 0, {}, {}}, now);
  answer_finds(e, out);
}

void registrar_core::refuse_find(const std::string& swarm, tracker_error e, instant now,
                                 registrar_effects& out) {
  auto& s = swarms_[swarm];
  // Not asked again at once.
  s.asked = now;
  s.checked = now;
  s.interval_s =
      std::chrono::duration_cast<std::chrono::seconds>(limits::registrar_longest_interval).count();
  s.parties.clear();
  s.party_count = 0;
  fail_finds(s, error_of(static_cast<std::uint32_t>(e)), out);
}

bool registrar_core::is_usable(const endpoint& at) const {
  if (at.port == 0 || at.address.is_unspecified() || is_multicast(at.address)) return false;
  // A tracker out there may not point us at our own machine.
  const auto loops = [](const endpoint& o) { return o.address.is_loopback(); };
  return !at.address.is_loopback() || (seen_ && seen_->is_loopback()) ||
         std::any_of(own_.begin(), own_.end(), loops);
}

bool registrar_core::is_us(const std::string& peer_id, const endpoint& at) const {
  if (peer_id == peer_id_) return true;
  return std::any_of(own_.begin(), own_.end(), [&](const endpoint& o) {
    return at == o || (seen_ && at.address == *seen_ && at.port == o.port);
  });
}

void registrar_core::take_parties(entry& e, const swarm_result& r, instant now) {
  e.asked = now;
  e.interval_s = r.interval_s;
  e.told_as_seeder = e.at == standing::seeder;
  e.parties.clear();
  e.party_count = 0;
  if (!r.peers) return;
  std::unordered_set<endpoint> seen;
  for (auto p : *r.peers) {
    // The higher is preferred, as our tracker has it.
    std::stable_sort(p.addresses.begin(), p.addresses.end(),
                     [](const auto& a, const auto& b) { return a.priority > b.priority; });
    bool counts = false;
    for (const auto& a : p.addresses) {
      if (is_us(p.peer_id, a.at)) break;
      if (!is_usable(a.at) || !seen.insert(a.at).second) continue;
      counts = true;
      if (e.parties.size() < limits::registrar_peers) e.parties.push_back({a.at, p.peer_id});
    }
    if (counts) ++e.party_count;
  }
}

void registrar_core::answer_finds(entry& e, registrar_effects& out) {
  for (const auto& w : e.finds) {
    const auto count = static_cast<std::ptrdiff_t>(std::min(w.want, e.parties.size()));
    out.push_back(parties_found{w.call, {e.parties.begin(), e.parties.begin() + count}});
  }
  waiting_calls_ -= e.finds.size();
  e.finds.clear();
}

void registrar_core::fail_finds(entry& e, const error& why, registrar_effects& out) {
  for (const auto& w : e.finds) out.push_back(tracker_call_failed{w.call, why});
  waiting_calls_ -= e.finds.size();
  e.finds.clear();
}

void registrar_core::follow(const std::vector<std::string>& swarms) {
  followed_.clear();
  followed_set_.clear();
  follow_at_ = {};
  for (const auto& swarm : swarms) {
    if (followed_.size() >= limits::registrar_followed) break;
    if (followed_set_.insert(swarm).second) followed_.push_back(swarm);
  }
}

parties_known registrar_core::known(const std::string& swarm) const {
  const auto found = swarms_.find(swarm);
  if (found == swarms_.end() || !found->second.asked) return {};
  const auto& e = found->second;
  return {true, e.told_as_seeder ? 0 : e.party_count, e.told_as_seeder ? e.party_count : 0};
}

} // namespace interswarm::ppsp
