#include "modes/compare/report/chart.hpp"
#include "modes/compare/report/chart_frame.hpp"
#include "modes/compare/report/svg.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

namespace interswarm::compare {

namespace {

constexpr double height = 260;
constexpr double top = 32;
constexpr double bottom = height - 42;
constexpr double right = chart_width - 76;
constexpr std::size_t most_rows = 13;

std::string joined_unit(std::string_view scale, const std::string& suffix) {
  const bool close = scale.empty() || suffix.empty() || suffix.starts_with('/');
  return std::string(scale) + (close ? "" : " ") + suffix;
}

/// The drawing of one chart.
class line_drawing {
public:
  line_drawing(std::string& out, const line_chart& c, int number)
      : out_(out), chart_(c), number_(number), y_(y_axis()), left_(left_of(y_)), x_(x_axis()) {}

  void draw() {
    faults();
    axes();
    for (const auto& l : chart_.lines) band(l);
    for (std::size_t i = 0; i < chart_.lines.size(); ++i) line(chart_.lines[i], i);
    labels();
  }

private:
  axis y_axis() const {
    double high = chart_.y_high;
    if (high == 0)
      for (const auto& l : chart_.lines)
        for (const auto* values : {&l.y, &l.high})
          for (const double v : *values)
            if (std::isfinite(v)) high = std::max(high, v);
    // An interval may reach beyond what a share can be.
    if (chart_.y_unit == unit::share) high = std::min(high, 1.0);
    return axis::linear(0, high > 0 ? high : 1, chart_.y_unit, bottom, top, 4, true);
  }

  static double left_of(const axis& y) {
    double widest = 0;
    for (const auto& m : y.marks()) widest = std::max(widest, width_of(m.text));
    return widest + 12;
  }

  axis x_axis() const {
    double low = std::numeric_limits<double>::infinity(), high = -low;
    if (chart_.x_range) {
      low = chart_.x_range->begin;
      high = chart_.x_range->end;
    }
    for (const auto& l : chart_.lines)
      for (const double v : l.x) {
        low = std::min(low, v);
        high = std::max(high, v);
      }
    if (!(low <= high)) low = high = 0;
    if (!chart_.words.empty())
      return axis::linear(-0.5, static_cast<double>(chart_.words.size()) - 0.5, unit::count, left_,
                          right, 1, false);
    if (chart_.x_logarithmic && low > 0) {
      const double room = chart_.kind == chart_kind::points ? std::pow(high / low, 0.04) : 1;
      return axis::logarithmic(low / room, high * room, chart_.x_unit, left_, right);
    }
    const double room = chart_.kind == chart_kind::points ? (high - low) * 0.04 : 0;
    return axis::linear(low - room, high + room, chart_.x_unit, left_, right, 5, false);
  }

  void faults() {
    if (chart_.faults.empty()) return;
    const auto id = "hatch-" + std::to_string(number_);
    out_ += "<defs><pattern id=\"" + id + "\" width=\"6\" height=\"6\"" +
            R"x( patternUnits="userSpaceOnUse" patternTransform="rotate(45)">)x"
            R"x(<rect class="hatch-ground" width="6" height="6"/><path class="hatch" d="M0 0v6"/>)x"
            "</pattern></defs>";
    double free_from = left_;
    for (std::size_t i = 0; i < chart_.faults.size(); ++i) {
      const auto& f = chart_.faults[i];
      const double from = x_.place(f.when.begin), to = x_.place(f.when.end);
      out_ += "<rect x=\"" + px(from) + "\" y=\"" + px(top) + "\" width=\"" +
              px(std::max(1.5, to - from)) + "\" height=\"" + px(bottom - top) + "\" fill=\"url(#" +
              id + ")\"/>";
      const auto text = "F" + std::to_string(i + 1);
      const double middle = std::min((from + to) / 2, right - width_of(text) / 2);
      if (middle - width_of(text) / 2 < free_from) continue;
      put_text(out_, middle, top - 4, anchor::middle, text, "fault");
      free_from = middle + width_of(text) / 2 + 2;
    }
  }

  void axes() {
    for (const auto& m : y_.marks()) {
      put_line(out_, left_, m.at, right, m.at, "grid");
      put_text(out_, left_ - 6, m.at + 4, anchor::end, m.text);
    }
    put_line(out_, left_, bottom, right, bottom, "axis");
    const auto in = joined_unit(y_.in(), chart_.y_suffix);
    if (!in.empty()) put_text(out_, 2, 12, anchor::start, in, "unit");
    double free_from = -1;
    for (const auto& m : x_marks()) {
      put_line(out_, m.at, bottom, m.at, bottom + 4, "axis");
      const double half = width_of(m.text) / 2;
      if (m.at - half < std::max(0.0, free_from) || m.at + half > chart_width) continue;
      put_text(out_, m.at, bottom + 17, anchor::middle, m.text);
      free_from = m.at + half + 4;
    }
    const auto what = chart_.x_label + (x_.in().empty() || !chart_.words.empty()
                                            ? ""
                                            : " (" + std::string(x_.in()) +
                                                  (x_.is_logarithmic() ? ", logarithmic)" : ")"));
    put_text(out_, chart_width / 2, height - 6, anchor::middle, fitted(what, chart_width - 4),
             "unit");
  }

  std::vector<axis::mark> x_marks() const {
    if (chart_.words.empty()) return x_.marks();
    std::vector<axis::mark> out;
    for (std::size_t i = 0; i < chart_.words.size(); ++i)
      out.push_back({x_.place(static_cast<double>(i)), fitted(chart_.words[i], 90)});
    return out;
  }

  void band(const chart_line& l) {
    if (l.low.size() != l.y.size() || chart_.kind == chart_kind::points) return;
    std::string path;
    for (std::size_t i = 0; i < l.x.size(); ++i) corner(path, l.x[i], l.high[i]);
    for (std::size_t i = l.x.size(); i-- > 0;) corner(path, l.x[i], l.low[i]);
    if (!path.empty())
      out_ += "<path d=\"" + path + "z\" class=\"band " + std::string(mark_of(l.how)) + "\"/>";
  }

  void corner(std::string& path, double x, double y) const {
    path += (path.empty() ? "M" : "L") + px(x_.place(x)) + ' ' + px(y_.place(y));
  }

  /// Solutions beside each other, where several have a point at the same place.
  double aside(std::size_t index) const {
    if (chart_.kind != chart_kind::points) return 0;
    return (static_cast<double>(index) - static_cast<double>(chart_.lines.size() - 1) / 2) * 6;
  }

  void line(const chart_line& l, std::size_t index) {
    const auto css = std::string(mark_of(l.how));
    std::string path;
    bool pen_down = false;
    for (std::size_t i = 0; i < l.x.size(); ++i) {
      if (!std::isfinite(l.y[i])) {
        pen_down = false;
        continue;
      }
      const auto x = px(x_.place(l.x[i]) + aside(index)), y = px(y_.place(l.y[i]));
      if (pen_down && chart_.kind == chart_kind::steps) {
        path += "H" + x + "V" + y;
      } else {
        path += (pen_down ? "L" : "M") + x + ' ' + y;
      }
      pen_down = true;
    }
    if (!path.empty()) out_ += "<path d=\"" + path + "\" class=\"line " + css + "\"/>";
    const bool all = chart_.kind == chart_kind::points;
    const auto n = l.x.size(), every = all ? 1 : std::max<std::size_t>(1, n / 6);
    for (std::size_t i = all ? 0 : every / 4 + index * every / 3; i < n; i += every) {
      if (!std::isfinite(l.y[i])) continue;
      const double x = x_.place(l.x[i]) + aside(index);
      if (all) error_bar(l, i, x);
      put_mark(out_, x, y_.place(l.y[i]), l.how);
    }
  }

  void error_bar(const chart_line& l, std::size_t i, double x) {
    if (l.low.size() != l.y.size() || !std::isfinite(l.low[i]) || !(l.high[i] > l.low[i])) return;
    const double high = y_.place(l.high[i]), low = y_.place(l.low[i]);
    const auto css = "bar " + std::string(mark_of(l.how));
    put_line(out_, x, high, x, low, css);
    put_line(out_, x - 3, high, x + 3, high, css);
    put_line(out_, x - 3, low, x + 3, low, css);
  }

  /// Each line's name at its end.
  void labels() {
    std::vector<double> wanted;
    std::vector<solution> who;
    for (const auto& l : chart_.lines) {
      const auto last =
          std::find_if(l.y.rbegin(), l.y.rend(), [](double v) { return std::isfinite(v); });
      if (last == l.y.rend()) continue;
      wanted.push_back(y_.place(*last) + 4);
      who.push_back(l.how);
    }
    const auto places = spread(wanted, line_height, top + 4, bottom);
    for (std::size_t i = 0; i < places.size(); ++i)
      put_text(out_, right + 8, places[i], anchor::start, word(who[i]),
               "name " + std::string(mark_of(who[i])));
  }

  std::string& out_;
  const line_chart& chart_;
  int number_;
  axis y_;
  double left_;
  axis x_;
};

/// Some of the places at which any line has a value.
std::vector<double> rows_of(const line_chart& c) {
  std::set<double> all;
  for (const auto& l : c.lines) all.insert(l.x.begin(), l.x.end());
  std::vector<double> out(all.begin(), all.end());
  if (out.size() <= most_rows) return out;
  std::vector<double> some;
  for (std::size_t i = 0; i < most_rows; ++i)
    some.push_back(out[i * (out.size() - 1) / (most_rows - 1)]);
  return some;
}

std::string value_at(const line_chart& c, const chart_line& l, double x) {
  const auto found = std::lower_bound(l.x.begin(), l.x.end(), x);
  const auto i = static_cast<std::size_t>(found - l.x.begin());
  if (found == l.x.end() || *found != x) return figure_text(std::nullopt, c.y_unit);
  auto text = figure_text(l.y[i], c.y_unit) + (c.y_suffix.starts_with('/') ? c.y_suffix : "");
  if (l.low.size() == l.y.size() && l.high[i] > l.low[i])
    text +=
        " (" + figure_text(l.low[i], c.y_unit) + " to " + figure_text(l.high[i], c.y_unit) + ")";
  return text;
}

void put_table(std::string& out, const line_chart& c) {
  std::vector<std::vector<std::string>> rows{{c.x_label}};
  for (const auto& l : c.lines) rows[0].emplace_back(word(l.how));
  for (const double x : rows_of(c)) {
    const auto index = static_cast<std::size_t>(std::max(0.0, x));
    rows.push_back({index < c.words.size() ? c.words[index] : figure_text(x, c.x_unit)});
    for (const auto& l : c.lines) rows.back().push_back(value_at(c, l, x));
  }
  put_numbers(out, rows,
              c.kind == chart_kind::points ? "" : "Some of the points; all are in results.json.");
}

std::string last_values(const line_chart& c) {
  std::string out;
  for (const auto& l : c.lines) {
    if (l.y.empty()) continue;
    out += (out.empty() ? " Last values: " : ", ") + std::string(word(l.how)) + " " +
           figure_text(l.y.back(), c.y_unit);
  }
  return out.empty() ? out : out + ".";
}

} // namespace

void draw(std::string& out, const line_chart& c, int number) {
  chart_frame frame(out, c.title, c.description + last_values(c), height, number);
  line_drawing(out, c, number).draw();
  frame.finish();
  if (!c.note.empty()) put(out, "p", {{"class", "note"}}, c.note);
  put_table(out, c);
}

} // namespace interswarm::compare
