#pragma once

#include "actors/bridge/contract.hpp"
#include "actors/runtime/loop_actor.hpp"

namespace interswarm {

/// This node's bridge as one neighbour sees it: the domain of its messages is the one it proved,
/// whatever it writes.
class bridge_gate final : public runtime::loop_actor<msg::bridge_actor> {
public:
  bridge_gate(caf::actor_config& cfg, runtime::loop& home, bridge::handler_actor handler,
              std::string neighbour);
  ~bridge_gate() noexcept override;

  behavior_type make_behavior() override;
  void on_exit() override { handler_ = nullptr; }
  const char* name() const override { return "bridge-gate"; }

private:
  bridge::handler_actor handler_;
  std::string neighbour_;
};

} // namespace interswarm
