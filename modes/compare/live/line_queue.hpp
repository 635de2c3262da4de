#pragma once

#include "modes/compare/plan/plan.hpp"

#include <optional>
#include <random>

namespace interswarm::compare {

/// One direction of a path between two domains: packets wait for their turn at the path's rate,
/// travel for its delay, and some are lost. In the order in which they came. Decides only; the
/// packets are held by `run_lines`.
class line_queue {
public:
  /// Packets that wait longer than this for their turn do not fit any more.
  static constexpr double longest_wait_s = 0.2;

  line_queue(const path_plan& path, std::uint64_t seed) : path_(path), random_(seed) {}

  /// When a packet of so many bytes that comes now arrives; nothing when it is lost. `factor`: of
  /// the path's rate; 0 lets nothing through. Times in seconds of any clock.
  std::optional<double> admit(double now, std::size_t bytes, double factor = 1);

private:
  path_plan path_;
  std::mt19937_64 random_;
  double free_at_ = 0;
};

} // namespace interswarm::compare
