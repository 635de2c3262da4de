#include "actors/bridge/demand_desk.hpp"

#include "actors/bridge/limits.hpp"

#include <algorithm>

namespace interswarm::bridge {

namespace {

/// Trackers repeat a demand at most every 5 s while it lasts.
constexpr std::chrono::seconds sought_life{12};
constexpr std::chrono::seconds news_life{120};

} // namespace

std::string table_key(std::string_view overlay, std::string_view key) {
  std::string out;
  out.reserve(overlay.size() + 1 + key.size());
  out.append(overlay).append(1, '\0').append(key);
  return out;
}

demand_action demand_desk::demand(const std::string& key, std::uint32_t sources, instant now) {
  if (const auto open = open_.find(key); open != open_.end()) {
    // Even with other sources by now: whoever is fed through the gateway shall not be cut off in
    // the middle.
    open->second.wanted_at = now;
    return demand_action::keep;
  }
  if (sources >= policy_.enough_sources) return demand_action::enough;
  if (in_work_.contains(key)) return demand_action::wait;
  if (const auto found = refused_.find(key); found != refused_.end()) {
    found->second.sought_at = now;
    if (now < found->second.until) return demand_action::refused;
  }
  if (in_work_.size() >= limits::max_demands_in_work || open_.size() >= limits::max_gateways)
    return demand_action::wait;
  in_work_.insert(key);
  return demand_action::resolve;
}

std::vector<std::string> demand_desk::retry(instant now) {
  std::vector<std::string> out;
  for (const auto& [key, r] : refused_) {
    if (in_work_.size() >= limits::max_demands_in_work || open_.size() >= limits::max_gateways)
      break;
    const bool sought = now - r.sought_at < sought_life;
    if (now < r.until || !sought || in_work_.contains(key)) continue;
    in_work_.insert(key);
    out.push_back(key);
  }
  return out;
}

void demand_desk::resolved(const std::string& key, instant now) {
  in_work_.erase(key);
  refused_.erase(key);
  open_.insert_or_assign(key, gateway_use{now});
}

bool demand_desk::is_news(const std::string& key, instant now) const {
  return std::any_of(news_.begin(), news_.end(),
                     [&](const news& n) { return n.key == key && now < n.until; });
}

void demand_desk::changed(const std::string& key, instant now) {
  if (const auto known = refused_.find(key); known != refused_.end()) {
    known->second.until = now;
    known->second.life = std::chrono::seconds(0);
  }
  std::erase_if(news_, [&](const news& n) { return n.key == key; });
  news_.push_back({key, now + news_life});
  if (news_.size() > limits::news_names) news_.pop_front();
}

void demand_desk::refused(const std::string& key, instant now) {
  in_work_.erase(key);
  const auto [entry, fresh] = refused_.try_emplace(key);
  auto& r = entry->second;
  r.life = r.life.count() == 0 ? policy_.first_refusal : 2 * r.life;
  r.life = std::min(r.life, is_news(key, now) ? 2 * policy_.first_refusal : policy_.refusal_life);
  r.until = now + r.life;
  if (!fresh) return;
  r.sought_at = now;
  refused_order_.push_back(key);
  while (refused_order_.size() > limits::max_refusals) {
    refused_.erase(refused_order_.front());
    refused_order_.pop_front();
  }
}

void demand_desk::used(const std::string& key, instant now) {
  if (const auto open = open_.find(key); open != open_.end()) open->second.wanted_at = now;
}

std::vector<std::string> demand_desk::stale(instant now) const {
  std::vector<std::string> out;
  for (const auto& [key, use] : open_) {
    if (now - use.wanted_at >= policy_.linger) out.push_back(key);
  }
  return out;
}

bool demand_desk::first_time(std::uint64_t message_id) {
  if (!seen_.insert(message_id).second) return false;
  seen_order_.push_back(message_id);
  if (seen_order_.size() > limits::max_seen_messages) {
    seen_.erase(seen_order_.front());
    seen_order_.pop_front();
  }
  return true;
}

} // namespace interswarm::bridge
