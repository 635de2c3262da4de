#include "modes/compare/report/format.hpp"
#include "modes/compare/report/results.hpp"
#include "modes/compare/report/text_table.hpp"

#include "schema/base/encoding.hpp"

#include <algorithm>
#include <cmath>

namespace interswarm::compare {

std::string deviation_text(const deviation& d) {
  if (!std::isfinite(d.relative)) return "not comparable";
  const std::string sign = d.relative > 0 ? "+" : d.relative < 0 ? "\u2212" : "";
  return sign + percent_text(d.relative);
}

bool is_within(const deviation& d, const calibration& c) {
  return std::abs(d.relative) <= c.target;
}

std::string calibration_summary(const calibration& c) {
  const auto within = std::count_if(c.deviations.begin(), c.deviations.end(),
                                    [&](const auto& d) { return is_within(d, c); });
  return std::to_string(within) + " of " + std::to_string(c.deviations.size()) +
         " medians are within " + percent_text(c.target) + " (" + printable(c.experiment, 80) +
         ", " + std::to_string(c.repetitions) +
         (c.repetitions == 1 ? " repetition)" : " repetitions)");
}

std::string calibration_text(const calibration& c, std::size_t columns) {
  std::vector<text_row> rows{{"", "solution", "simulated", "live", "deviation"}};
  std::optional<topic> heading;
  for (const auto& d : c.deviations) {
    if (!d.what.headline) continue;
    if (heading != d.what.about) rows.push_back({std::string(word(d.what.about))});
    heading = d.what.about;
    rows.push_back({"  " + printable(d.what.label, 400), std::string(word(d.how)),
                    figure_text(d.simulated, d.what.of), figure_text(d.live, d.what.of),
                    deviation_text(d) + (is_within(d, c) ? "" : " *")});
  }
  shorten_labels(rows, columns);
  return aligned_text(rows, 3) + "\nThe simulator against real nodes: " + calibration_summary(c) +
         "; * marks those that are not.\n";
}

} // namespace interswarm::compare
