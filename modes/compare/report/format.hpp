#pragma once

#include "modes/compare/measure/metric.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace interswarm::compare {

/// How large figures of a unit are written: 3.2e9 bytes as 2.98 of "GiB".
struct scale {
  double by = 1;
  std::string_view name; // empty: a bare number
  /// Written with it: "2.98 GiB", "98.3 %".
  std::string with(const std::string& number) const;
};
/// For figures up to `largest`. An infinite one is ignored.
scale scale_for(double largest, unit u);

/// A number with `digits` significant ones, without an exponent from 0.0001 to a million, and with
/// commas at the thousands.
std::string number_text(double v, int digits = 3);
/// "2.98 GiB"; "never" of an infinite time; "–" of nothing. Blanks are no-break ones.
std::string figure_text(std::optional<double> v, unit u);
/// A difference without its sign; those of shares are in points: "12 points" from 80 % to 92 %.
std::string difference_text(double v, unit u);
/// "2.98 ± 0.12 GiB" of a mean, "2.98 GiB (2.7 to 3.1)" of a median; without an interval where the
/// values are too few for one.
std::string estimate_text(const estimate& e, unit u);
/// Of a difference, with signs: "−1.2 to −0.8 GiB".
std::string interval_text(const estimate& e, unit u);
/// "34 %", without a sign.
std::string percent_text(double share);

/// Columns that a text takes: code points.
std::size_t columns_of(std::string_view utf8);
/// At most `columns` of it; the last one is then "…".
std::string shortened(const std::string& utf8, std::size_t columns);

} // namespace interswarm::compare
