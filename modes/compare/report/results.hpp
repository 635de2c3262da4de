#pragma once

#include "modes/compare/measure/comparison.hpp"

#include <string>

namespace interswarm::compare {

/// `results.json`: everything, with runs, series and verdicts. Infinite numbers are the strings
/// "Infinity" and "-Infinity", which Python's float() and JavaScript's Number() read; null is
/// nothing to measure. What depends on time and place stands in "made", the last member: the rest
/// is the same to the byte for the same simulated runs.
std::string results_json(const comparison& c);

/// `results.csv` by RFC 4180: one line for each metric of each run, with a header.
std::string results_csv(const comparison& c);

/// For a terminal: the headline figures and the verdict, or who is better at each value of a sweep.
/// Where `columns` are few, labels are shortened and the intervals left out; a sweep of many values
/// may still be wider.
std::string results_text(const comparison& c, std::size_t columns = 160);

} // namespace interswarm::compare
