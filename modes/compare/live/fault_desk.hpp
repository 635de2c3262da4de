#pragma once

#include "modes/compare/live/lab_plan.hpp"

#include <vector>

namespace interswarm::compare {

/// What the plan's faults mean for processes and lines. Where several concern the same thing it is
/// whole again when the last one has ended. Decides only.
class fault_desk {
public:
  explicit fault_desk(const plan& p) : faults_(p.faults), begun_(p.faults.size()) {}

  struct changes {
    using nodes = std::vector<std::pair<site_role, std::uint32_t>>;
    nodes down;
    nodes up;
  };
  /// What begins and ends up to now; times do not go back.
  changes turn(moment now);
  /// Of a line's rate, by the faults that are in force; 0: cut.
  double factor(const line_plan& line) const;
  /// Whether any storage node ever fails.
  bool concerns_storage() const;

private:
  bool is_down(site_role role, std::uint32_t number) const;

  std::vector<fault_plan> faults_;
  std::vector<bool> begun_;
};

} // namespace interswarm::compare
