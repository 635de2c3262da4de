#pragma once

#include "modes/compare/experiment/experiment_file.hpp"
#include "modes/compare/measure/comparison.hpp"
#include "modes/compare/record/record.hpp"
#include "schema/base/result.hpp"

#include <functional>
#include <vector>

namespace interswarm::compare {

/// Told the time of the run that has come; false ends the run, which fails `cancelled`.
using run_progress = std::function<bool(moment)>;
/// Runs a plan under a solution, on several threads at once. The number is the repetition's.
using run_engine =
    std::function<result<run_record>(const plan&, solution, std::uint32_t, const run_progress&)>;

struct batch_options {
  /// Repetitions that run at once; each holds its plan and one run in memory.
  unsigned jobs = 1;
  /// Told the share of the work that is over, 0 to 1, by one thread at a time; false ends
  /// everything. May be null.
  std::function<bool(double)> progress;
};

/// Each variant's repetitions, drawn once for all solutions, run and measured. The first failure
/// ends everything and is told with the variant, solution and seed; `cancelled` if progress says
/// so.
result<std::vector<variant_summary>> run_batch(const std::vector<variant>& variants,
                                               const run_engine& run, const batch_options& options);

} // namespace interswarm::compare
