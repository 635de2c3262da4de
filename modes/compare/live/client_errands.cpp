#include "modes/compare/live/client_errands.hpp"

#include <algorithm>
#include <utility>

namespace interswarm::compare {

client_errands::client_errands(const plan& p, peer_id n, std::span<request_slot> slots)
    : plan_(p), slots_(slots), events_(events_of(p, [n](peer_id other) { return other == n; })),
      held_(p.peers[n].holds.begin(), p.peers[n].holds.end()) {}

std::vector<client_errands::step> client_errands::turn(moment now) {
  std::vector<step> out;
  if (!std::exchange(begun_, true))
    for (const auto c : held_) out.push_back({step::kind::hold, c});
  // Before the start `now` stands at 0: who is there from the start joins, and nobody wants
  // anything.
  const auto due = [&](const peer_event& e) {
    return e.at <= now && (now > 0 || e.what != peer_event::kind::wants);
  };
  for (; next_ < events_.size() && due(events_[next_]); ++next_) follow(events_[next_], now, out);
  if (!online_) return out;
  for (const auto& [c, e] : std::map(errands_)) {
    if (now - e.moved_at < plan_.patience) continue;
    finish(c, request_state::failed, now);
    out.push_back({step::kind::drop, c});
  }
  return out;
}

void client_errands::follow(const peer_event& e, moment now, std::vector<step>& out) {
  switch (e.what) {
  case peer_event::kind::joins:
    online_ = true;
    out.push_back({step::kind::start, 0});
    for (const auto c : held_) out.push_back({step::kind::add, c});
    for (auto& [c, running] : errands_) {
      running.moved_at = now;
      out.push_back({step::kind::add, c});
    }
    break;
  case peer_event::kind::leaves:
    online_ = false;
    out.push_back({step::kind::stop, 0});
    break;
  case peer_event::kind::wants: {
    const auto c = plan_.requests[e.number].content;
    errands_.insert_or_assign(c, errand{e.number, 0, now});
    slots_[e.number].state = request_state::running;
    if (online_) out.push_back({step::kind::add, c});
    break;
  }
  }
}

std::vector<content_id> client_errands::look(const std::map<content_id, client_standing>& all,
                                             moment now) {
  std::vector<content_id> out;
  for (auto& [c, e] : errands_) {
    const auto at = all.find(c);
    if (at == all.end()) continue;
    auto& slot = slots_[e.request];
    if (at->second.received > e.seen) {
      e.seen = at->second.received;
      e.moved_at = now;
      if (slot.first_byte == never) slot.first_byte = now;
      slot.received = std::min(e.seen, plan_.contents[c].size);
    }
    if (at->second.whole) out.push_back(c);
  }
  all_offered_ = online_ && std::all_of(held_.begin(), held_.end(), [&](content_id c) {
                   const auto at = all.find(c);
                   return at != all.end() && at->second.offered;
                 });
  return out;
}

void client_errands::compared(content_id c, bool right, moment now) {
  if (!errands_.contains(c)) return;
  auto& slot = slots_[errands_.at(c).request];
  if (right) {
    if (slot.first_byte == never) slot.first_byte = now;
    slot.received = plan_.contents[c].size;
    held_.insert(c);
  }
  finish(c, right ? request_state::satisfied : request_state::failed, now);
}

void client_errands::finish(content_id c, request_state how, moment now) {
  auto& slot = slots_[errands_.at(c).request];
  slot.finished = now;
  slot.state = how;
  errands_.erase(c);
}

bool client_errands::ready() { return all_offered_ && !std::exchange(told_ready_, true); }

} // namespace interswarm::compare
