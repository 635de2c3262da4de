#include "actors/overlays/ppsp/registrar_core.hpp"

#include "schema/base/encoding.hpp"

#include <algorithm>

namespace interswarm::ppsp {

namespace {

std::int64_t whole_seconds(instant time) {
  return std::max<std::int64_t>(0, (time.count() + 999'999) / 1'000'000);
}

/// 2^n of `first`, up to `most`.
std::chrono::milliseconds doubled(std::chrono::milliseconds first, std::uint32_t n,
                                  std::chrono::milliseconds most) {
  return std::min(first * (1 << std::min(n, 16u)), most);
}

} // namespace

registrar_core::registrar_core(const registrar_options& options, std::string tracker,
                               std::string peer_id, std::uint32_t seed)
    : own_(options.own), first_retry_(options.first_retry),
      tracker_("ppsp tracker " + std::move(tracker)), peer_id_(std::move(peer_id)), random_(seed),
      transaction_prefix_(std::to_string(random_() % 1'000'000) + '-') {}

std::string registrar_core::status_line(instant now) const {
  std::string out = tracker_ + ": ";
  if (!trouble_.empty()) {
    out += trouble_;
    if (now < paused_until_)
      out += "; next try in " + std::to_string(whole_seconds(paused_until_ - now)) + " s";
    return out;
  }
  if (!registered_) return out + "not entered";
  const auto in =
      std::count_if(swarms_.begin(), swarms_.end(), [](const auto& e) { return e.second.in(); });
  return out + "entered in " + std::to_string(in) + (in == 1 ? " swarm" : " swarms");
}

/// The table's entry, made if need be; null when the table is full of what is in use.
registrar_core::entry* registrar_core::remember(const std::string& swarm, instant now) {
  if (const auto found = swarms_.find(swarm); found != swarms_.end()) return &found->second;
  if (swarms_.size() >= limits::registrar_announced + limits::registrar_remembered) {
    const auto idle = std::find_if(swarms_.begin(), swarms_.end(), [&](const auto& s) {
      const auto& e = s.second;
      return !e.announced() && e.at == standing::out && e.finds.empty() && !e.sought(now) &&
             !followed_set_.contains(s.first);
    });
    if (idle == swarms_.end()) return nullptr;
    swarms_.erase(idle);
  }
  return &swarms_[swarm];
}

registrar_effects registrar_core::announce(registrar_call call, const std::string& swarm,
                                           bool seeder, instant now) {
  registrar_effects out;
  const auto announced = static_cast<std::size_t>(std::count_if(
      swarms_.begin(), swarms_.end(), [](const auto& s) { return s.second.announced(); }));
  auto* const e = remember(swarm, now);
  if (!e || (!e->announced() && announced >= limits::registrar_announced)) {
    out.push_back(tracker_call_failed{
        call,
        {errc::too_large,
         tracker_ + ": more than " + std::to_string(limits::registrar_announced) + " swarms"}});
    return out;
  }
  if (now < e->retry_at && e->refusal && e->refusal->code == errc::denied && !e->in()) {
    out.push_back(tracker_call_failed{call, *e->refusal});
    return out;
  }
  ++(seeder ? e->seeders : e->leeches);
  e->enters.push_back({call, seeder, now});
  if (e->at == desired(*e, now) || now < paused_until_ || leaving_) settle(*e, out);
  pump(now, out);
  return out;
}

registrar_effects registrar_core::withdraw(const std::string& swarm, bool seeder, instant now) {
  registrar_effects out;
  if (const auto found = swarms_.find(swarm); found != swarms_.end()) {
    auto& count = seeder ? found->second.seeders : found->second.leeches;
    if (count > 0) --count;
  }
  pump(now, out);
  return out;
}

bool registrar_core::in_force(const std::string& swarm, instant now) const {
  const auto found = swarms_.find(swarm);
  return found != swarms_.end() && found->second.in() && !doubtful_ &&
         found->second.at == desired(found->second, now);
}

/// What we want to be in a swarm.
registrar_core::standing registrar_core::desired(const entry& e, instant now) const {
  if (leaving_) return standing::out;
  if (e.seeders > 0) return standing::seeder;
  if (e.leeches > 0) return standing::leech;
  // For a question alone nothing is joined where it can be asked without.
  const bool has_to_join = !registered_ || members_only_ || e.at == standing::leech;
  return e.sought(now) && has_to_join ? standing::leech : standing::out;
}

registrar_effects registrar_core::tick(instant now) {
  registrar_effects out;
  if (flight_ && !flight_->out && now >= flight_->retry_at) {
    flight_->out = true;
    ++flight_->sends;
    flight_->number = next_number_++;
    asked_at_ = now;
    out.push_back(ask_tracker{flight_->number, flight_->request});
  }
  if (now < quiet_until_) return out;
  expire(now, out);
  pump(now, out);
  return out;
}

/// Who waits too long is answered with what is known.
void registrar_core::expire(instant now, registrar_effects& out) {
  for (auto& [swarm, e] : swarms_) {
    if (!e.finds.empty() && now - e.finds.front().since >= limits::registrar_longest_wait) {
      if (e.asked)
        answer_finds(e, out);
      else
        fail_finds(e, {errc::timed_out, tracker_ + ": no answer in time"}, out);
    }
    if (!e.enters.empty() &&
        (now - e.enters.front().since >= limits::registrar_longest_wait || e.at == desired(e, now)))
      settle(e, out);
  }
}

/// The next request, when it is time for one.
void registrar_core::pump(instant now, registrar_effects& out) {
  quiet_until_ = {};
  if (flight_ || now < paused_until_ || now < not_before_ || (leaving_ && lost_)) return;
  if (asked_at_ && now - *asked_at_ < limits::registrar_request_gap) return;
  auto body = choose(now);
  if (!body) {
    quiet_until_ = now + limits::registrar_look_interval;
    return;
  }
  const auto number = next_number_++;
  flight_ = flight{number,
                   {transaction_prefix_ + std::to_string(number), peer_id_, std::move(*body)},
                   1,
                   true,
                   {}};
  asked_at_ = now;
  out.push_back(ask_tracker{number, flight_->request});
}

std::optional<registrar_core::request_body> registrar_core::choose(instant now) {
  if (registered_ && (doubtful_ || now - heard_at_ >= limits::registrar_report_interval))
    return stat_report{};
  if (auto c = choose_connect(now)) {
    // Leaves are for tracked peers (RFC 7846 Table 6), and a registered one is tracked once it
    // was heard of.
    const bool leaves = std::any_of(c->actions.begin(), c->actions.end(),
                                    [](const swarm_action& a) { return !a.join; });
    if (registered_ && (!tracking_ || (!leaves && now - heard_at_ >= limits::registrar_fresh)))
      return stat_report{};
    return std::move(*c);
  }
  if (registered_) {
    if (auto f = choose_find(now)) return std::move(*f);
  }
  return std::nullopt;
}

registrar_effects registrar_core::answered(std::uint64_t number, byte_view body, instant now) {
  registrar_effects out;
  if (!flight_ || !flight_->out || flight_->number != number) return out;
  const auto r = decode_tracker_response(body);
  // A tracker that could not read a request does not know its number.
  const bool ours = r && (r->transaction_id == flight_->request.transaction_id ||
                          (r->transaction_id.empty() && r->error != tracker_error::none));
  if (!ours) return failed(number, "what it answers is no tracker's answer", false, now);
  const auto request = std::move(flight_->request);
  flight_.reset();
  lost_ = false;
  if (r->seen) seen_ = r->seen->at.address;
  const bool troubled = !trouble_.empty();
  trouble_.clear();
  if (r->error != tracker_error::service_unavailable && r->error != tracker_error::internal_error)
    back_off_ = limits::registrar_first_back_off;
  if (const auto* c = std::get_if<connect_request>(&request.body))
    on_connect(*c, *r, now, out);
  else if (const auto* f = std::get_if<find_request>(&request.body))
    on_find(*f, *r, now, out);
  else
    on_report(r->error, now, out);
  if (r->error == tracker_error::service_unavailable || r->error == tracker_error::internal_error) {
    pause(back_off_, "answers: " + std::string(to_string(r->error)), errc::unavailable, now, out);
  } else if (troubled) {
    out.push_back(tracker_line{tracker_ + ": answers again"});
  }
  pump(now, out);
  return out;
}

registrar_effects registrar_core::failed(std::uint64_t number, const std::string& why, bool denied,
                                         instant now) {
  registrar_effects out;
  if (!flight_ || !flight_->out || flight_->number != number) return out;
  if (!denied && !leaving_ && flight_->sends < limits::registrar_sends) {
    flight_->out = false;
    flight_->retry_at =
        now + doubled(first_retry_, flight_->sends - 1, limits::registrar_max_back_off);
    return out;
  }
  lose(printable(why), denied ? errc::denied : errc::unavailable, now, out);
  return out;
}

/// A request is given up: whether the tracker did it is not known.
void registrar_core::lose(const std::string& why, errc code, instant now, registrar_effects& out) {
  const auto request = std::move(flight_->request);
  flight_.reset();
  lost_ = true;
  if (const auto* c = std::get_if<connect_request>(&request.body)) {
    for (const auto& a : c->actions) swarms_[a.swarm_id].at = standing::unsure;
    registered_ = true;
  }
  doubtful_ = registered_;
  pause(code == errc::denied ? limits::registrar_denied_back_off : back_off_, why, code, now, out);
}

/// Asks nothing for `time`; who waits for the tracker gets to know.
void registrar_core::pause(std::chrono::milliseconds time, std::string why, errc code, instant now,
                           registrar_effects& out) {
  trouble_ = std::move(why);
  pause_code_ = code;
  // Up to a quarter more, so that the nodes of a failed tracker do not come back as one.
  paused_until_ =
      now + time +
      std::chrono::milliseconds(random_() % (static_cast<std::uint64_t>(time.count()) / 4 + 1));
  back_off_ = std::min(back_off_ * 2, limits::registrar_max_back_off);
  const auto line = status_line(now);
  for (auto& [swarm, e] : swarms_) {
    fail_finds(e, {code, line}, out);
    settle(e, out);
  }
  out.push_back(tracker_line{line});
}

void registrar_core::on_report(tracker_error e, instant now, registrar_effects& out) {
  if (e == tracker_error::service_unavailable || e == tracker_error::internal_error) return;
  if (e == tracker_error::forbidden_action) {
    forget_all(now);
    return;
  }
  // Whatever else it says of reports, it is there.
  doubtful_ = false;
  tracking_ = true;
  heard_at_ = now;
  forgotten_ = 0;
  const auto suspected = std::exchange(suspected_, std::nullopt);
  if (!suspected) return;
  if (const auto* c = std::get_if<connect_request>(&*suspected))
    refuse_all(*c, tracker_error::forbidden_action, now, out);
  else if (const auto* f = std::get_if<find_request>(&*suspected)) {
    auto& swarm = swarms_[f->swarm_id];
    if (std::exchange(swarm.rejoined, true))
      refuse_find(f->swarm_id, tracker_error::forbidden_action, now, out);
    else
      swarm.at = standing::unsure; // it may not hold us there, which joining anew heals
  }
}

/// The tracker does not know our peer id (any more): all is entered anew. One that says so again
/// and again is asked less and less often.
void registrar_core::forget_all(instant now) {
  for (auto& [swarm, e] : swarms_) {
    if (e.at != standing::out) e.retry_at = {};
    e.at = standing::out;
  }
  registered_ = tracking_ = doubtful_ = false;
  suspected_.reset();
  if (forgotten_ > 0)
    not_before_ = now + doubled(limits::registrar_first_back_off, forgotten_ - 1,
                                limits::registrar_max_back_off);
  ++forgotten_;
}

registrar_effects registrar_core::leave(instant now) {
  registrar_effects out;
  leaving_ = true;
  followed_.clear();
  for (auto& [swarm, e] : swarms_) {
    fail_finds(e, {errc::cancelled, tracker_ + ": the registrar ends"}, out);
    settle(e, out);
  }
  // A request that waits to be tried again is not worth the wait.
  if (flight_ && !flight_->out) lose("leaving", errc::unavailable, now, out);
  pump(now, out);
  return out;
}

} // namespace interswarm::ppsp
