#include "modes/compare/experiment/keys.hpp"
#include "modes/compare/experiment/limits.hpp"
#include "modes/compare/experiment/units.hpp"
#include "schema/base/encoding.hpp"

#include <algorithm>
#include <cmath>

namespace interswarm::compare {

std::uint32_t experiment::content_count() const {
  auto out = contents.count;
  for (const auto& group : groups) out += group.count;
  return out;
}

namespace keys {

namespace {

std::uint64_t all_peers(const experiment& e) {
  std::uint64_t out = 0;
  for (const auto& o : e.overlays) out += o.peers.count;
  return out;
}

void check_contents(config_reader& file, const experiment& e) {
  std::uint64_t count = e.contents.count;
  for (const auto& group : e.groups) count += group.count;
  if (count < 1 || count > limits::contents)
    file.reject("contents", "1 to " + std::to_string(limits::contents) +
                                " contents are wanted, not " + std::to_string(count));
  std::uint32_t holding = 0;
  for (const auto& o : e.overlays) holding += o.contents > 0 ? 1 : 0;
  if (e.contents.count > 0 && holding == 0)
    file.reject("contents", "no overlay holds any; give one a weight: [overlay.NAME] contents");
  const bool overlap = e.contents.count > 0 && e.contents.overlap > 0;
  if (overlap && holding < e.contents.overlap_in)
    file.reject("contents", "overlap is in " + std::to_string(e.contents.overlap_in) +
                                " overlays, but only " + std::to_string(holding) +
                                " hold contents; set overlap = 0 or overlap_in");
}

void check_seeders(config_reader& file, const experiment& e) {
  const auto enough = [&](const char* key, const overlay_setup& o, std::uint32_t seeders) {
    if (o.peers.count >= seeders) return;
    file.reject(key, std::to_string(seeders) + " seeders are wanted in " + o.name +
                         ", which has only " + std::to_string(o.peers.count) + " peers");
  };
  for (const auto& o : e.overlays) {
    if (o.contents > 0 && e.contents.count > 0) enough("contents", o, e.contents.seeders);
  }
  double holdings = 1.0 * e.contents.count * e.contents.seeders *
                    (1 + e.contents.overlap * (e.contents.overlap_in - 1));
  for (const auto& group : e.groups) {
    for (const auto o : group.held_by) enough("content", e.overlays[o], group.seeders);
    holdings += 1.0 * group.count * group.seeders * static_cast<double>(group.held_by.size());
  }
  if (holdings > static_cast<double>(limits::holdings))
    file.reject("contents", "about " + text_of(std::floor(holdings)) +
                                " copies would be held at the start; at most " +
                                std::to_string(limits::holdings) +
                                " are possible: lower count or seeders");
}

void check_sessions(config_reader& file, const experiment& e) {
  double sessions = 0;
  for (const auto& o : e.overlays) {
    if (!o.peers.session) continue;
    const auto cycle = running_time(*o.peers.session).mean() + running_time(*o.peers.pause).mean();
    sessions += o.peers.count * (1 + e.duration / cycle);
  }
  if (sessions > limits::sessions)
    file.reject("peers", "about " + text_of(std::floor(sessions)) + " times online; at most " +
                             text_of(limits::sessions) +
                             " are possible: longer sessions, fewer peers or a shorter duration");
}

void check_requests(config_reader& file, const experiment& e) {
  double requests = e.traced ? static_cast<double>(e.traced->rows.size()) : 0;
  for (const auto& o : e.overlays) {
    if (e.poisson)
      requests +=
          o.peers.count * o.demand.requests_per_hour / 3600 * (e.demand.end - e.demand.begin);
  }
  for (const auto& crowd : e.crowds) {
    requests += crowd.requests;
    if (crowd.content >= e.content_count())
      file.reject("crowd", "content " + std::to_string(crowd.content) + " is wanted of only " +
                               std::to_string(e.content_count()) + ", numbered from 0");
  }
  if (!(requests > 0)) file.reject("demand", "nobody would ask for anything");
  if (requests > limits::requests)
    file.reject("demand", "about " + text_of(std::floor(requests)) + " requests; at most " +
                              text_of(limits::requests) +
                              " are possible: lower requests_per_hour, peers or duration");
}

/// What has no bound cannot be slower.
void check_slow_paths(config_reader& file, const experiment& e) {
  const auto n = e.domains.size();
  for (const auto& f : e.faults) {
    if (f.kind != fault_kind::slow_path) continue;
    const auto there = e.paths[f.target * n + f.other].rate;
    const auto back = e.paths[f.other * n + f.target].rate;
    if (there == never && back == never)
      file.reject("fault", "a path with unlimited rate cannot become slow; give the one between " +
                               e.domains[f.target].name + " and " + e.domains[f.other].name +
                               " a rate: [network.between] or [[path]]");
  }
}

void check_trace(config_reader& file, const experiment& e) {
  if (!e.traced) return;
  const auto wrong = [&](const trace::row& r, const std::string& why) {
    file.reject("demand", printable(e.traced->file) + ":" + std::to_string(r.line) + ": " + why);
  };
  std::vector<const overlay_setup*> overlays;
  for (const auto& name : e.traced->overlays) {
    const auto at = std::find_if(e.overlays.begin(), e.overlays.end(),
                                 [&](const auto& o) { return o.name == name; });
    overlays.push_back(at == e.overlays.end() ? nullptr : &*at);
  }
  for (const auto& r : e.traced->rows) {
    const auto* o = overlays[r.overlay];
    if (o == nullptr) {
      return wrong(r, "there is no overlay \"" + printable(e.traced->overlays[r.overlay]) + "\"");
    } else if (r.peer != trace::any_peer && r.peer >= o->peers.count) {
      return wrong(r, o->name + " has only " + std::to_string(o->peers.count) +
                          " peers, numbered from 0");
    } else if (r.content >= e.content_count()) {
      return wrong(r, "there are only " + std::to_string(e.content_count()) +
                          " contents, numbered from 0");
    } else if (r.at >= e.duration) {
      return wrong(r, "after the end of the experiment; a longer duration is wanted");
    }
  }
}

} // namespace

void check_together(config_reader& file, const experiment& e) {
  if (file.failed()) return; // what follows works with values within their bounds
  if (all_peers(e) > limits::peers)
    file.reject("peers", "at most " + std::to_string(limits::peers) +
                             " peers in all overlays together, not " +
                             std::to_string(all_peers(e)));
  check_contents(file, e);
  check_seeders(file, e);
  check_sessions(file, e);
  check_requests(file, e);
  check_slow_paths(file, e);
  check_trace(file, e);
}

} // namespace keys

} // namespace interswarm::compare
