#include "modes/compare/report/figures.hpp"
#include "modes/compare/report/wording.hpp"

#include <algorithm>
#include <cmath>

namespace interswarm::compare {

namespace {

/// Variants in the order of their numbers; as they came where one has none.
std::vector<const variant_summary*> in_order(const comparison& c, bool numeric) {
  std::vector<const variant_summary*> out;
  for (const auto& v : c.variants) out.push_back(&v);
  if (numeric)
    std::stable_sort(out.begin(), out.end(),
                     [](const auto* a, const auto* b) { return a->at < b->at; });
  return out;
}

chart_line line_of(const std::vector<const variant_summary*>& variants, bool numeric, solution s,
                   const std::string& name) {
  chart_line out{.how = s, .x = {}, .y = {}, .low = {}, .high = {}};
  for (std::size_t i = 0; i < variants.size(); ++i) {
    const auto* v = verdict_on(*variants[i], name);
    const auto* e = v == nullptr ? nullptr : v->of(s);
    if (e == nullptr) continue;
    out.x.push_back(numeric ? *variants[i]->at : static_cast<double>(i));
    out.y.push_back(e->at);
    out.low.push_back(e->bounded() ? e->low : e->at);
    out.high.push_back(e->bounded() ? e->high : e->at);
  }
  return out;
}

bool shows_anything(const line_chart& c) {
  return std::any_of(c.lines.begin(), c.lines.end(), [](const chart_line& l) {
    return std::any_of(l.y.begin(), l.y.end(), [](double y) { return std::isfinite(y) && y > 0; });
  });
}

bool has_gaps(const line_chart& c) {
  return std::any_of(c.lines.begin(), c.lines.end(), [](const chart_line& l) {
    return std::any_of(l.y.begin(), l.y.end(), [](double y) { return !std::isfinite(y); });
  });
}

} // namespace

std::vector<line_chart> sweep_charts(const comparison& c) {
  std::vector<line_chart> out;
  if (c.variants.size() < 2) return out;
  const bool numeric = std::all_of(c.variants.begin(), c.variants.end(),
                                   [](const auto& v) { return v.at && std::isfinite(*v.at); });
  const auto variants = in_order(c, numeric);
  const bool wide =
      numeric && *variants.front()->at > 0 && *variants.back()->at / *variants.front()->at >= 30;
  for (const auto& what : judged_metrics(c)) {
    line_chart chart{.title = what.label,
                     .description = what.label + " at each value of " + c.swept + ".",
                     .kind = chart_kind::points,
                     .x_label = c.swept,
                     .x_unit = unit::count,
                     .x_logarithmic = wide,
                     .y_unit = what.of};
    if (!numeric)
      for (const auto* v : variants) chart.words.push_back(short_label(c, *v));
    for (const auto s : all_solutions) {
      auto l = line_of(variants, numeric, s, what.name);
      if (!l.x.empty()) chart.lines.push_back(std::move(l));
    }
    if (has_gaps(chart)) chart.note = "Where it is never reached, there is no point.";
    if (shows_anything(chart)) out.push_back(std::move(chart));
  }
  return out;
}

} // namespace interswarm::compare
