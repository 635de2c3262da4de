#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

namespace interswarm::storage {

/// Time since any fixed point. Decisions never ask a clock: whoever calls them tells the time.
using instant = std::chrono::milliseconds;

/// Which nodes one read of a chunk is asked of, and when: the first at once; the next when one
/// failed, or when the one asked last has been silent for longer than answers of its kind take
/// (Dean, Barroso: "The tail at scale", 2013). The first answer wins.
class hedged_read {
public:
  struct candidate {
    /// The caller's number.
    std::size_t node = 0;
    /// Silence after which the next one is asked beside it.
    instant patience{};
  };

  /// In order of preference.
  explicit hedged_read(std::vector<candidate> candidates) : candidates_(std::move(candidates)) {}

  /// Whom to ask now. Ask until nothing comes; again at `wake_at` and after `failed`.
  std::optional<std::size_t> next(instant now);
  /// A node that was asked will not answer, or not with the right bytes.
  void failed(std::size_t node);
  /// Nobody is asked at the moment and nobody is left.
  bool hopeless() const { return waiting_ == 0 && asked_ == candidates_.size(); }
  /// When the next one is due, unless something comes before.
  std::optional<instant> wake_at() const;

private:
  std::vector<candidate> candidates_;
  std::size_t asked_ = 0;
  std::size_t waiting_ = 0;
  instant asked_at_{};
  /// The last one asked has failed: the next need not wait.
  bool hurry_ = true;
};

} // namespace interswarm::storage
