#pragma once

#include "actors/bridge/contract.hpp"
#include "actors/bridge/importer.hpp"
#include "actors/node/cluster_desk.hpp"
#include "actors/runtime/loop_actor.hpp"

#include <functional>

namespace interswarm {

/// What the client commands call: passes each request to the part that can answer it.
class control final : public runtime::loop_actor<msg::control_actor> {
public:
  struct context {
    /// `handler` and `names` are null at a node that only stores chunks.
    bridge::handler_actor handler;
    bridge::name_transfer_actor names;
    std::vector<bridge::naming> namings;
    /// Begins the ordered shutdown.
    std::function<void()> stop;
    /// SOA mode: contents come by being published, not by links and imports. `repair` is null
    /// without the service role, `network` without service and access.
    cluster_desk_actor cluster;
    msg::storage_network_actor network;
    msg::repair_actor repair;
    /// For the parties of the access service; null without service and access.
    services::library_actor shelf;
  };

  control(caf::actor_config& cfg, runtime::loop& home, context ctx);
  ~control() noexcept override;

  behavior_type make_behavior() override;
  void on_exit() override;
  const char* name() const override { return "control"; }

private:
  caf::typed_response_promise<msg::control_link_result> link(msg::control_link& r);
  caf::typed_response_promise<msg::control_import_result>
  begin_import(const msg::control_import& r);
  caf::result<msg::control_cluster_result> cluster();
  template <class Answer, class Result, class Question>
  caf::result<Answer> ask_shelf(Question question);
  template <class Result, class Question>
  caf::typed_response_promise<Result> ask_names(Question question);

  context ctx_;
  std::vector<caf::weak_actor_ptr> imports_;
};

} // namespace interswarm
