#include "modes/compare/measure/sheet.hpp"
#include "schema/base/encoding.hpp"

#include <cmath>

namespace interswarm::compare {

namespace {

/// A name of one of the plan's lists, or its number where the list does not have it.
template <class List>
std::string name_in(const List& list, std::uint32_t index) {
  return index < list.size() ? printable(list[index].name, 64) : std::to_string(index);
}

std::string label_of(const plan& p, const fault_plan& f) {
  switch (f.kind) {
  case fault_kind::tracker: return "tracker of " + name_in(p.overlays, f.target) + " down";
  case fault_kind::bridge: return "bridge node of " + name_in(p.overlays, f.target) + " down";
  case fault_kind::access: return "access node of " + name_in(p.overlays, f.target) + " down";
  case fault_kind::storage_node: return "storage node " + std::to_string(f.target) + " down";
  case fault_kind::origin: return "origins of " + name_in(p.domains, f.target) + " down";
  case fault_kind::domain_cut: return name_in(p.domains, f.target) + " cut off";
  case fault_kind::slow_path:
    return name_in(p.domains, f.target) + " to " + name_in(p.domains, f.other) + " at " +
           std::to_string(std::lround(f.factor * 100)) + " %";
  }
  return "fault";
}

/// Of the requests made while it lasted.
std::optional<double> satisfied_during(const plan& p, const run_record& r, const interval& when) {
  double made = 0, satisfied = 0;
  for (std::size_t i = 0; i < p.requests.size(); ++i) {
    if (p.requests[i].at < when.begin || p.requests[i].at >= when.end) continue;
    ++made;
    satisfied += r.requests[i].end == outcome::satisfied ? 1 : 0;
  }
  return ratio(satisfied, made);
}

/// Bytes a second that requests received while it lasted: from the last sample before its begin to
/// the first one behind its end.
std::optional<double> received_during(const run_record& r, const interval& when) {
  const sample* first = nullptr;
  const sample* last = nullptr;
  for (const auto& s : r.samples) {
    if (s.at <= when.begin || first == nullptr) first = &s;
    last = &s;
    if (s.at >= when.end) break;
  }
  if (first == nullptr || last->at <= first->at) return std::nullopt;
  return static_cast<double>(last->received - first->received) / (last->at - first->at);
}

/// Of the requests made while it lasted: how long those took at the median that came through.
double download_during(const plan& p, const run_record& r, const interval& when) {
  std::vector<watched> seen;
  for (std::size_t i = 0; i < p.requests.size(); ++i) {
    const auto at = p.requests[i].at;
    if (at < when.begin || at >= when.end) continue;
    const bool satisfied = r.requests[i].end == outcome::satisfied;
    seen.push_back({satisfied ? r.requests[i].finished - at : never, r.duration - at});
  }
  return quantile_of(incidence_of(seen), 0.5);
}

} // namespace

std::vector<fault_span> fault_spans(const plan& p) {
  std::vector<fault_span> out;
  for (const auto& f : p.faults) out.push_back({label_of(p, f), f.when});
  return out;
}

void measure_faults(const plan& p, const run_record& r, sheet& out) {
  out.begin(topic::faults);
  const auto spans = fault_spans(p);
  for (std::size_t i = 0; i < spans.size(); ++i) {
    const auto name = "fault." + std::to_string(i + 1);
    const auto begin = "Fault " + std::to_string(i + 1) + ": ";
    const auto end = " (" + spans[i].label + ")";
    const auto satisfied = satisfied_during(p, r, spans[i].when);
    const bool headline = i < max_headline_faults;
    out.add(name + ".satisfied_share", begin + "satisfied of those made meanwhile" + end,
            unit::share, better::higher, satisfied, {headline, centre::mean});
    out.add(name + ".download_time.p50", begin + "their download time, median" + end, unit::seconds,
            better::lower,
            satisfied ? std::optional(download_during(p, r, spans[i].when)) : std::nullopt);
    out.add(name + ".received_bytes_per_second", begin + "received each second" + end, unit::bytes,
            better::higher, received_during(r, spans[i].when));
    // One that lasts to the end is never recovered from in the run.
    const bool ends = spans[i].when.end < r.duration;
    out.add(name + ".recovery_time", begin + "time to recover" + end, unit::seconds, better::lower,
            ends ? std::optional(r.recovered_after[i]) : std::nullopt, {headline, centre::median});
  }
}

} // namespace interswarm::compare
