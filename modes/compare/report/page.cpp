#include "modes/compare/report/page.hpp"

#include "modes/compare/report/chart.hpp"
#include "modes/compare/report/figures.hpp"
#include "modes/compare/report/markup.hpp"
#include "modes/compare/report/svg.hpp"
#include "modes/compare/report/wording.hpp"

#include <algorithm>

namespace interswarm::compare {

namespace {

/// Counts drawings: ids in the page come from it.
class figure_numbers {
public:
  int next() { return ++last_; }

private:
  int last_ = 0;
};

/// Nothing may be loaded from anywhere, and no script run (Content Security Policy Level 3).
constexpr const char* policy =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'";

void put_head(std::string& out, const comparison& c) {
  const element head(out, "head");
  put_empty(out, "meta", {{"charset", "utf-8"}});
  put_empty(out, "meta",
            {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}});
  put_empty(out, "meta", {{"http-equiv", "Content-Security-Policy"}, {"content", policy}});
  put_empty(out, "meta", {{"name", "color-scheme"}, {"content", "light dark"}});
  put_empty(out, "link", {{"rel", "icon"}, {"href", "data:,"}});
  put(out, "title", c.title);
  // Not escaped: it holds neither < nor &.
  const element style(out, "style");
  out += style_sheet();
}

std::string counted(std::size_t n, const char* one, const char* many) {
  return std::to_string(n) + " " + (n == 1 ? one : many);
}

void put_heading(std::string& out, const comparison& c) {
  const element header(out, "header");
  put(out, "h1", c.title);
  if (!c.description.empty()) put(out, "p", c.description);
  const auto& first = c.variants.front();
  std::string facts = std::string(c.live ? "Live" : "Simulated") + " \u00B7 " +
                      counted(repetitions_of(first), "repetition", "repetitions");
  if (c.variants.size() > 1)
    facts += " \u00B7 " + counted(c.variants.size(), "value", "values") + " of " + c.swept;
  put(out, "p", {{"class", "facts"}}, facts);
  const element legend(out, "p", {{"class", "legend"}});
  for (const auto s : solutions_of(first)) {
    const auto name = std::string(word(s));
    const element item(out, "span", {{"class", "name " + name}});
    out += R"(<svg class="key" viewBox="0 0 34 12" aria-hidden="true">)";
    put_line(out, 1, 6, 33, 6, "line " + name);
    put_mark(out, 17, 6, s);
    out += "</svg> " + name;
    put(out, "span", {{"class", "muted"}},
        s == solution::isolated ? ": no integration"
        : s == solution::bridge ? ": a layer above the trackers"
                                : ": one storage network");
  }
}

void put_contents(std::string& out, const comparison& c) {
  const element nav(out, "nav", {{"aria-label", "Contents"}});
  const auto link = [&](const char* id, const char* text) {
    put(out, "a", {{"href", "#" + std::string(id)}}, text);
  };
  link("verdict", "Verdict");
  if (c.variants.size() > 1) {
    link("values", "Each value");
  } else {
    link("charts", "Charts");
    link("figures", "All figures");
  }
  link("deployment", "Deployment");
  link("calibration", "Calibration");
  link("configuration", "Configuration");
  link("reading", "How to read this");
}

template <class Chart>
void put_grid(std::string& out, const char* level, const std::string& heading,
              const std::string& note, const std::vector<Chart>& charts, figure_numbers& numbers) {
  if (charts.empty()) return;
  put(out, level, heading);
  if (!note.empty()) put(out, "p", {{"class", "note"}}, note);
  const element grid(out, "div", {{"class", "charts"}});
  for (const auto& c : charts) draw(out, c, numbers.next());
}

std::string note_of(const std::vector<fault_span>& faults) {
  std::string out;
  for (std::size_t i = 0; i < faults.size(); ++i)
    out += (i == 0 ? "Hatched: F" : "; F") + std::to_string(i + 1) + " " + faults[i].label;
  return out.empty() ? out : out + ".";
}

void put_charts(std::string& out, const char* level, const variant_summary& v,
                figure_numbers& numbers) {
  const bool several = repetitions_of(v) > 1;
  const std::string bands =
      several ? "Lines are means over the repetitions, bands reach from the lowest to the highest. "
              : "";
  put_grid(out, level, "Over time", bands + note_of(v.faults), time_charts(v), numbers);
  put_grid(out, level, "Times", bands, distribution_charts(v), numbers);
  put_grid(out, level, "Bytes, prices and faults",
           several ? "Means over the repetitions with their 95 % intervals." : "", bar_charts(v),
           numbers);
}

void put_single(std::string& out, const variant_summary& v, figure_numbers& numbers) {
  {
    const element section(out, "section", {{"id", "verdict"}});
    put(out, "h2", "Verdict");
    put_verdict(out, v);
  }
  {
    const element section(out, "section", {{"id", "charts"}});
    put_charts(out, "h2", v, numbers);
  }
  const element section(out, "section", {{"id", "figures"}});
  put(out, "h2", "All figures");
  put_all_figures(out, v);
}

void put_sweep(std::string& out, const comparison& c, figure_numbers& numbers) {
  const element section(out, "section", {{"id", "verdict"}});
  put(out, "h2", "Verdict");
  put_sweep_verdict(out, c);
  put_grid(out, "h2", "Over the values of " + c.swept,
           "Means over the repetitions with their 95 % intervals.", sweep_charts(c), numbers);
}

void put_values(std::string& out, const comparison& c, figure_numbers& numbers) {
  const element section(out, "section", {{"id", "values"}});
  put(out, "h2", "Each value of " + c.swept);
  for (const auto& v : c.variants) {
    const element details(out, "details", {{"class", "variant"}});
    put(out, "summary", v.label);
    put_verdict(out, v);
    put_charts(out, "h3", v, numbers);
    put(out, "h3", "All figures");
    put_all_figures(out, v);
  }
}

} // namespace

std::string report_html(const comparison& c) {
  std::string out = "<!DOCTYPE html>\n";
  {
    figure_numbers numbers;
    const element html(out, "html", {{"lang", "en"}, {"xmlns", "http://www.w3.org/1999/xhtml"}});
    put_head(out, c);
    const element body(out, "body");
    const element main(out, "main");
    if (c.variants.empty()) {
      put(out, "p", "Nothing was run.");
    } else {
      put_heading(out, c);
      put_contents(out, c);
      if (c.variants.size() > 1) {
        put_sweep(out, c, numbers);
        put_values(out, c, numbers);
      } else {
        put_single(out, c.variants.front(), numbers);
      }
      put_deployment(out, c.variants.front());
    }
    put_calibration(out, c);
    put_configuration(out, c);
    put_reading_guide(out, c);
  }
  return out + "\n";
}

} // namespace interswarm::compare
