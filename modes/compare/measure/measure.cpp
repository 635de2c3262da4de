#include "modes/compare/measure/measure.hpp"

#include "modes/compare/measure/checks.hpp"
#include "modes/compare/measure/sheet.hpp"

#include <algorithm>

namespace interswarm::compare {

namespace {

std::vector<sample> thinned(const std::vector<sample>& all) {
  if (all.size() <= max_samples) return all;
  std::vector<sample> out;
  for (std::size_t i = 0; i < max_samples; ++i)
    out.push_back(all[i * (all.size() - 1) / (max_samples - 1)]);
  return out;
}

error told(const run_record& r, const std::vector<std::string>& lines) {
  constexpr std::size_t shown = 3;
  std::string text = "the run of " + std::string(word(r.how)) + ", repetition " +
                     std::to_string(r.repetition) + ", contradicts itself: ";
  for (std::size_t i = 0; i < std::min(shown, lines.size()); ++i)
    text += (i == 0 ? "" : "; ") + lines[i];
  if (lines.size() > shown) text += "; and " + std::to_string(lines.size() - shown) + " more";
  return {errc::internal, text};
}

} // namespace

const metric* run_summary::find(std::string_view name) const {
  const auto found =
      std::find_if(metrics.begin(), metrics.end(), [&](const metric& m) { return m.name == name; });
  return found == metrics.end() ? nullptr : &*found;
}

void sheet::add(std::string name, std::string label, unit u, better b, std::optional<double> value,
                options o) {
  out_.push_back({.name = std::move(name),
                  .label = std::move(label),
                  .about = topic_,
                  .of = u,
                  .is = b,
                  .kind = o.kind,
                  .headline = o.headline,
                  .value = value});
}

std::optional<double> ratio(double a, double b) {
  if (b == 0) return std::nullopt;
  return a / b;
}

result<run_summary> measure(const plan& p, const run_record& r) {
  const auto lines = violations(p, r);
  if (!lines.empty()) return tl::unexpected<error>(told(r, lines));
  run_summary out{.how = r.how, .live = r.live, .repetition = r.repetition, .seed = r.seed};
  sheet metrics(out.metrics);
  measure_requests(p, r, metrics);
  measure_times(p, r, metrics, out.distributions);
  measure_traffic(p, r, metrics);
  measure_servers(p, r, metrics);
  measure_faults(p, r, metrics);
  std::stable_sort(out.metrics.begin(), out.metrics.end(),
                   [](const metric& a, const metric& b) { return a.about < b.about; });
  out.samples = thinned(r.samples);
  out.deployed = r.deployed;
  return out;
}

} // namespace interswarm::compare
