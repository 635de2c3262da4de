#pragma once

#include "modes/compare/measure/comparison.hpp"

#include <string>
#include <utility>

namespace interswarm::compare {

/// Two solutions; differences are the second's minus the first's.
using contest = std::pair<solution, solution>;

/// What the verdict of one metric is called, in tables for people.
struct wording {
  /// "soa", "equal", "open" (which one is not clear), or nothing to be judged: empty.
  std::string better;
  /// "34 % less (1.2 GiB)".
  std::string by;
  /// "−1.4 to −1.0 GiB" with 95 % certainty, or why there is none.
  std::string interval;
  certainty sure = certainty::too_few;
};
wording wording_of(const verdict& v, const contest& between);

/// "soa −34 %", "open", "equal", "–": for a cell of a sweep.
std::string short_wording_of(const verdict& v, const contest& between);

/// How many judged headline figures go to whom.
struct tally {
  std::size_t first = 0;
  std::size_t second = 0;
  std::size_t open = 0;
  std::size_t equal = 0;
  std::size_t too_few = 0;
  std::size_t judged() const { return first + second + open + equal + too_few; }
};
tally tally_of(const std::vector<verdict>& verdicts, const contest& between);
/// "Of 20 judged figures, soa is clearly better at 9, bridge at 7; 4 are open."
std::string sentence_of(const tally& t, const contest& between);

/// "Against no integration, bridge is clearly better at 8 and worse at 9 figures; soa ..."; empty
/// where that cannot be said.
std::string against_none(const variant_summary& v);

/// The judged headline metrics of all variants, by topic.
std::vector<metric> judged_metrics(const comparison& c);
/// A variant's verdict on one metric; nothing if it has none.
const verdict* verdict_on(const variant_summary& v, const std::string& name);

/// A variant's label without the swept key where it begins with that: "0.25".
std::string short_label(const comparison& c, const variant_summary& v);

/// The solutions that were run, in order.
std::vector<solution> solutions_of(const variant_summary& v);
/// The repetitions of one variant.
std::size_t repetitions_of(const variant_summary& v);

} // namespace interswarm::compare
