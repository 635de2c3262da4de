#pragma once

#include "actors/runtime/loop_actor.hpp"
#include "schema/overlay.gen.hpp"

#include <functional>

namespace interswarm::ed2k {

/// Something in force while a handle to it lives. Both functions run on the loop; `end` once, after
/// the last handle has gone.
class lease final : public runtime::loop_actor<msg::registration_actor> {
public:
  using check_function = std::function<msg::registration_check_result()>;
  using end_function = std::function<void()>;

  lease(caf::actor_config& config, runtime::loop& home, check_function check, end_function end)
      : loop_actor(config, home), check_(std::move(check)), end_(std::move(end)) {}

  const char* name() const override { return "ed2k lease"; }
  behavior_type make_behavior() override {
    return {[this](const msg::registration_check&) { return check_(); }};
  }
  /// On whichever thread dropped the last handle.
  void on_exit() override {
    if (auto end = std::exchange(end_, nullptr)) home().post([end = std::move(end)] { end(); });
  }

private:
  check_function check_;
  end_function end_;
};

} // namespace interswarm::ed2k
