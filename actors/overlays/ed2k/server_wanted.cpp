#include "actors/overlays/ed2k/server_wanted.hpp"

#include <algorithm>

namespace interswarm::ed2k {

bool server_wanted::ask(const file_key& file, seeker_id who, instant now) {
  auto it = wanted_.find(file);
  if (it == wanted_.end()) {
    if (wanted_.size() >= limits::max_wanted_names) erase(wanted_.find(order_.front()));
    it = wanted_.emplace(file, entry{}).first;
    it->second.place = order_.insert(order_.end(), file);
    it->second.repeat_at = now + limits::demand_repeat;
    repeats_.emplace_back(it->second.repeat_at, file);
  } else {
    order_.splice(order_.end(), order_, it->second.place);
  }
  auto& e = it->second;
  const auto found = std::find_if(e.seekers.begin(), e.seekers.end(),
                                  [&](const seeker& s) { return s.who == who; });
  if (found != e.seekers.end()) {
    found->asked = now;
  } else if (e.seekers.size() < limits::max_seekers_per_name) {
    e.seekers.push_back({who, now});
    sought_by_[who].push_back(file);
  }
  if (e.was_told && now - e.told < limits::demand_gap) return false;
  e.told = now;
  e.was_told = true;
  return true;
}

void server_wanted::forget(seeker_id who, const file_key& file) {
  const auto found = sought_by_.find(who);
  if (found == sought_by_.end()) return;
  std::erase(found->second, file);
  if (found->second.empty()) sought_by_.erase(found);
}

void server_wanted::erase(table::iterator it) {
  for (const auto& s : it->second.seekers) forget(s.who, it->first);
  order_.erase(it->second.place);
  wanted_.erase(it);
}

void server_wanted::satisfy(const file_key& file, seeker_id who) {
  const auto it = wanted_.find(file);
  if (it == wanted_.end()) return;
  if (std::erase_if(it->second.seekers, [&](const seeker& s) { return s.who == who; }) > 0)
    forget(who, file);
  if (it->second.seekers.empty()) erase(it);
}

void server_wanted::leave(seeker_id who) {
  const auto found = sought_by_.find(who);
  if (found == sought_by_.end()) return;
  const auto files = std::move(found->second);
  sought_by_.erase(found);
  for (const auto& file : files) satisfy(file, who);
}

std::size_t server_wanted::seekers(const file_key& file) const {
  const auto it = wanted_.find(file);
  return it == wanted_.end() ? 0 : it->second.seekers.size();
}

std::vector<seeker_id> server_wanted::seeking(const file_key& file) const {
  std::vector<seeker_id> out;
  const auto it = wanted_.find(file);
  if (it == wanted_.end()) return out;
  for (const auto& s : it->second.seekers) out.push_back(s.who);
  return out;
}

std::vector<file_key> server_wanted::due(instant now) {
  std::vector<file_key> out;
  std::size_t looked = 0;
  while (!repeats_.empty() && repeats_.front().first <= now &&
         looked++ < limits::max_demands_per_round) {
    // No structured binding: clang 14 does not let a lambda capture one.
    const auto at = repeats_.front().first;
    const auto file = repeats_.front().second;
    repeats_.pop_front();
    const auto it = wanted_.find(file);
    if (it == wanted_.end() || it->second.repeat_at != at) continue;
    auto& e = it->second;
    std::erase_if(e.seekers, [&](const seeker& s) {
      if (now - s.asked < limits::seeker_timeout) return false;
      forget(s.who, file);
      return true;
    });
    if (e.seekers.empty()) {
      erase(it);
      continue;
    }
    e.repeat_at = now + limits::demand_repeat;
    repeats_.emplace_back(e.repeat_at, file);
    if (now - e.told < limits::demand_gap) continue;
    e.told = now;
    out.push_back(file);
  }
  return out;
}

} // namespace interswarm::ed2k
