#include "actors/node/bridge_gate.hpp"

namespace interswarm {

bridge_gate::bridge_gate(caf::actor_config& cfg, runtime::loop& home, bridge::handler_actor handler,
                         std::string neighbour)
    : loop_actor(cfg, home), handler_(std::move(handler)), neighbour_(std::move(neighbour)) {}

bridge_gate::~bridge_gate() noexcept = default;

bridge_gate::behavior_type bridge_gate::make_behavior() {
  return {[this](msg::bridge_handle& r) {
    // Only a message that was passed on may speak of a third domain.
    const bool passed_on = r.message.which == msg::message::which_t::find && r.message.hops > 1;
    if (!passed_on) r.message.domain = neighbour_;
    return delegate(handler_, std::move(r));
  }};
}

} // namespace interswarm
