#include "modes/compare/report/figures.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

namespace interswarm::compare {

namespace {

using reading = std::function<double(const sample&)>;
/// Of one run, at a time.
using history = std::function<double(const run_summary&, double)>;

constexpr std::size_t time_points = 60;
constexpr std::size_t share_points = 120;

std::vector<const run_summary*> runs_of(const variant_summary& v, solution s) {
  std::vector<const run_summary*> out;
  for (const auto& r : v.runs)
    if (r.how == s) out.push_back(&r);
  return out;
}

/// Between two samples on the line that joins them; before the first one that one.
double read_at(const run_summary& r, const reading& what, double at) {
  const auto& all = r.samples;
  const auto next = std::lower_bound(all.begin(), all.end(), at,
                                     [](const sample& s, double t) { return s.at < t; });
  if (next == all.end()) return all.empty() ? 0 : what(all.back());
  if (next == all.begin()) return what(*next);
  const auto& before = *std::prev(next);
  return what(before) + (what(*next) - what(before)) * (at - before.at) / (next->at - before.at);
}

/// Mean, lowest and highest of the runs at each place.
std::vector<chart_line> lines_of(const variant_summary& v, const std::vector<double>& places,
                                 const history& value) {
  std::vector<chart_line> out;
  for (const auto s : all_solutions) {
    const auto runs = runs_of(v, s);
    if (runs.empty()) continue;
    chart_line l{.how = s, .x = places, .y = {}, .low = {}, .high = {}};
    for (const double x : places) {
      double sum = 0, low = never, high = -never;
      for (const auto* r : runs) {
        const double y = value(*r, x);
        sum += y;
        low = std::min(low, y);
        high = std::max(high, y);
      }
      l.y.push_back(sum / static_cast<double>(runs.size()));
      if (runs.size() < 2) continue;
      l.low.push_back(low);
      l.high.push_back(high);
    }
    out.push_back(std::move(l));
  }
  return out;
}

bool shows_anything(const line_chart& c) {
  return std::any_of(c.lines.begin(), c.lines.end(), [](const chart_line& l) {
    return std::any_of(l.y.begin(), l.y.end(), [](double y) { return y > 0; });
  });
}

/// The time that all runs have samples of, in equal parts.
std::vector<double> times_of(const variant_summary& v) {
  double begin = 0, end = never;
  std::size_t points = time_points;
  for (const auto& r : v.runs) {
    if (r.samples.size() < 2) return {};
    begin = std::max(begin, r.samples.front().at);
    end = std::min(end, r.samples.back().at);
    points = std::min(points, r.samples.size() - 1);
  }
  if (v.runs.empty() || !(end > begin)) return {};
  std::vector<double> out;
  for (std::size_t i = 0; i <= points; ++i)
    out.push_back(begin + (end - begin) * static_cast<double>(i) / static_cast<double>(points));
  return out;
}

struct series {
  const char* title;
  const char* description;
  unit of;
  const char* suffix;
  bool a_rate;
  double (*read)(const sample&);
};

constexpr series all_series[] = {
    {"Content received by requests", "Bytes that requests received, each second.", unit::bytes,
     "/s", true, [](const sample& s) { return static_cast<double>(s.received); }},
    {"Content received from other overlays",
     "Bytes that requests received through bridge or access nodes, each second.", unit::bytes, "/s",
     true, [](const sample& s) { return static_cast<double>(s.crossed); }},
    {"Requests satisfied", "Requests satisfied since the start.", unit::count, "requests", false,
     [](const sample& s) { return static_cast<double>(s.satisfied); }},
    {"Requests failed", "Requests failed since the start.", unit::count, "requests", false,
     [](const sample& s) { return static_cast<double>(s.failed); }},
    {"Requests running", "Requests being served at each time.", unit::count, "requests", false,
     [](const sample& s) { return static_cast<double>(s.running); }},
    {"Bytes kept by servers", "Spools, storage nodes and caches at each time.", unit::bytes, "",
     false, [](const sample& s) { return static_cast<double>(s.stored); }},
    {"Missing copies", "Chunks that have fewer copies than wanted, until they are repaired.",
     unit::count, "copies", false,
     [](const sample& s) { return static_cast<double>(s.missing_copies); }}};

line_chart chart_of(const variant_summary& v, const series& s, const std::vector<double>& times) {
  line_chart out{.title = s.title,
                 .description = s.description,
                 .note = s.description,
                 .kind = chart_kind::lines,
                 .x_label = "time since the start",
                 .x_unit = unit::seconds,
                 .x_range = interval{0, times.back()},
                 .y_unit = s.of,
                 .y_suffix = s.suffix,
                 .faults = v.faults};
  if (!s.a_rate) {
    out.lines =
        lines_of(v, times, [&](const run_summary& r, double at) { return read_at(r, s.read, at); });
    return out;
  }
  // In the middle of each part what was added in it.
  const double half = (times[1] - times[0]) / 2;
  std::vector<double> middles;
  for (std::size_t i = 0; i + 1 < times.size(); ++i) middles.push_back(times[i] + half);
  out.lines = lines_of(v, middles, [&](const run_summary& r, double at) {
    return (read_at(r, s.read, at + half) - read_at(r, s.read, at - half)) / (2 * half);
  });
  return out;
}

const curve* curve_of(const run_summary& r, const std::string& name) {
  for (const auto& d : r.distributions)
    if (d.name == name) return &d.shares;
  return nullptr;
}

/// A step at each x: what the last one before says.
double share_at(const curve* c, double x) {
  if (c == nullptr) return 0;
  const auto next = std::upper_bound(c->x.begin(), c->x.end(), x);
  return next == c->x.begin() ? 0 : c->y[static_cast<std::size_t>(next - c->x.begin()) - 1];
}

line_chart chart_of(const variant_summary& v, const distribution& d) {
  double low = never, high = 0;
  for (const auto& r : v.runs) {
    const auto* c = curve_of(r, d.name);
    if (c == nullptr) continue;
    for (const double x : c->x) {
      if (x > 0) low = std::min(low, x);
      high = std::max(high, x);
    }
  }
  line_chart out{.title = d.label,
                 .description = d.meaning,
                 .note = d.meaning,
                 .kind = chart_kind::lines,
                 .x_label = "within",
                 .x_unit = unit::seconds,
                 .x_logarithmic = high / low > 50,
                 .y_unit = unit::share,
                 .y_high = 1};
  if (high <= 0) return out;
  low = std::max(low, high / 1e5);
  std::vector<double> places;
  for (std::size_t i = 0; i <= share_points; ++i) {
    const double part = static_cast<double>(i) / share_points;
    // The last one is exact: what comes with it counts.
    places.push_back(i == share_points   ? high
                     : out.x_logarithmic ? low * std::pow(high / low, part)
                                         : high * part);
  }
  out.lines = lines_of(
      v, places, [&](const run_summary& r, double x) { return share_at(curve_of(r, d.name), x); });
  return out;
}

} // namespace

std::vector<line_chart> time_charts(const variant_summary& v) {
  std::vector<line_chart> out;
  const auto times = times_of(v);
  if (times.size() < 2) return out;
  for (const auto& s : all_series) {
    auto c = chart_of(v, s, times);
    if (shows_anything(c)) out.push_back(std::move(c));
  }
  return out;
}

std::vector<line_chart> distribution_charts(const variant_summary& v) {
  std::vector<line_chart> out;
  for (const auto& r : v.runs) {
    for (const auto& d : r.distributions) {
      const bool drawn = std::any_of(out.begin(), out.end(),
                                     [&](const line_chart& c) { return c.title == d.label; });
      if (drawn) continue;
      auto c = chart_of(v, d);
      if (shows_anything(c)) out.push_back(std::move(c));
    }
  }
  return out;
}

} // namespace interswarm::compare
