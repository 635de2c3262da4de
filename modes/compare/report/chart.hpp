#pragma once

#include "modes/compare/measure/measure.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace interswarm::compare {

/// One solution's line. `low` and `high` are as long as `y`, or empty.
struct chart_line {
  solution how = solution::isolated;
  std::vector<double> x;
  std::vector<double> y;
  std::vector<double> low;
  std::vector<double> high;
};

enum class chart_kind : std::uint8_t {
  lines, // values between are as the line shows
  steps, // each holds until the next
  points // measured ones with error bars, joined to lead the eye
};

struct line_chart {
  std::string title;
  /// One sentence for who does not see it, and for print.
  std::string description;
  /// Stands below it. May be empty.
  std::string note{};
  chart_kind kind = chart_kind::lines;
  std::string x_label;
  unit x_unit = unit::seconds;
  bool x_logarithmic = false;
  /// What the x axis reaches over at least.
  std::optional<interval> x_range{};
  unit y_unit = unit::count;
  /// Behind the unit: "/s", "requests". May be empty.
  std::string y_suffix{};
  /// The y axis ends there; 0: above the highest value.
  double y_high = 0;
  std::vector<chart_line> lines{};
  std::vector<fault_span> faults{};
  /// Words at x = 0, 1, 2 ... instead of numbers; empty: numbers.
  std::vector<std::string> words{};
};

struct bar_group {
  std::string label;
  std::vector<std::pair<solution, estimate>> bars;
};

struct bar_chart {
  std::string title;
  std::string description;
  unit of = unit::bytes;
  std::vector<bar_group> groups{};
};

/// Appends a <figure> with its heading, the drawing and the numbers as a table. `number` is the
/// figure's in its page: ids come from it.
void draw(std::string& out, const line_chart& c, int number);
void draw(std::string& out, const bar_chart& c, int number);

/// Width of all drawings, in their own units; a report's column is about as many pixels wide.
inline constexpr double chart_width = 400;

/// The class of a solution's lines and bars, and its mark: a circle, a square, a triangle.
std::string_view mark_of(solution s);

} // namespace interswarm::compare
