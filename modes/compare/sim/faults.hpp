#pragma once

#include "modes/compare/sim/bridge_model.hpp"
#include "modes/compare/sim/soa_access.hpp"

namespace interswarm::compare {

/// Makes the plan's faults happen and end. Where several concern the same thing it is whole again
/// when the last one ends.
class faults final : public event_owner {
public:
  /// `bridges`, `store` and `access` are there in their solution only.
  faults(world& w, transport& t, swarms& s, bridge_model* bridges, soa_store* store,
         soa_access* access);

  void begin();
  void happen(const occasion& o) override;

private:
  void change(const fault_plan& f, bool ends);
  void slow(const fault_plan& f);

  world& world_;
  transport& transport_;
  swarms& swarms_;
  bridge_model* bridges_;
  soa_store* store_;
  soa_access* access_;
  /// How many faults of a kind are in force at a target.
  std::map<std::pair<fault_kind, std::uint32_t>, std::uint32_t> in_force_;
  std::vector<bool> active_; // by fault
};

} // namespace interswarm::compare
