#include "modes/compare/measure/comparison.hpp"

#include <algorithm>

namespace interswarm::compare {

namespace {

std::vector<fact> sizes_of(const plan& p) {
  std::uint64_t bytes = 0, held = 0, shielded = 0, playbacks = 0;
  for (const auto& c : p.contents) bytes += c.size;
  for (const auto& q : p.peers) {
    held += q.holds.size();
    shielded += q.behind_nat ? 1 : 0;
  }
  for (const auto& q : p.requests) playbacks += q.playback > 0 ? 1 : 0;
  const auto text = [](auto n) { return std::to_string(n); };
  return {{"domains", text(p.domains.size())},
          {"overlays", text(p.overlays.size())},
          {"peers", text(p.peers.size()) + ", " + text(shielded) + " of them behind NAT"},
          {"contents", text(p.contents.size()) + ", " + text(bytes >> 20U) + " MiB together"},
          {"copies at peers at the start", text(held)},
          {"requests", text(p.requests.size()) + ", " + text(playbacks) + " of them played back"},
          {"faults", text(p.faults.size())},
          {"simulated or real time", text(static_cast<std::uint64_t>(p.duration)) + " s"}};
}

} // namespace

variant_summary compare_runs(std::string label, std::optional<double> at, const plan& like,
                             std::vector<run_summary> runs) {
  // The order of a pool that runs several at once must not show.
  std::stable_sort(runs.begin(), runs.end(), [](const auto& a, const auto& b) {
    return std::pair(a.how, a.repetition) < std::pair(b.how, b.repetition);
  });
  variant_summary out{.label = std::move(label),
                      .at = at,
                      .duration = like.duration,
                      .faults = fault_spans(like),
                      .drawn = sizes_of(like),
                      .runs = std::move(runs)};
  out.verdicts = verdicts_of(out.runs);
  return out;
}

} // namespace interswarm::compare
