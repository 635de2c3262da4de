#pragma once

#include "modes/compare/measure/measure.hpp"

#include <utility>

namespace interswarm::compare {

/// Two solutions under one metric, by the differences within each repetition.
struct pairing {
  solution first = solution::isolated;
  solution second = solution::isolated;
  /// second - first, over the repetitions in which both have a value.
  estimate difference{};
  /// difference.at by the first one's own figure; nothing where that is 0 or infinite.
  std::optional<double> relative{};
  certainty sure = certainty::too_few;
  /// By what was seen, however sure that is; nothing if they are equal or nothing is to be judged.
  std::optional<solution> better_one{};
  friend bool operator==(const pairing&, const pairing&) = default;
};

/// One metric over all repetitions.
struct verdict {
  /// Without its value.
  metric what;
  /// Of each solution that has values, in the order of all_solutions.
  std::vector<std::pair<solution, estimate>> figures{};
  /// Each two of those.
  std::vector<pairing> pairs{};

  const estimate* of(solution s) const;
  const pairing* between(solution first, solution second) const;
  friend bool operator==(const verdict&, const verdict&) = default;
};

/// Of all metrics of the runs of one variant, in the order of the report.
std::vector<verdict> verdicts_of(std::span<const run_summary> runs);

/// The two that the verdict is about: bridge and soa where both were run, otherwise no integration
/// and the other one. Nothing of a single solution.
std::optional<std::pair<solution, solution>> contenders(std::span<const run_summary> runs);

/// A metric of one solution under two engines.
struct deviation {
  metric what;
  solution how = solution::isolated;
  /// Medians over the repetitions.
  double simulated = 0;
  double live = 0;
  /// (simulated - live) / live; infinite where live is 0 and simulated is not.
  double relative = 0;
  friend bool operator==(const deviation&, const deviation&) = default;
};

/// Of each judged metric that both engines have.
std::vector<deviation> deviations_of(std::span<const run_summary> simulated,
                                     std::span<const run_summary> live);

} // namespace interswarm::compare
