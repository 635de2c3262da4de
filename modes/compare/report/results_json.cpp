#include "modes/compare/report/calibration_json.hpp"
#include "modes/compare/report/results.hpp"

#include <nlohmann/json.hpp>

namespace interswarm::compare {

namespace {

using json = nlohmann::ordered_json;

json number(double v) { return json_number(v); }
json number(std::optional<double> v) { return v ? number(*v) : json(nullptr); }

json numbers(const std::vector<double>& values) {
  json out = json::array();
  for (const double v : values) out.push_back(number(v));
  return out;
}

json facts(const std::vector<fact>& all) {
  json out = json::object();
  for (const auto& [name, text] : all) out[name] = text;
  return out;
}

std::string text(std::string_view word) { return std::string(word); }

json of(const estimate& e) {
  return {{"count", e.count},     {"kind", text(word(e.kind))}, {"at", number(e.at)},
          {"low", number(e.low)}, {"high", number(e.high)},     {"coverage", e.coverage}};
}

json of(const verdict& v) {
  json out{{"metric", v.what.name}};
  auto& figures = out["figures"] = json::object();
  for (const auto& [how, figure] : v.figures) figures[text(word(how))] = of(figure);
  auto& pairs = out["pairs"] = json::array();
  for (const auto& p : v.pairs) {
    pairs.push_back({{"first", text(word(p.first))},
                     {"second", text(word(p.second))},
                     {"difference", of(p.difference)},
                     {"relative", number(p.relative)},
                     {"sure", text(word(p.sure))},
                     {"better", p.better_one ? json(text(word(*p.better_one))) : json(nullptr)}});
  }
  return out;
}

json of(const std::vector<sample>& samples) {
  json out{{"at_s", json::array()},           {"running", json::array()},
           {"satisfied", json::array()},      {"failed", json::array()},
           {"received_bytes", json::array()}, {"crossed_bytes", json::array()},
           {"stored_bytes", json::array()},   {"missing_copies", json::array()}};
  for (const auto& s : samples) {
    out["at_s"].push_back(number(s.at));
    out["running"].push_back(s.running);
    out["satisfied"].push_back(s.satisfied);
    out["failed"].push_back(s.failed);
    out["received_bytes"].push_back(s.received);
    out["crossed_bytes"].push_back(s.crossed);
    out["stored_bytes"].push_back(s.stored);
    out["missing_copies"].push_back(s.missing_copies);
  }
  return out;
}

json of(const run_summary& r) {
  json metrics = json::object(), distributions = json::object();
  for (const auto& m : r.metrics) metrics[m.name] = number(m.value);
  for (const auto& d : r.distributions)
    distributions[d.name] = {{"seconds", numbers(d.shares.x)}, {"share", numbers(d.shares.y)}};
  return {{"solution", text(word(r.how))},
          {"engine", r.live ? "live" : "sim"},
          {"repetition", r.repetition},
          {"seed", r.seed},
          {"metrics", std::move(metrics)},
          {"deployed",
           {{"processes", r.deployed.processes},
            {"touched", r.deployed.touched},
            {"configuration_lines", r.deployed.configuration_lines}}},
          {"samples", of(r.samples)},
          {"distributions", std::move(distributions)}};
}

json of(const variant_summary& v) {
  json out{{"label", v.label},
           {"at", number(v.at)},
           {"duration_s", number(v.duration)},
           {"drawn", facts(v.drawn)}};
  auto& faults = out["faults"] = json::array();
  for (const auto& f : v.faults)
    faults.push_back(
        {{"label", f.label}, {"begin_s", number(f.when.begin)}, {"end_s", number(f.when.end)}});
  auto& verdicts = out["verdicts"] = json::array();
  for (const auto& verdict : v.verdicts) verdicts.push_back(of(verdict));
  auto& runs = out["runs"] = json::array();
  for (const auto& run : v.runs) runs.push_back(of(run));
  return out;
}

json meanings(const comparison& c) {
  json out = json::object();
  for (const auto& v : c.variants) {
    for (const auto& verdict : v.verdicts) {
      const auto& m = verdict.what;
      out[m.name] = {{"label", m.label},
                     {"topic", text(word(m.about))},
                     {"unit", text(word(m.of))},
                     {"better", text(word(m.is))},
                     {"centre", text(word(m.kind))}};
    }
  }
  return out;
}

} // namespace

std::string results_json(const comparison& c) {
  json out{{"format", "interswarm comparison"},
           {"version", 1},
           {"title", c.title},
           {"description", c.description},
           {"engine", c.live ? "live" : "sim"},
           {"confidence", confidence},
           {"swept", c.swept},
           {"versions", facts(c.versions)},
           {"metrics", meanings(c)}};
  auto& variants = out["variants"] = json::array();
  for (const auto& v : c.variants) variants.push_back(of(v));
  out["experiment"] = c.experiment;
  out["calibration"] = c.calibrated ? calibration_json(*c.calibrated) : json(nullptr);
  out["made"] = facts(c.made);
  // Bytes that are no UTF-8 can come from the experiment file.
  return out.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

} // namespace interswarm::compare
