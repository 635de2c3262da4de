#pragma once

#include "modes/compare/report/axis.hpp"
#include "modes/compare/report/markup.hpp"

#include <string>

namespace interswarm::compare {

/// A coordinate with one decimal.
std::string px(double v);

/// How a text lies about its place.
enum class anchor : std::uint8_t { start, middle, end };
void put_text(std::string& out, double x, double y, anchor a, std::string_view text,
              std::string_view css_class = "");
void put_line(std::string& out, double x1, double y1, double x2, double y2,
              std::string_view css_class);
/// A solution's mark: a circle, a square or a triangle.
void put_mark(std::string& out, double x, double y, solution s);

/// Room that a text takes, no less than browsers give it in any common sans-serif face.
double width_of(std::string_view utf8);
/// As much of it as fits into `width`, with "…" where something is missing.
std::string fitted(const std::string& utf8, double width);
inline constexpr double line_height = 15;

} // namespace interswarm::compare
