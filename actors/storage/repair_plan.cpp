#include "actors/storage/repair_plan.hpp"

#include <algorithm>

namespace interswarm::storage {

namespace {

std::vector<placement_node> nodes_of(const std::vector<repair_member>& members) {
  std::vector<placement_node> out;
  for (const auto& m : members) out.push_back(m.node);
  return out;
}

} // namespace

repair_plan::repair_plan(std::vector<repair_member> members, std::size_t copies)
    : members_(std::move(members)), copies_(copies), placement_(nodes_of(members_)) {}

std::vector<chunk_name> repair_plan::at_home(const std::vector<chunk_name>& chunks,
                                             std::size_t member) const {
  std::vector<chunk_name> out;
  for (const auto& c : chunks) {
    const auto homes = placement_.place(c, copies_);
    if (std::find(homes.begin(), homes.end(), member) != homes.end()) out.push_back(c);
  }
  return out;
}

repair_plan::orders repair_plan::of(const chunk_name& chunk, const std::set<std::size_t>& good,
                                    const std::set<std::size_t>& full) const {
  // All members, each domain once before any of them again; the first are the homes.
  const auto order = placement_.place(chunk, members_.size());
  const auto homes = std::min(copies_, order.size());
  orders out;
  out.lost = good.empty();
  std::set<std::size_t> keep;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto m = order[i];
    const bool has = good.contains(m);
    // Whoever is away is taken to have what belongs there.
    const bool counts = has || (i < homes && !members_[m].here);
    if (keep.size() < homes && counts) {
      keep.insert(m);
    } else if (keep.size() < homes && !full.contains(m) && members_[m].here) {
      keep.insert(m);
      out.put.push_back(m);
    } else if (keep.size() >= homes && !has && !full.contains(m) && members_[m].here) {
      out.spare.push_back(m);
    }
  }
  if (out.lost) out.put.clear();
  const bool sure =
      out.put.empty() && !out.lost &&
      std::all_of(keep.begin(), keep.end(), [this](std::size_t m) { return members_[m].here; });
  for (const auto m : good) {
    if (sure && !keep.contains(m)) out.remove.push_back(m);
  }
  return out;
}

} // namespace interswarm::storage
