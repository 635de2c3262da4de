#include "actors/overlays/ed2k/slot_etiquette.hpp"

#include "actors/overlays/ed2k/limits.hpp"

namespace interswarm::ed2k {

namespace {

constexpr std::uint32_t early_points = 3;

} // namespace

bool slot_etiquette::may_ask(const md4_digest& user, instant now) const {
  const auto known = accounts_.find(user);
  if (known == accounts_.end() || now - known->second.at >= limits::min_reask_time) return true;
  return known->second.points + early_points < limits::ban_points;
}

instant slot_etiquette::next(const md4_digest& user, instant now) const {
  return may_ask(user, now) ? now : accounts_.at(user).at + limits::min_reask_time;
}

void slot_etiquette::asked(const md4_digest& user, instant now) {
  const auto [entry, fresh] = accounts_.try_emplace(user);
  auto& a = entry->second;
  if (!fresh && now - a.at < limits::min_reask_time) {
    a.points += early_points;
  } else if (a.points > 0) {
    --a.points;
  }
  a.at = now;
  if (accounts_.size() <= limits::max_slot_accounts) return;
  // An account at rest is as good as none.
  std::erase_if(accounts_, [&](const auto& x) {
    return x.second.points == 0 && now - x.second.at >= limits::min_reask_time;
  });
  if (accounts_.size() > limits::max_slot_accounts)
    accounts_.erase(accounts_.begin()->first == user ? std::next(accounts_.begin())
                                                     : accounts_.begin());
}

} // namespace interswarm::ed2k
