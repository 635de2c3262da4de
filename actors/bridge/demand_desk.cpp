#include "actors/bridge/demand_desk.hpp"

#include "actors/bridge/limits.hpp"

namespace interswarm::bridge {

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
  if (const auto refusal = refused_at_.find(key);
      refusal != refused_at_.end() && now - refusal->second < policy_.refusal_life) {
    return demand_action::refused;
  }
  if (in_work_.size() >= limits::max_demands_in_work || open_.size() >= limits::max_gateways)
    return demand_action::wait;
  in_work_.insert(key);
  return demand_action::resolve;
}

void demand_desk::resolved(const std::string& key, instant now) {
  in_work_.erase(key);
  refused_at_.erase(key);
  open_.insert_or_assign(key, gateway_use{now});
}

void demand_desk::refused(const std::string& key, instant now) {
  in_work_.erase(key);
  if (refused_at_.insert_or_assign(key, now).second) refused_order_.push_back(key);
  while (refused_order_.size() > limits::max_refusals) {
    refused_at_.erase(refused_order_.front());
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
