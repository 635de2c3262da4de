#pragma once

#include "modes/compare/measure/comparison.hpp"
#include "modes/compare/report/chart.hpp"

#include <vector>

namespace interswarm::compare {

// What is drawn of a comparison. Means over the repetitions; bands reach from the lowest to the
// highest repetition, error bars over the 95 % interval. What would show nothing is left out.

/// Requests and bytes over the time of a run, with its faults.
std::vector<line_chart> time_charts(const variant_summary& v);
/// Shares of requests by the time they took.
std::vector<line_chart> distribution_charts(const variant_summary& v);
/// Bytes, prices, messages and faults as bars.
std::vector<bar_chart> bar_charts(const variant_summary& v);
/// Headline figures over the values of what is swept.
std::vector<line_chart> sweep_charts(const comparison& c);

} // namespace interswarm::compare
