#pragma once

#include "actors/runtime/loop_actor.hpp"
#include "schema/overlay.gen.hpp"

#include <functional>

namespace interswarm::runtime {

/// The thing that keeps something in force: `end` runs once, when the last handle is gone or the
/// loop has ended, maybe on another thread.
class registration final : public runtime::loop_actor<msg::registration_actor> {
public:
  /// Asked on the loop for the answer to `check`.
  using checker = std::function<msg::registration_check_result()>;

  registration(caf::actor_config& config, runtime::loop& home, checker check,
               std::function<void()> end)
      : loop_actor(config, home), check_(std::move(check)), end_(std::move(end)) {}
  ~registration() override {
    if (end_) end_();
  }

  const char* name() const override { return "registration"; }
  behavior_type make_behavior() override {
    return {[this](const msg::registration_check&) { return check_(); }};
  }

private:
  checker check_;
  std::function<void()> end_;
};

} // namespace interswarm::runtime
