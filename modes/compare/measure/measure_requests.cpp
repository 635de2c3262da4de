#include "modes/compare/measure/sheet.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

namespace interswarm::compare {

namespace {

constexpr struct {
  const char* name;
  const char* text;
  double q;
  bool headline;
} shown_quantiles[] = {{"p50", "median", 0.5, true},
                       {"p95", "95th percentile", 0.95, true},
                       {"p99", "99th percentile", 0.99, false}};

/// "download_time.p50", ... of all requests, those that never came counted as such.
void add_quantiles(sheet& out, const std::string& name, const std::string& label, const curve& c) {
  for (const auto& q : shown_quantiles) {
    out.add(name + "." + q.name, label + ", " + q.text, unit::seconds, better::lower,
            quantile_of(c, q.q), {q.headline, centre::mean});
  }
}

/// The same of those requests alone that had it: small too where few and easy ones had, so it is
/// shown but not judged.
void add_quantiles_of_some(sheet& out, const std::string& name, const std::string& label,
                           std::vector<double> values) {
  std::sort(values.begin(), values.end());
  for (const auto& q : shown_quantiles)
    out.add(name + "." + q.name, label + ", " + q.text, unit::seconds, better::neither,
            quantile(values, q.q));
}

/// From each request's time of asking to `event`, which is a time of the run.
std::vector<watched> watch(const plan& p, const run_record& r,
                           const std::function<moment(const request_record&)>& event) {
  std::vector<watched> out;
  out.reserve(r.requests.size());
  for (std::size_t i = 0; i < r.requests.size(); ++i)
    out.push_back({event(r.requests[i]) - p.requests[i].at, r.duration - p.requests[i].at});
  return out;
}

/// Shares of the requests below or at each value, for a chart.
curve shares_of(std::vector<double> values) {
  std::vector<watched> seen;
  for (const double v : values) seen.push_back({v, never});
  return incidence_of(seen);
}

void measure_playback(const plan& p, const run_record& r, sheet& out,
                      std::vector<distribution>& distributions) {
  std::vector<watched> starts;
  std::vector<double> stalled;
  double stalls = 0, disturbed = 0;
  for (std::size_t i = 0; i < r.requests.size(); ++i) {
    if (p.requests[i].playback <= 0) continue;
    const auto& q = r.requests[i];
    starts.push_back({q.startup_delay, r.duration - p.requests[i].at});
    if (!std::isfinite(q.startup_delay)) continue;
    stalled.push_back(q.stalled_s);
    stalls += q.stalls;
    disturbed += q.stalls > 0 ? 1 : 0;
  }
  if (starts.empty()) return;
  out.begin(topic::playback);
  const auto begun = static_cast<double>(stalled.size());
  const auto delays = incidence_of(starts);
  add_quantiles(out, "startup_delay", "Startup delay", delays);
  out.add("playbacks_begun_share", "Playbacks that began", unit::share, better::higher,
          ratio(begun, static_cast<double>(starts.size())));
  out.headline("stalled_share", "Playbacks that stood still", unit::share, better::lower,
               ratio(disturbed, begun));
  out.headline("stalls_per_playback", "Stalls in a playback", unit::count, better::lower,
               ratio(stalls, begun));
  std::sort(stalled.begin(), stalled.end());
  for (const auto& q : shown_quantiles)
    out.add(std::string("stalled_time.") + q.name, std::string("Time stood still, ") + q.text,
            unit::seconds, better::lower, quantile(stalled, q.q), {q.q == 0.95, centre::mean});
  distributions.push_back({"startup_delay", "Startup delay",
                           "Share of all playbacks wanted that began within a time.",
                           thinned(delays, max_curve_points)});
  distributions.push_back({"stalled_time", "Time stood still",
                           "Share of playbacks begun that stood still for no longer than a time.",
                           thinned(shares_of(stalled), max_curve_points)});
}

} // namespace

void measure_requests(const plan&, const run_record& r, sheet& out) {
  double satisfied = 0, by_other = 0, failed = 0, unfinished = 0, own_bytes = 0, other_bytes = 0;
  for (const auto& q : r.requests) {
    own_bytes += static_cast<double>(q.from_own);
    other_bytes += static_cast<double>(q.from_other);
    switch (q.end) {
    case outcome::satisfied:
      ++satisfied;
      by_other += q.from_other > 0 ? 1 : 0;
      break;
    case outcome::failed: ++failed; break;
    case outcome::unfinished: ++unfinished; break;
    }
  }
  const auto all = static_cast<double>(r.requests.size());
  out.begin(topic::requests);
  out.add("requests", "Requests", unit::count, better::neither, all);
  out.headline("satisfied_share", "Requests satisfied", unit::share, better::higher,
               ratio(satisfied, all));
  out.headline("satisfied_by_other_share", "Requests satisfied with bytes of another overlay",
               unit::share, better::neither, ratio(by_other, all));
  out.headline("failed_share", "Requests failed", unit::share, better::lower, ratio(failed, all));
  out.add("unfinished_share", "Requests still running at the end", unit::share, better::neither,
          ratio(unfinished, all));
  out.headline("delivered_bytes", "Content delivered to requests", unit::bytes, better::higher,
               own_bytes + other_bytes);
  out.add("delivered_by_other_share", "Delivered content that came from another overlay",
          unit::share, better::neither, ratio(other_bytes, own_bytes + other_bytes));
}

void measure_times(const plan& p, const run_record& r, sheet& out,
                   std::vector<distribution>& distributions) {
  const auto first = incidence_of(watch(p, r, [](const auto& q) { return q.first_byte; }));
  const auto whole = incidence_of(
      watch(p, r, [](const auto& q) { return q.end == outcome::satisfied ? q.finished : never; }));
  std::vector<double> satisfied;
  for (std::size_t i = 0; i < r.requests.size(); ++i)
    if (r.requests[i].end == outcome::satisfied)
      satisfied.push_back(r.requests[i].finished - p.requests[i].at);
  out.begin(topic::times);
  add_quantiles(out, "first_byte", "Time to first byte", first);
  add_quantiles(out, "download_time", "Download time", whole);
  add_quantiles_of_some(out, "download_time_of_satisfied", "Download time of satisfied requests",
                        std::move(satisfied));
  distributions.push_back({"first_byte", "Time to first byte",
                           "Share of all requests that had their first byte within a time.",
                           thinned(first, max_curve_points)});
  distributions.push_back({"download_time", "Download time",
                           "Share of all requests that were satisfied within a time.",
                           thinned(whole, max_curve_points)});
  measure_playback(p, r, out, distributions);
}

} // namespace interswarm::compare
