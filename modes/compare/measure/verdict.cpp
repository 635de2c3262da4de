#include "modes/compare/measure/verdict.hpp"

#include <algorithm>
#include <cmath>

namespace interswarm::compare {

namespace {

/// All runs' metrics, without values: the first run's order, and what only later ones have behind
/// the last one of its topic.
std::vector<metric> all_metrics(std::span<const run_summary> runs) {
  std::vector<metric> out;
  for (const auto& run : runs) {
    for (const auto& m : run.metrics) {
      const auto same = [&](const metric& o) { return o.name == m.name; };
      if (std::any_of(out.begin(), out.end(), same)) continue;
      const auto last = std::find_if(out.rbegin(), out.rend(),
                                     [&](const metric& o) { return o.about <= m.about; });
      out.insert(last.base(), m)->value.reset();
    }
  }
  return out;
}

/// A metric of one solution, by repetition.
std::map<std::uint32_t, double> values_of(std::span<const run_summary> runs, solution s,
                                          const std::string& name) {
  std::map<std::uint32_t, double> out;
  for (const auto& run : runs) {
    if (run.how != s) continue;
    const auto* m = run.find(name);
    if (m != nullptr && m->value) out[run.repetition] = *m->value;
  }
  return out;
}

std::vector<double> only_values(const std::map<std::uint32_t, double>& by_repetition) {
  std::vector<double> out;
  for (const auto& [repetition, value] : by_repetition) out.push_back(value);
  return out;
}

std::optional<solution> better_of(const metric& what, const pairing& p) {
  if (what.is == better::neither || p.difference.count == 0 || p.difference.at == 0)
    return std::nullopt;
  return (p.difference.at > 0) == (what.is == better::higher) ? p.second : p.first;
}

pairing pair_of(const metric& what, solution first, const std::map<std::uint32_t, double>& a,
                solution second, const std::map<std::uint32_t, double>& b) {
  std::vector<double> from, to;
  for (const auto& [repetition, value] : a) {
    const auto other = b.find(repetition);
    if (other == b.end()) continue;
    from.push_back(value);
    to.push_back(other->second);
  }
  pairing out{.first = first, .second = second, .difference = difference_of(from, to, what.kind)};
  const auto base = estimate_of(from, what.kind).at;
  if (base != 0 && std::isfinite(base) && std::isfinite(out.difference.at))
    out.relative = out.difference.at / std::abs(base);
  out.sure = certainty_of(out.difference);
  out.better_one = better_of(what, out);
  return out;
}

double median_at(const std::map<std::uint32_t, double>& values) {
  return median_of(only_values(values)).at;
}

} // namespace

const estimate* verdict::of(solution s) const {
  for (const auto& [how, figure] : figures)
    if (how == s) return &figure;
  return nullptr;
}

const pairing* verdict::between(solution first, solution second) const {
  for (const auto& p : pairs)
    if (p.first == first && p.second == second) return &p;
  return nullptr;
}

std::vector<verdict> verdicts_of(std::span<const run_summary> runs) {
  std::vector<verdict> out;
  for (const auto& what : all_metrics(runs)) {
    verdict v{.what = what};
    std::vector<std::pair<solution, std::map<std::uint32_t, double>>> values;
    for (const auto s : all_solutions) {
      auto by_repetition = values_of(runs, s, what.name);
      if (by_repetition.empty()) continue;
      v.figures.emplace_back(s, estimate_of(only_values(by_repetition), what.kind));
      values.emplace_back(s, std::move(by_repetition));
    }
    for (std::size_t i = 0; i < values.size(); ++i)
      for (std::size_t j = i + 1; j < values.size(); ++j)
        v.pairs.push_back(
            pair_of(what, values[i].first, values[i].second, values[j].first, values[j].second));
    out.push_back(std::move(v));
  }
  return out;
}

std::optional<std::pair<solution, solution>> contenders(std::span<const run_summary> runs) {
  const auto ran = [&](solution s) {
    return std::any_of(runs.begin(), runs.end(), [&](const auto& r) { return r.how == s; });
  };
  if (ran(solution::bridge) && ran(solution::soa)) return {{solution::bridge, solution::soa}};
  if (!ran(solution::isolated)) return std::nullopt;
  if (ran(solution::bridge)) return {{solution::isolated, solution::bridge}};
  if (ran(solution::soa)) return {{solution::isolated, solution::soa}};
  return std::nullopt;
}

std::vector<deviation> deviations_of(std::span<const run_summary> simulated,
                                     std::span<const run_summary> live) {
  std::vector<deviation> out;
  for (const auto& what : all_metrics(simulated)) {
    if (what.is == better::neither) continue;
    for (const auto s : all_solutions) {
      const auto sim = values_of(simulated, s, what.name), real = values_of(live, s, what.name);
      if (sim.empty() || real.empty()) continue;
      deviation d{.what = what, .how = s, .simulated = median_at(sim), .live = median_at(real)};
      if (d.simulated != d.live)
        d.relative = d.live == 0 || !std::isfinite(d.simulated) ? never
                     : !std::isfinite(d.live)                   ? -1
                                              : (d.simulated - d.live) / std::abs(d.live);
      out.push_back(std::move(d));
    }
  }
  return out;
}

} // namespace interswarm::compare
