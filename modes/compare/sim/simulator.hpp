#pragma once

#include "modes/compare/record/record.hpp"
#include "schema/base/result.hpp"

#include <functional>
#include <optional>

namespace interswarm::compare {

struct sim_options {
  std::uint32_t repetition = 0;
  /// Seconds between two times at which rates are worked out (see flow_network); 0 is exact. Empty:
  /// by the number of peers, see `pause_for`.
  std::optional<double> pause;
  /// Told the simulated time now and then; false ends the run, which fails `cancelled`. May be
  /// null.
  std::function<bool(moment)> progress;
};

/// 0 up to 500 peers, then so much that working out rates stays the smaller part of a run.
double pause_for(std::size_t peers);

/// Runs the plan in virtual time. The same plan, solution and pause give the same record, to the
/// byte. Fails `malformed` or `too_large` as `check` (plan_check.hpp) does, and `cancelled`.
result<run_record> simulate(const plan& p, solution how, const sim_options& options = {});

} // namespace interswarm::compare
