#pragma once

#include "modes/compare/measure/comparison.hpp"

#include <string>

namespace interswarm::compare {

/// `results.json`: everything, with runs, series and verdicts. Infinite numbers are the strings
/// "Infinity" and "-Infinity", which Python's float() and JavaScript's Number() read; null is
/// nothing to measure. What depends on time and place stands in "calibration" and "made", the last
/// members: the rest is the same to the byte for the same simulated runs.
std::string results_json(const comparison& c);

/// `results.csv` by RFC 4180: one line for each metric of each run, with a header.
std::string results_csv(const comparison& c);

/// For a terminal: the headline figures and the verdict, or who is better at each value of a sweep.
/// Where `columns` are few, labels are shortened and the intervals left out; a sweep of many values
/// may still be wider.
std::string results_text(const comparison& c, std::size_t columns = 160);

/// For a terminal: each headline figure under both engines, and how many medians are within the
/// target.
std::string calibration_text(const calibration& c, std::size_t columns = 160);
/// "+12 %", or that there is nothing to compare with.
std::string deviation_text(const deviation& d);
bool is_within(const deviation& d, const calibration& c);
/// "27 of 84 medians are within 15 % (quick, 3 repetitions)".
std::string calibration_summary(const calibration& c);

} // namespace interswarm::compare
