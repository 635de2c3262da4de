#include "modes/compare/report/svg.hpp"

#include "modes/compare/report/chart.hpp"

#include <array>
#include <cstdio>

namespace interswarm::compare {

namespace {

/// What one byte of UTF-8 adds to a text's width at 12 units, by DejaVu Sans, the widest of the
/// common faces; of a character of several bytes the first one, emoji being the widest.
double width_of(char c) {
  constexpr double size = 12;
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= 0xF0) return 1.4 * size;
  if (byte >= 0xE0) return 1.1 * size;
  if (byte >= 0xC0) return 0.85 * size;
  if (byte >= 0x80) return 0;
  if (std::string_view("mwMW@%").find(c) != std::string_view::npos) return 1.0 * size;
  return (c >= 'A' && c <= 'Z' ? 0.8 : 0.66) * size;
}

} // namespace

std::string px(double v) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f", v);
  std::string out = text.data();
  if (out.ends_with(".0")) out.resize(out.size() - 2);
  return out == "-0" ? "0" : out;
}

void put_text(std::string& out, double x, double y, anchor a, std::string_view text,
              std::string_view css_class) {
  out += "<text x=\"" + px(x) + "\" y=\"" + px(y) + '"';
  if (a != anchor::start)
    out += a == anchor::middle ? " text-anchor=\"middle\"" : " text-anchor=\"end\"";
  if (!css_class.empty()) out += " class=\"" + std::string(css_class) + '"';
  out += '>' + escaped(text) + "</text>";
}

void put_line(std::string& out, double x1, double y1, double x2, double y2,
              std::string_view css_class) {
  out += "<line x1=\"" + px(x1) + "\" y1=\"" + px(y1) + "\" x2=\"" + px(x2) + "\" y2=\"" + px(y2) +
         "\" class=\"" + std::string(css_class) + "\"/>";
}

void put_mark(std::string& out, double x, double y, solution s) {
  const auto css = " class=\"mark " + std::string(mark_of(s)) + "\"/>";
  switch (s) {
  case solution::isolated:
    out += "<circle cx=\"" + px(x) + "\" cy=\"" + px(y) + "\" r=\"3.2\"" + css;
    break;
  case solution::bridge:
    out += "<rect x=\"" + px(x - 3) + "\" y=\"" + px(y - 3) + R"(" width="6" height="6")" + css;
    break;
  case solution::soa: out += "<path d=\"M" + px(x) + ' ' + px(y - 4) + "l4 7h-8z\"" + css; break;
  }
}

double width_of(std::string_view utf8) {
  double out = 0;
  for (const char c : utf8) out += width_of(c);
  return out;
}

std::string fitted(const std::string& utf8, double width) {
  if (width_of(utf8) <= width) return utf8;
  auto columns = columns_of(utf8);
  auto out = utf8;
  while (columns > 1 && width_of(out) > width) out = shortened(utf8, --columns);
  return out;
}

std::string_view mark_of(solution s) { return word(s); }

} // namespace interswarm::compare
