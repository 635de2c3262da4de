#include "modes/compare/sim/faults.hpp"

namespace interswarm::compare {

faults::faults(world& w, transport& t, swarms& s, bridge_model* bridges, soa_store* store,
               soa_access* access)
    : world_(w), transport_(t), swarms_(s), bridges_(bridges), store_(store), access_(access),
      active_(w.setting.faults.size()) {}

void faults::begin() {
  for (std::uint32_t i = 0; i < world_.setting.faults.size(); ++i) {
    const auto& when = world_.setting.faults[i].when;
    world_.events.add(when.begin, *this, {0, i, 0});
    if (when.end < never) world_.events.add(when.end, *this, {1, i, 0});
  }
}

void faults::happen(const occasion& o) {
  const auto& f = world_.setting.faults[o.which];
  const bool ends = o.what == 1;
  active_[o.which] = !ends;
  if (f.kind == fault_kind::slow_path) {
    slow(f);
    return;
  }
  auto& count = in_force_[{f.kind, f.target}];
  count += ends ? -1 : 1;
  if (count == (ends ? 0U : 1U)) change(f, ends);
  swarms_.settle();
}

void faults::change(const fault_plan& f, bool ends) {
  switch (f.kind) {
  case fault_kind::tracker: world_.tracker_up[f.target] = ends; return;
  case fault_kind::bridge:
    if (bridges_ == nullptr) return;
    world_.nodes[world_.server_of(f.target)].up = ends;
    ends ? bridges_->came_up(f.target) : bridges_->went_down(f.target);
    break;
  case fault_kind::access:
    if (access_ == nullptr) return;
    world_.nodes[world_.server_of(f.target)].up = ends;
    ends ? access_->came_up(f.target) : access_->went_down(f.target);
    break;
  case fault_kind::storage_node:
    if (store_ == nullptr) return;
    world_.nodes[world_.storage(f.target)].up = ends;
    ends ? store_->came_up(f.target) : store_->went_down(f.target);
    ends ? access_->storage_came_up(f.target) : access_->storage_went_down(f.target);
    break;
  case fault_kind::origin:
    if (store_ == nullptr) return;
    world_.nodes[world_.origin(f.target)].up = ends;
    break;
  case fault_kind::domain_cut: world_.cut(f.target, !ends); break;
  default: return;
  }
  if (!ends) transport_.break_unreachable();
}

/// Both ways; of several at once the slowest counts.
void faults::slow(const fault_plan& f) {
  double factor = 1;
  for (std::size_t i = 0; i < active_.size(); ++i) {
    const auto& other = world_.setting.faults[i];
    const bool same = other.kind == fault_kind::slow_path &&
                      ((other.target == f.target && other.other == f.other) ||
                       (other.target == f.other && other.other == f.target));
    if (active_[i] && same) factor = std::min(factor, other.factor);
  }
  for (const auto& [from, to] : {std::pair(f.target, f.other), std::pair(f.other, f.target)}) {
    if (const auto l = world_.path_link(from, to); l != no_link)
      world_.network.set_rate(l, world_.setting.path(from, to).rate * factor);
  }
}

} // namespace interswarm::compare
