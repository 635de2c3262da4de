#pragma once

#include "actors/bridge/contract.hpp"
#include "actors/runtime/connection.hpp"
#include "actors/runtime/loop_actor.hpp"
#include "actors/services/access_service.hpp"

#include <functional>
#include <string>
#include <vector>

namespace interswarm {

/// The version that `hello` tells.
inline constexpr std::uint32_t protocol_version = 1;

/// What a connection is shown: says hello and opens the session that the other side has a right to.
/// A certificate's holder is the domain it names; a plain connection is this machine's operator, or
/// whoever plain TCP was allowed for.
class entrance final : public runtime::loop_actor<msg::node_actor> {
public:
  struct context {
    std::string domain;
    bridge::handler_actor handler;
    msg::control_actor control;
    /// Domains that may join as neighbours; empty: any that is authenticated or on loopback.
    std::vector<std::string> neighbours;
    /// Certificate names that may use the operator's commands, beside loopback connections.
    std::vector<std::string> operators;
    /// SOA mode: this process as the others of its cluster see it, and the certificate names of
    /// those others.
    msg::cluster_actor cluster;
    std::vector<std::string> members;
    /// SOA mode, service role: the storage service of one tenant, and the certificate names of
    /// tenants.
    std::function<msg::storage_service_actor(const std::string& tenant)> publishing;
    std::vector<std::string> publishers;
    /// SOA mode, access role: lets parties in by their tokens.
    services::access_desk_actor access;
  };

  entrance(caf::actor_config& cfg, runtime::loop& home, context ctx, runtime::peer_identity peer);
  ~entrance() noexcept override;

  behavior_type make_behavior() override;
  void on_exit() override { ctx_ = {}; }
  const char* name() const override { return "entrance"; }

private:
  context ctx_;
  runtime::peer_identity peer_;
};

/// One party's session; all that it joined leaves with it.
class session final : public runtime::loop_actor<msg::session_actor> {
public:
  session(caf::actor_config& cfg, runtime::loop& home, entrance::context ctx,
          runtime::peer_identity peer, std::string domain);
  ~session() noexcept override;

  behavior_type make_behavior() override;
  void on_exit() override;
  const char* name() const override { return "session"; }

private:
  bool is_operator() const;
  caf::result<msg::session_bridge_result> join_bridge(const msg::session_bridge& r);
  caf::result<msg::session_cluster_result> show_cluster();
  caf::result<msg::session_storage_service_result> serve_tenant(const std::string& tenant);
  caf::result<msg::session_login_result> log_in(const std::string& token);

  entrance::context ctx_;
  runtime::peer_identity peer_;
  std::string domain_;
  msg::bridge_actor joined_;
};

} // namespace interswarm
