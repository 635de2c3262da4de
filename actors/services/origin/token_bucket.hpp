#pragma once

#include "actors/services/origin/limits.hpp"

#include <algorithm>

namespace interswarm::origin {

/// A rate limit that lets debts be made: what was taken is paid by waiting before the next.
class token_bucket {
public:
  /// `rate` tokens a second, 0 for no limit; at most `burst` of them are saved up.
  token_bucket(double rate, double burst) : rate_(rate), burst_(burst), tokens_(burst) {}

  /// How long until the debt is paid; zero when something may be taken now.
  instant wait(instant now) {
    if (rate_ <= 0) return instant::zero();
    refill(now);
    // A whole token of nothing: a fraction of one may be taken.
    if (tokens_ > 0) return instant::zero();
    return instant(static_cast<instant::rep>(-tokens_ / rate_ * 1e6) + 1);
  }
  void take(double tokens, instant now) {
    if (rate_ <= 0) return;
    refill(now);
    tokens_ -= tokens;
  }
  bool limited() const { return rate_ > 0; }
  double burst() const { return burst_; }

private:
  void refill(instant now) {
    if (now > last_) {
      const auto passed = std::chrono::duration<double>(now - last_).count();
      tokens_ = started_ ? std::min(burst_, tokens_ + passed * rate_) : tokens_;
    }
    started_ = true;
    last_ = std::max(last_, now);
  }

  double rate_;
  double burst_;
  double tokens_;
  instant last_{};
  bool started_ = false;
};

} // namespace interswarm::origin
