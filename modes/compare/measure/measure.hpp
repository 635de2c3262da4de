#pragma once

#include "modes/compare/measure/incidence.hpp"
#include "modes/compare/measure/metric.hpp"
#include "modes/compare/record/record.hpp"
#include "schema/base/result.hpp"

#include <string>
#include <vector>

namespace interswarm::compare {

/// A fault in words: "tracker of films down".
struct fault_span {
  std::string label;
  interval when;
};
std::vector<fault_span> fault_spans(const plan& p);

/// A distribution over a run's requests, for a chart.
struct distribution {
  std::string name; // as the metrics' without ".p50": "download_time"
  std::string label;
  std::string meaning; // "Share of all requests that ended within a time."
  curve shares;        // seconds -> share
};

/// What a report shows of one run: small, however large the run was.
struct run_summary {
  solution how = solution::isolated;
  bool live = false;
  std::uint32_t repetition = 0;
  std::uint64_t seed = 0;
  /// The same ones in the same order for all runs of one plan, but for those named after what a run
  /// showed (kinds of messages, pairs charged, processes).
  std::vector<metric> metrics{};
  /// At most max_samples of the record's.
  std::vector<sample> samples{};
  /// Each with at most max_curve_points.
  std::vector<distribution> distributions{};
  deployment deployed{};

  /// Nothing for a name that is not among the metrics.
  const metric* find(std::string_view name) const;
};

inline constexpr std::size_t max_samples = 240;
inline constexpr std::size_t max_curve_points = 160;
/// Rows of each kind that is named by the run itself; what is over goes into one called "others".
inline constexpr std::size_t max_named_metrics = 64;

/// The figures of one run. Fails `internal` when a conservation check is violated, with the first
/// violations in its text.
result<run_summary> measure(const plan& p, const run_record& r);

} // namespace interswarm::compare
