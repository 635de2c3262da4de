#pragma once

#include "modes/compare/plan/plan.hpp"

namespace interswarm::compare {

/// A player that is fed while it plays: it begins, and goes on after it stood still, when two
/// seconds lie ahead of it or the end is there. Decisions only.
class playback {
public:
  static constexpr double ahead_s = 2;

  /// Bytes/s, more than 0.
  playback(double rate, std::uint64_t size, moment asked)
      : rate_(rate), size_(static_cast<double>(size)), asked_(asked) {}

  /// From the beginning, `bytes` are there without a gap.
  void arrived(std::uint64_t bytes, moment now);
  /// The same, and the last `piece` of them came one after the other from `begun` on: what came
  /// before the end could be played before it, in steps of `step_bytes`.
  void arrived(std::uint64_t bytes, moment now, std::uint64_t piece, moment begun);
  static constexpr std::uint64_t step_bytes = std::uint64_t{256} << 10;
  /// Nothing more comes.
  void over(moment now) { look(now); }

  double startup_delay() const { return startup_; }
  std::uint32_t stalls() const { return stalls_; }
  double stalled_s(moment now) const { return stalled_s_ + (stands_ ? now - stood_at_ : 0); }

private:
  void look(moment now);

  double rate_;
  double size_;
  moment asked_;
  double there_ = 0;
  moment told_at_ = 0;
  /// Played at the time `since_`.
  double played_ = 0;
  moment since_ = 0;
  bool plays_ = false;
  bool stands_ = false;
  moment stood_at_ = 0;
  double startup_ = never;
  std::uint32_t stalls_ = 0;
  double stalled_s_ = 0;
};

} // namespace interswarm::compare
