#include "modes/compare/report/chart.hpp"
#include "modes/compare/report/chart_frame.hpp"
#include "modes/compare/report/svg.hpp"

#include <algorithm>
#include <cmath>

namespace interswarm::compare {

namespace {

constexpr double left = 74;
constexpr double bar_height = 11;
constexpr double bar_step = 17;
constexpr double heading = 20;
constexpr double gap = 10;
constexpr double bottom = 6;

double height_of(const bar_chart& c) {
  double out = bottom;
  for (const auto& g : c.groups)
    out += heading + static_cast<double>(g.bars.size()) * bar_step + gap;
  return out;
}

double finite_or(double v, double otherwise) { return std::isfinite(v) ? v : otherwise; }

/// How far a bar or its error bar reaches.
double reach_of(const estimate& e) {
  const double at = finite_or(e.at, 0);
  return e.bounded() ? std::max(at, finite_or(e.high, at)) : at;
}

class bar_drawing {
public:
  bar_drawing(std::string& out, const bar_chart& c) : out_(out), chart_(c) {
    double widest = 0;
    for (const auto& g : c.groups)
      for (const auto& [how, e] : g.bars) {
        largest_ = std::max(largest_, reach_of(e));
        widest = std::max(widest, width_of(figure_text(e.at, c.of)));
      }
    room_ = chart_width - left - widest - 12;
  }

  void draw() {
    double y = 0;
    for (const auto& g : chart_.groups) {
      put_text(out_, 2, y + 14, anchor::start, fitted(g.label, chart_width - 4), "group");
      y += heading;
      for (const auto& [how, e] : g.bars) {
        bar(y, how, e);
        y += bar_step;
      }
      y += gap;
    }
  }

private:
  double length(double v) const {
    return largest_ == 0 ? 0 : std::clamp(v / largest_, 0.0, 1.0) * room_;
  }

  void bar(double y, solution how, const estimate& e) {
    const auto css = std::string(mark_of(how));
    put_text(out_, left - 8, y + bar_height - 1, anchor::end, word(how), "name " + css);
    // One that never ends goes to the edge, hollow.
    double end = std::isfinite(e.at) ? length(e.at) : room_;
    out_ += "<rect x=\"" + px(left) + "\" y=\"" + px(y) + "\" width=\"" + px(std::max(1.0, end)) +
            "\" height=\"" + px(bar_height) + "\" class=\"" +
            (std::isfinite(e.at) ? "fill " : "hollow ") + css + "\"/>";
    if (e.bounded() && e.high > e.low && std::isfinite(e.high)) {
      const double from = left + length(e.low), to = left + length(e.high),
                   middle = y + bar_height / 2;
      put_line(out_, from, middle, to, middle, "whisker");
      put_line(out_, from, y + 2, from, y + bar_height - 2, "whisker");
      put_line(out_, to, y + 2, to, y + bar_height - 2, "whisker");
      end = std::max(end, length(e.high));
    }
    put_text(out_, left + end + 6, y + bar_height - 1, anchor::start, figure_text(e.at, chart_.of),
             "figure");
  }

  std::string& out_;
  const bar_chart& chart_;
  double largest_ = 0;
  double room_ = 0;
};

void put_table(std::string& out, const bar_chart& c) {
  std::vector<std::vector<std::string>> rows{{""}};
  for (const auto s : all_solutions) {
    const auto has = [&](const bar_group& g) {
      return std::any_of(g.bars.begin(), g.bars.end(), [&](const auto& b) { return b.first == s; });
    };
    if (std::any_of(c.groups.begin(), c.groups.end(), has)) rows[0].emplace_back(word(s));
  }
  for (const auto& g : c.groups) {
    rows.push_back({g.label});
    for (std::size_t i = 1; i < rows[0].size(); ++i) {
      const auto bar = std::find_if(g.bars.begin(), g.bars.end(),
                                    [&](const auto& b) { return word(b.first) == rows[0][i]; });
      rows.back().push_back(bar == g.bars.end() ? figure_text(std::nullopt, c.of)
                                                : estimate_text(bar->second, c.of));
    }
  }
  put_numbers(out, rows, "");
}

} // namespace

void draw(std::string& out, const bar_chart& c, int number) {
  chart_frame frame(out, c.title, c.description, height_of(c), number);
  bar_drawing(out, c).draw();
  frame.finish();
  put(out, "p", {{"class", "note"}}, c.description);
  put_table(out, c);
}

} // namespace interswarm::compare
