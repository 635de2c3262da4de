#pragma once

#include "actors/bridge/policy.hpp"
#include "actors/bridge/status_board.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace interswarm::bridge {

/// A name as a table key: overlay, then the overlay's own key bytes.
std::string table_key(std::string_view overlay, std::string_view key);

/// What to do about a demand.
enum class demand_action : std::uint8_t {
  /// Look the name up and ask for offers; `resolved` or `refused` must follow.
  resolve,
  /// Served already: its gateway was told that it is still wanted.
  keep,
  /// Its own swarm has enough sources.
  enough,
  /// Asked a moment ago in vain.
  refused,
  /// Being resolved, or too much is in work; its next repetition comes soon.
  wait,
};

/// The message handler's decisions as a plain class: which demand is followed, which gateway is
/// closed, which message was seen before. Demand-driven: nothing is bridged that nobody seeks.
class demand_desk {
public:
  explicit demand_desk(policy p) : policy_(p) {}

  demand_action demand(const std::string& key, std::uint32_t sources, instant now);
  /// Refused names that may be resolved again and are still sought (a demand is repeated by its
  /// tracker only every few seconds): they are being resolved from now on.
  std::vector<std::string> retry(instant now);
  /// The name is served from now on.
  void resolved(const std::string& key, instant now);
  /// The name was linked or told anew: what was refused before counts no more. The last
  /// `limits::news_names` of them are asked for at least every other `first_refusal` for two
  /// minutes: those who hold such a content are often still on their way to their tracker.
  void changed(const std::string& key, instant now);
  /// Nobody offers it, or it may not be bridged. It is asked for again later, ever more seldom.
  void refused(const std::string& key, instant now);

  bool serving(const std::string& key) const { return open_.contains(key); }
  std::size_t open_count() const { return open_.size(); }
  /// A client used the gateway.
  void used(const std::string& key, instant now);
  void closed(const std::string& key) { open_.erase(key); }
  /// Gateways that nobody uses or seeks any more.
  std::vector<std::string> stale(instant now) const;

  /// False when this message was handled before.
  bool first_time(std::uint64_t message_id);

private:
  struct gateway_use {
    instant wanted_at;
  };
  struct refusal {
    instant until;
    instant sought_at;
    /// 0 where what was refused before counts no more.
    std::chrono::seconds life{0};
  };
  struct news {
    std::string key;
    instant until;
  };
  bool is_news(const std::string& key, instant now) const;

  policy policy_;
  std::unordered_map<std::string, gateway_use> open_;
  std::unordered_set<std::string> in_work_;
  std::unordered_map<std::string, refusal> refused_;
  std::deque<std::string> refused_order_;
  /// The newest last.
  std::deque<news> news_;
  std::unordered_set<std::uint64_t> seen_;
  std::deque<std::uint64_t> seen_order_;
};

} // namespace interswarm::bridge
