#pragma once

#include "actors/bridge/contract.hpp"
#include "actors/runtime/loop_actor.hpp"

namespace interswarm {

/// The dialler's news.
struct node_up {
  msg::node_actor node;
};
struct node_down {
  std::string why;
};

using neighbour_link_actor = caf::typed_actor<caf::reacts_to<node_up>, caf::reacts_to<node_down>>;

/// Joins this node's bridge with one neighbour that it dials: says hello on each new connection,
/// hands over its own bridge and the neighbour's to the message handler, and takes it back when the
/// connection ends.
class neighbour_link final : public runtime::loop_actor<neighbour_link_actor> {
public:
  neighbour_link(caf::actor_config& cfg, runtime::loop& home, std::string own_domain,
                 std::string neighbour, bridge::handler_actor handler);
  ~neighbour_link() noexcept override;

  behavior_type make_behavior() override;
  void on_exit() override;
  const char* name() const override { return "neighbour-link"; }

private:
  void say_hello(const msg::node_actor& node);
  void join(const msg::session_actor& session);
  void leave();
  void complain(const std::string& why);

  std::string own_domain_;
  std::string neighbour_;
  bridge::handler_actor handler_;
  msg::session_actor session_;
  msg::bridge_actor joined_;
  std::string last_complaint_;
};

} // namespace interswarm

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::node_up)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::node_down)
