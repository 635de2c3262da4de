#pragma once

#include "actors/runtime/loop_actor.hpp"
#include "schema/overlay.gen.hpp"

namespace interswarm::bridge {

/// Several directories of one overlay (our own tracker and registrars) as one: announces to all,
/// finds in all.
class tracker_group final : public runtime::loop_actor<msg::tracker_actor> {
public:
  tracker_group(caf::actor_config& cfg, runtime::loop& home,
                std::vector<msg::tracker_actor> members);
  ~tracker_group() noexcept override;

  behavior_type make_behavior() override;
  void on_exit() override { members_.clear(); }
  const char* name() const override { return "tracker-group"; }

private:
  caf::typed_response_promise<msg::tracker_announce_result>
  announce(const msg::tracker_announce& question);
  caf::typed_response_promise<msg::tracker_watch_result> watch(const msg::tracker_watch& question);

  std::vector<msg::tracker_actor> members_;
};

} // namespace interswarm::bridge
