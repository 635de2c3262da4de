#include "modes/compare/experiment/drawing.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_set>

namespace interswarm::compare {

namespace {

std::uint32_t part_of(double share, std::uint32_t n) {
  return static_cast<std::uint32_t>(std::floor(share * n + 0.5));
}

} // namespace

void drawing::draw_contents() {
  held_in_.resize(e_.overlays.size());
  for (const auto& group : e_.groups) {
    for (std::uint32_t i = 0; i < group.count; ++i) {
      const auto c = static_cast<content_id>(out_.contents.size());
      out_.contents.push_back(
          {static_cast<std::uint64_t>(group.size), group.published, group.origin});
      for (const auto o : group.held_by) give(c, o, group.seeders);
    }
  }
  const auto& setup = e_.contents;
  const auto first = static_cast<content_id>(out_.contents.size());
  for (std::uint32_t i = 0; i < setup.count; ++i) {
    const auto size = setup.sizes.empty()
                          ? quantile(setup.size, random_stream(seed_, concern::size, i).uniform())
                          : setup.sizes[i % setup.sizes.size()];
    out_.contents.push_back({static_cast<std::uint64_t>(std::floor(size + 0.5)), false,
                             setup.origins[i % setup.origins.size()]});
  }
  const auto order = random_order(seed_, concern::published, 0, setup.count);
  const auto published = part_of(setup.published, setup.count);
  for (std::uint32_t rank = 0; rank < published; ++rank)
    out_.contents[first + order[rank]].published = true;
  if (setup.count > 0) draw_homes(first);
  for (auto& p : out_.peers) {
    if (setup.seeders_stay && !p.holds.empty()) p.online = {{0, never}};
  }
}

/// Each overlay is home to its part, to the content, and so many are held in several. With more
/// overlap the same contents are, and others.
void drawing::draw_homes(content_id first) {
  const auto n = e_.contents.count;
  std::vector<double> sums;
  double sum = 0;
  for (const auto& o : e_.overlays) sums.push_back(sum += o.contents);
  const auto home_order = random_order(seed_, concern::home, 0, n);
  std::vector<overlay_id> home(n);
  for (std::uint32_t rank = 0; rank < n; ++rank)
    home[home_order[rank]] = static_cast<overlay_id>(pick(sums, (rank + 0.5) / n));

  std::vector<bool> in_several(n, false);
  const auto overlap_order = random_order(seed_, concern::overlap, 0, n);
  const auto overlapped = part_of(e_.contents.overlap, n);
  for (std::uint32_t rank = 0; rank < overlapped; ++rank) in_several[overlap_order[rank]] = true;

  std::vector<std::pair<std::uint64_t, overlay_id>> others;
  for (std::uint32_t i = 0; i < n; ++i) {
    give(first + i, home[i], e_.contents.seeders);
    if (!in_several[i]) continue;
    others.clear();
    for (overlay_id o = 0; o < e_.overlays.size(); ++o) {
      if (o != home[i] && e_.overlays[o].contents > 0)
        others.emplace_back(random_key(seed_, concern::other_home, i, o), o);
    }
    std::sort(others.begin(), others.end());
    for (std::uint32_t k = 0; k + 1 < e_.contents.overlap_in; ++k)
      give(first + i, others[k].second, e_.contents.seeders);
  }
}

/// The first so many different peers that come up: with more of them the same ones have it, and
/// others.
void drawing::give(content_id c, overlay_id o, std::uint32_t seeders) {
  held_in_[o].push_back(c);
  const auto peers = end_of(o) - begin_of(o);
  random_stream choice(seed_, concern::holder, c, o);
  std::unordered_set<std::uint32_t> chosen;
  while (chosen.size() < seeders) {
    const auto i = static_cast<std::uint32_t>(choice.below(peers));
    if (chosen.insert(i).second) out_.peers[begin_of(o) + i].holds.push_back(c);
  }
}

} // namespace interswarm::compare
