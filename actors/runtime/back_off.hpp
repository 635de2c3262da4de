#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <random>

namespace interswarm::runtime {

/// Waits between tries: doubled with each, cut at random to between half and all, so that many do
/// not try as one.
class back_off {
public:
  using milliseconds = std::chrono::milliseconds;

  back_off(milliseconds first, milliseconds longest, std::uint64_t seed)
      : first_(first), longest_(longest), next_(first), random_(seed) {}

  milliseconds next() {
    const auto whole = next_.count();
    next_ = std::min(next_ * 2, longest_);
    return milliseconds(std::uniform_int_distribution<std::int64_t>(whole / 2, whole)(random_));
  }
  /// After a success.
  void reset() { next_ = first_; }

private:
  milliseconds first_;
  milliseconds longest_;
  milliseconds next_;
  std::minstd_rand random_;
};

/// How often a child may be restarted: `most` times within `window`.
struct restart_policy {
  std::size_t most = 5;
  std::chrono::milliseconds window{60'000};
  std::chrono::milliseconds first_wait{100};
  std::chrono::milliseconds longest_wait{10'000};
};

/// Decides for one child. Times are of any steady clock.
class restart_budget {
public:
  using milliseconds = std::chrono::milliseconds;

  restart_budget(const restart_policy& policy, std::uint64_t seed)
      : policy_(policy), waits_(policy.first_wait, policy.longest_wait, seed) {}

  /// The child died at `now`: how long to wait before it is made again, or nothing when it is given
  /// up.
  std::optional<milliseconds> on_death(milliseconds now) {
    while (!deaths_.empty() && deaths_.front() + policy_.window <= now) deaths_.pop_front();
    if (deaths_.empty()) waits_.reset();
    if (deaths_.size() >= policy_.most) return std::nullopt;
    deaths_.push_back(now);
    return waits_.next();
  }

private:
  restart_policy policy_;
  back_off waits_;
  std::deque<milliseconds> deaths_;
};

} // namespace interswarm::runtime
