#include "modes/compare/report/format.hpp"
#include "modes/compare/report/markup.hpp"
#include "modes/compare/report/page.hpp"
#include "modes/compare/report/results.hpp"
#include "modes/compare/report/wording.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace interswarm::compare {

namespace {

std::string name(solution s) { return std::string(word(s)); }

/// A table that scrolls by itself where it is wider than its place.
class scroll_table {
public:
  scroll_table(std::string& out, const std::string& about, const std::vector<std::string>& headings,
               const std::string& css = "")
      : scroll_(
            out, "div",
            {{"class", "scroll"}, {"tabindex", "0"}, {"role", "region"}, {"aria-label", about}}),
        table_(out, "table", {{"class", css}}) {
    const element head(out, "thead");
    const element row(out, "tr");
    for (const auto& h : headings) put(out, "th", {{"scope", "col"}}, h);
  }

private:
  element scroll_;
  element table_;
};

std::string difference_cell(const verdict& v, const pairing& p) {
  if (p.difference.count == 0) return figure_text(std::nullopt, v.what.of);
  if (!p.difference.bounded()) {
    const auto sign = p.difference.at > 0 ? "+" : p.difference.at < 0 ? "\u2212" : "";
    return sign + difference_text(p.difference.at, v.what.of);
  }
  const auto text = interval_text(p.difference, v.what.of);
  return p.sure == certainty::clear ? text + " *" : text;
}

void put_facts(std::string& out, const std::vector<fact>& facts) {
  if (facts.empty()) return;
  const element list(out, "dl");
  for (const auto& [what, text] : facts) {
    put(out, "dt", what);
    put(out, "dd", text);
  }
}

/// A run's seed, by repetition: the same under all solutions.
std::map<std::uint32_t, std::uint64_t> seeds_of(const variant_summary& v) {
  std::map<std::uint32_t, std::uint64_t> out;
  for (const auto& r : v.runs) out.emplace(r.repetition, r.seed);
  return out;
}

std::string seed_text(const comparison& c) {
  std::string out;
  for (const auto& v : c.variants) {
    std::string line;
    for (const auto& [repetition, seed] : seeds_of(v))
      line += (line.empty() ? "" : ", ") + std::to_string(seed);
    if (out.find(line) != std::string::npos) continue; // the same for all values
    out += (out.empty() ? "" : "; ") + line;
  }
  return out;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& w : words) out += (out.empty() ? "" : "; ") + w;
  return out.empty() ? "none" : out;
}

} // namespace

void put_all_figures(std::string& out, const variant_summary& v) {
  std::vector<std::string> headings{"Figure", "Better"};
  const auto solutions = solutions_of(v);
  for (const auto s : solutions) headings.push_back(name(s));
  for (std::size_t i = 0; i < solutions.size(); ++i)
    for (std::size_t j = i + 1; j < solutions.size(); ++j)
      headings.push_back(name(solutions[j]) + " \u2212 " + name(solutions[i]));
  put(out, "p", {{"class", "note"}},
      "Differences with their 95 % intervals; a star where it does not hold 0. Of a hundred such "
      "comparisons of equal solutions about five get a star by chance.");
  const element details(out, "details");
  put(out, "summary", std::to_string(v.verdicts.size()) + " figures");
  const scroll_table table(out, "All figures", headings, "figures");
  const element body(out, "tbody");
  for (const auto& x : v.verdicts) {
    const element row(out, "tr");
    {
      const element heading(out, "th", {{"scope", "row"}});
      put(out, "span", x.what.label);
      out += "<br/>";
      put(out, "code", x.what.name);
    }
    put(out, "td", word(x.what.is));
    for (const auto s : solutions) {
      const auto* e = x.of(s);
      put(out, "td", {{"class", "figure"}},
          e == nullptr ? figure_text(std::nullopt, x.what.of) : estimate_text(*e, x.what.of));
    }
    for (std::size_t i = 0; i < solutions.size(); ++i)
      for (std::size_t j = i + 1; j < solutions.size(); ++j) {
        const auto* p = x.between(solutions[i], solutions[j]);
        put(out, "td", {{"class", "figure"}},
            p == nullptr ? figure_text(std::nullopt, x.what.of) : difference_cell(x, *p));
      }
  }
}

void put_deployment(std::string& out, const variant_summary& v) {
  const element section(out, "section", {{"id", "deployment"}});
  put(out, "h2", "Deployment");
  const scroll_table table(out, "Deployment",
                           {"Solution", "Processes in addition", "Lines of configuration",
                            "Parts of existing systems touched"});
  const element body(out, "tbody");
  for (const auto s : solutions_of(v)) {
    const auto run = std::find_if(v.runs.begin(), v.runs.end(),
                                  [&](const run_summary& r) { return r.how == s; });
    const element row(out, "tr");
    put(out, "th", {{"scope", "row"}}, name(s));
    put(out, "td", {{"class", "figure"}}, std::to_string(run->deployed.processes));
    put(out, "td", {{"class", "figure"}}, std::to_string(run->deployed.configuration_lines));
    put(out, "td", {{"class", "text"}}, joined(run->deployed.touched));
  }
}

void put_calibration(std::string& out, const comparison& c) {
  const element section(out, "section", {{"id", "calibration"}});
  put(out, "h2", "Calibration");
  if (!c.calibrated) {
    put(out, "p",
        "Not run: how far the simulator is from real nodes was not measured on this machine. "
        "\"interswarm compare --calibrate\" does it.");
    return;
  }
  const auto& k = *c.calibrated;
  put(out, "p",
      "One experiment under both engines, simulated and with real nodes: " +
          calibration_summary(k) + ".");
  put_facts(out, k.made);
  const scroll_table table(
      out, "Calibration",
      {"Figure", "Solution", "Simulated", "Live", "Deviation", "Within target"});
  const element body(out, "tbody");
  for (const auto& d : k.deviations) {
    const bool fits = is_within(d, k);
    const element row(out, "tr");
    put(out, "th", {{"scope", "row"}}, d.what.label);
    put(out, "td", name(d.how));
    put(out, "td", {{"class", "figure"}}, figure_text(d.simulated, d.what.of));
    put(out, "td", {{"class", "figure"}}, figure_text(d.live, d.what.of));
    put(out, "td", {{"class", "figure"}}, deviation_text(d));
    put(out, "td", {{"class", fits ? "" : "clear"}}, fits ? "yes" : "no");
  }
}

void put_configuration(std::string& out, const comparison& c) {
  const element section(out, "section", {{"id", "configuration"}});
  put(out, "h2", "Configuration");
  if (!c.variants.empty()) {
    put(out, "h3", "What was drawn");
    put_facts(out, c.variants.front().drawn);
    put(out, "h3", "Seeds");
    put(out, "p", seed_text(c));
  }
  put(out, "h3", "Versions");
  put_facts(out, c.versions);
  put(out, "h3", "Machine");
  put_facts(out, c.made);
  put(out, "h3", "Experiment");
  put(out, "pre", {{"tabindex", "0"}}, c.experiment);
}

void put_reading_guide(std::string& out, const comparison& c) {
  const element section(out, "section", {{"id", "reading"}});
  put(out, "h2", "How to read this");
  const element list(out, "ul");
  for (const char* line :
       {"All solutions of a repetition had the same peers, requests and faults, drawn from the "
        "repetition's seed; so they are compared pair by pair.",
        "Times count all requests. One that failed never ends, so a percentile is \"never\" where "
        "fewer requests than that were satisfied; one still running at the end counts for as long "
        "as it was watched (Kaplan and Meier).",
        "Intervals of means are Student's t. Where a value can be \"never\" there is no mean: then "
        "it is the median, with an interval between two of the values, which takes six repetitions "
        "or more.",
        "Bytes are of content, as they were sent; what was lost and sent again counts each time. "
        "Control messages are counted apart.",
        "Bands in charts reach from the lowest to the highest repetition, error bars over the 95 % "
        "interval.",
        "Prices have the unit of the experiment file; keeping bytes is charged by the month."})
    put(out, "li", line);
  put(out, "li",
      c.live
          ? "Real nodes on one machine, with shaped links: what they cost in CPU time and memory "
            "is measured, what a wide area network does beyond delay, rate and loss is not."
          : "Simulated: transfers share links as long-lived TCP flows of equal round trip times "
            "would; the programs' CPU time and memory are not modelled.");
}

} // namespace interswarm::compare
