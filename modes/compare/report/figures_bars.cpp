#include "modes/compare/report/figures.hpp"

#include <algorithm>
#include <cmath>

namespace interswarm::compare {

namespace {

constexpr std::size_t most_groups = 8;

double largest_of(const bar_group& g) {
  double out = 0;
  for (const auto& [how, e] : g.bars) out = std::max(out, std::abs(e.at));
  return out;
}

bar_group group_of(const verdict& v, std::string label) { return {std::move(label), v.figures}; }

bar_chart named(const variant_summary& v, std::string title, std::string description, unit of,
                std::initializer_list<std::string_view> names) {
  bar_chart out{.title = std::move(title), .description = std::move(description), .of = of};
  for (const auto name : names)
    for (const auto& x : v.verdicts)
      if (x.what.name == name && !x.figures.empty())
        out.groups.push_back(group_of(x, x.what.label));
  return out;
}

/// The largest ones of those whose names begin and end so, without the words with which all their
/// labels begin.
bar_chart matching(const variant_summary& v, std::string title, std::string description, unit of,
                   std::string_view begin, std::string_view end, std::string_view words) {
  bar_chart out{.title = std::move(title), .description = std::move(description), .of = of};
  for (const auto& x : v.verdicts) {
    const std::string_view name = x.what.name;
    if (!name.starts_with(begin) || !name.ends_with(end) || x.figures.empty() ||
        name.size() <= begin.size() + end.size())
      continue;
    const auto& label = x.what.label;
    out.groups.push_back(
        group_of(x, label.starts_with(words) ? label.substr(words.size()) : label));
  }
  std::stable_sort(out.groups.begin(), out.groups.end(),
                   [](const auto& a, const auto& b) { return largest_of(a) > largest_of(b); });
  if (out.groups.size() > most_groups) {
    out.description += " The largest " + std::to_string(most_groups) + " of " +
                       std::to_string(out.groups.size()) + ".";
    out.groups.resize(most_groups);
  }
  return out;
}

/// One group for each fault, in the order of the faults.
bar_chart by_fault(const variant_summary& v, std::string title, std::string description, unit of,
                   std::string_view end) {
  bar_chart out{.title = std::move(title), .description = std::move(description), .of = of};
  for (std::size_t i = 0; i < std::min(v.faults.size(), most_groups); ++i) {
    const auto name = "fault." + std::to_string(i + 1) + std::string(end);
    for (const auto& x : v.verdicts)
      if (x.what.name == name && !x.figures.empty())
        out.groups.push_back(group_of(x, "F" + std::to_string(i + 1) + " " + v.faults[i].label));
  }
  return out;
}

} // namespace

std::vector<bar_chart> bar_charts(const variant_summary& v) {
  std::vector<bar_chart> all{
      named(v, "Who sent the bytes", "Content sent by each kind of node.", unit::bytes,
            {"peer_bytes", "bridge_bytes", "access_bytes", "storage_bytes", "origin_bytes"}),
      named(v, "Where the bytes went", "Content sent, by what it crossed.", unit::bytes,
            {"within_overlays_bytes", "across_overlays_bytes", "storage_links_bytes",
             "across_domains_bytes"}),
      named(v, "What servers keep", "Bytes on spools, storage nodes and in caches.", unit::bytes,
            {"stored_peak_bytes", "stored_bytes", "duplicate_bytes"}),
      named(v, "What it costs", "In the unit of the experiment's prices.", unit::price,
            {"traffic_price", "storage_price"}),
      matching(v, "Chargeable traffic", "Bytes from one overlay, or storage, to another.",
               unit::bytes, "charged.", "", "Chargeable traffic from "),
      matching(v, "Control messages", "Bytes of each kind of message.", unit::bytes, "messages.",
               ".bytes", "Bytes of messages: "),
      by_fault(v, "Requests made during a fault", "Share of them that was satisfied.", unit::share,
               ".satisfied_share"),
      by_fault(v, "Recovery from a fault",
               "Time from its end until requests are satisfied as fast as before.", unit::seconds,
               ".recovery_time")};
  std::vector<bar_chart> out;
  for (auto& c : all) {
    if (c.of != unit::share && c.of != unit::seconds)
      std::erase_if(c.groups, [](const bar_group& g) { return largest_of(g) == 0; });
    if (!c.groups.empty()) out.push_back(std::move(c));
  }
  return out;
}

} // namespace interswarm::compare
