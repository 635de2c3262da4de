#include "modes/compare/report/format.hpp"
#include "modes/compare/report/markup.hpp"
#include "modes/compare/report/page.hpp"
#include "modes/compare/report/svg.hpp"
#include "modes/compare/report/wording.hpp"

#include <algorithm>
#include <cmath>

namespace interswarm::compare {

namespace {

std::string name(solution s) { return std::string(word(s)); }

void put_cell(std::string& out, const char* heading, const std::string& css,
              const std::string& text) {
  put(out, "td", {{"class", css}, {"data-label", heading}}, text);
}

/// The mark of the solution that a cell names, as in the charts.
void put_key(std::string& out, solution s) {
  out += R"(<svg class="dot" viewBox="0 0 12 12" aria-hidden="true">)";
  put_mark(out, 6, 6, s);
  out += "</svg> ";
}

/// Where the interval of a difference lies between half less and half more; 0 is in the middle.
/// The cell's text says the same.
void put_interval_drawing(std::string& out, const verdict& v, const pairing& p) {
  constexpr double middle = 50, reach = 46, most = 0.5;
  const auto* base = v.of(p.first);
  const double whole = v.what.of == unit::share ? 1 : std::abs(base->at);
  if (!p.difference.bounded() || whole == 0 || !std::isfinite(whole)) return;
  const auto place = [&](double d) {
    return middle + std::clamp(d / whole / most, -1.0, 1.0) * reach;
  };
  out += R"(<svg class="interval" viewBox="0 0 100 12" aria-hidden="true">)";
  put_line(out, middle, 0, middle, 12, "axis");
  const double low = place(p.difference.low), high = place(p.difference.high);
  const std::string css = p.sure == certainty::clear ? "clear" : "open";
  put_line(out, low, 6, std::max(high, low + 0.5), 6, "reach " + css);
  const auto arrow = [&](double at, double d) {
    out += "<path d=\"M" + px(at) + " 2.5l" + px(d) + " 3.5l" + px(-d) + " 3.5\" class=\"tip " +
           css + "\"/>";
  };
  if (p.difference.low / whole < -most) arrow(middle - reach, -3.5);
  if (p.difference.high / whole > most) arrow(middle + reach, 3.5);
  const double at = p.difference.at / whole;
  if (std::abs(at) <= most)
    out += "<circle cx=\"" + px(place(p.difference.at)) + "\" cy=\"6\" r=\"2.6\" class=\"at " +
           css + "\"/>";
  out += "</svg>";
}

void put_judgement(std::string& out, const verdict& v, const contest& between) {
  const auto words = wording_of(v, between);
  const auto* p = v.between(between.first, between.second);
  if (words.better.empty()) {
    put_cell(out, "Better", "better muted", "\u2013");
    put_cell(out, "By how much", "by muted",
             v.what.is == better::neither ? "not judged" : "\u2013");
    put_cell(out, "How sure", "sure muted", "\u2013");
    return;
  }
  {
    const bool clear = p->better_one && words.sure == certainty::clear;
    const element cell(out, "td",
                       {{"class", clear ? "better clear" : "better"}, {"data-label", "Better"}});
    if (p->better_one && words.better == name(*p->better_one)) put_key(out, *p->better_one);
    put(out, "span", words.better);
  }
  put_cell(out, "By how much", "by", words.by.empty() ? "\u2013" : words.by);
  const element cell(out, "td", {{"class", "sure"}, {"data-label", "How sure"}});
  {
    const element box(out, "span", {{"class", "box"}});
    put_interval_drawing(out, v, *p);
    put(out, "span", {{"class", words.sure == certainty::clear ? "clear" : "muted"}},
        word(words.sure));
  }
  if (words.sure != certainty::too_few) put(out, "span", {{"class", "muted"}}, words.interval);
}

void put_row(std::string& out, const verdict& v, const std::vector<solution>& solutions,
             const std::optional<contest>& between) {
  const element row(out, "tr", {{"class", v.what.is == better::neither ? "unjudged" : "judged"}});
  {
    const element heading(out, "th", {{"scope", "row"}});
    put(out, "span", v.what.label);
    if (v.what.is != better::neither)
      put(out, "span", {{"class", "muted"}},
          v.what.is == better::lower ? " less is better" : " more is better");
  }
  for (const auto s : solutions) {
    const auto* e = v.of(s);
    put(out, "td", {{"class", "figure"}, {"data-label", name(s)}},
        e == nullptr ? figure_text(std::nullopt, v.what.of) : estimate_text(*e, v.what.of));
  }
  if (between) put_judgement(out, v, *between);
}

void put_header(std::string& out, const std::vector<std::string>& cells) {
  const element head(out, "thead");
  const element row(out, "tr");
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (cells[i].empty()) {
      out += "<td></td>";
    } else {
      put(out, "th", {{"scope", "col"}}, cells[i]);
    }
  }
}

std::string caption_of(const variant_summary& v, const contest& between) {
  const auto n = repetitions_of(v);
  const auto difference = name(between.second) + " \u2212 " + name(between.first);
  if (n < 2) return "One repetition: figures without intervals, and nothing is certain.";
  return "Means over " + std::to_string(n) +
         " repetitions \u00B1 half of their 95 % interval. How sure: the 95 % interval of the "
         "difference " +
         difference + " within the same repetition; it is clear where that does not hold 0. The " +
         "drawing is from half less to half more than " + name(between.first) + ".";
}

} // namespace

void put_verdict(std::string& out, const variant_summary& v) {
  const auto solutions = solutions_of(v);
  const auto between = contenders(v.runs);
  if (between) {
    put(out, "p", {{"class", "lead"}}, sentence_of(tally_of(v.verdicts, *between), *between));
    if (between->first != solution::isolated) put(out, "p", against_none(v));
  }
  const element table(out, "table", {{"class", "verdict"}});
  if (between) put(out, "caption", caption_of(v, *between));
  std::vector<std::string> headings{"Figure"};
  for (const auto s : solutions) headings.push_back(name(s));
  if (between) headings.insert(headings.end(), {"Better", "By how much", "How sure"});
  put_header(out, headings);
  for (const auto t : all_topics) {
    const auto shown = [&](const verdict& x) { return x.what.headline && x.what.about == t; };
    if (std::none_of(v.verdicts.begin(), v.verdicts.end(), shown)) continue;
    const element body(out, "tbody");
    {
      const element row(out, "tr", {{"class", "topic"}});
      put(out, "th", {{"scope", "rowgroup"}, {"colspan", std::to_string(headings.size())}},
          word(t));
    }
    for (const auto& x : v.verdicts)
      if (shown(x)) put_row(out, x, solutions, between);
  }
}

void put_sweep_verdict(std::string& out, const comparison& c) {
  const auto between = contenders(c.variants.front().runs);
  if (!between) {
    put(out, "p", "A single solution was run: there is nothing to judge.");
    return;
  }
  put(out, "p", {{"class", "note"}},
      "Who is better between " + name(between->first) + " and " + name(between->second) +
          ", at each value of " + c.swept +
          ", and by how much of the other's figure. Open: the "
          "95 % interval of the difference holds 0. Without a mark: too few repetitions for such "
          "an interval.");
  const element scroll(out, "div",
                       {{"class", "scroll"},
                        {"tabindex", "0"},
                        {"role", "region"},
                        {"aria-label", "Who is better at each value"}});
  const element table(out, "table", {{"class", "sweep"}});
  std::vector<std::string> headings{"Figure"};
  for (const auto& v : c.variants) headings.push_back(short_label(c, v));
  put_header(out, headings);
  const element body(out, "tbody");
  for (const auto& what : judged_metrics(c)) {
    const element row(out, "tr");
    put(out, "th", {{"scope", "row"}}, what.label);
    for (const auto& v : c.variants) {
      const auto* x = verdict_on(v, what.name);
      const auto* p = x == nullptr ? nullptr : x->between(between->first, between->second);
      const auto text =
          x == nullptr ? figure_text(std::nullopt, unit::count) : short_wording_of(*x, *between);
      const bool clear = p != nullptr && p->sure == certainty::clear && p->better_one;
      const element cell(out, "td", {{"class", clear ? "clear" : "muted"}});
      if (clear) put_key(out, *p->better_one);
      put(out, "span", text);
    }
  }
}

} // namespace interswarm::compare
