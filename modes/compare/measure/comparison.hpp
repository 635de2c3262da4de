#pragma once

#include "modes/compare/measure/verdict.hpp"

#include <string>
#include <utility>
#include <vector>

namespace interswarm::compare {

/// "GCC" and "12.2.0".
using fact = std::pair<std::string, std::string>;

/// One value of what is swept, or the only one: its runs and what they say.
struct variant_summary {
  /// "overlap = 0.25"; empty without a sweep.
  std::string label{};
  /// Where it stands on a sweep's axis; nothing for a word.
  std::optional<double> at{};
  moment duration = 0;
  /// Of the first repetition's plan; times and targets of faults are the same in all.
  std::vector<fault_span> faults{};
  /// Sizes of the first repetition's plan, in words.
  std::vector<fact> drawn{};
  std::vector<run_summary> runs{};
  std::vector<verdict> verdicts{};
};

/// The runs of one variant, each solution's repetitions in any order; `like` is the plan of the
/// first repetition.
variant_summary compare_runs(std::string label, std::optional<double> at, const plan& like,
                             std::vector<run_summary> runs);

/// A small experiment under both engines.
struct calibration {
  std::string experiment{};
  std::uint32_t repetitions = 0;
  /// Share by which a median may be off.
  double target = 0.15;
  std::vector<deviation> deviations{};
  /// Machine, command, date, time taken.
  std::vector<fact> made{};
};

/// All that a report shows.
struct comparison {
  std::string title{};
  std::string description{};
  bool live = false;
  /// The experiment file as it was read.
  std::string experiment{};
  /// The key that is swept; empty without a sweep.
  std::string swept{};
  std::vector<variant_summary> variants{};
  /// Programs and libraries.
  std::vector<fact> versions{};
  /// What depends on when and where it was run, and on nothing else: machine, command, date, time
  /// taken.
  std::vector<fact> made{};
  /// Of this run, or this user's last one; nothing: there was none.
  std::optional<calibration> calibrated{};
};

} // namespace interswarm::compare
