#include "modes/compare/live/fault_desk.hpp"

#include <algorithm>
#include <optional>

namespace interswarm::compare {

namespace {

/// Nothing for faults of the network.
std::optional<site_role> role_of(fault_kind kind) {
  switch (kind) {
  case fault_kind::tracker: return site_role::tracker;
  case fault_kind::bridge: return site_role::bridge;
  case fault_kind::access: return site_role::access;
  case fault_kind::storage_node: return site_role::storage;
  case fault_kind::origin:
  case fault_kind::domain_cut:
  case fault_kind::slow_path: break;
  }
  return std::nullopt;
}

} // namespace

bool fault_desk::is_down(site_role role, std::uint32_t number) const {
  for (std::size_t i = 0; i < faults_.size(); ++i)
    if (begun_[i] && role_of(faults_[i].kind) == role && faults_[i].target == number) return true;
  return false;
}

fault_desk::changes fault_desk::turn(moment now) {
  changes out;
  for (std::size_t i = 0; i < faults_.size(); ++i) {
    const auto& f = faults_[i];
    const bool in_force = f.when.begin <= now && now < f.when.end;
    if (in_force == begun_[i]) continue;
    const auto role = role_of(f.kind);
    if (in_force && role && !is_down(*role, f.target)) out.down.emplace_back(*role, f.target);
    begun_[i] = in_force;
    if (!in_force && role && !is_down(*role, f.target)) out.up.emplace_back(*role, f.target);
  }
  return out;
}

double fault_desk::factor(const line_plan& line) const {
  double out = 1;
  for (std::size_t i = 0; i < faults_.size(); ++i) {
    const auto& f = faults_[i];
    if (!begun_[i]) continue;
    if (f.kind == fault_kind::domain_cut && line.from != line.to &&
        (f.target == line.from || f.target == line.to))
      return 0;
    if (f.kind == fault_kind::slow_path && ((f.target == line.from && f.other == line.to) ||
                                            (f.target == line.to && f.other == line.from)))
      out = std::min(out, f.factor);
  }
  return out;
}

bool fault_desk::concerns_storage() const {
  return std::any_of(faults_.begin(), faults_.end(),
                     [](const fault_plan& f) { return f.kind == fault_kind::storage_node; });
}

} // namespace interswarm::compare
