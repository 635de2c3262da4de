#pragma once

#include "actors/bridge/contract.hpp"
#include "actors/bridge/status_board.hpp"
#include "actors/runtime/loop_actor.hpp"

#include <map>

namespace interswarm::bridge {

/// Status management as an actor: asks each neighbour for its status every 5 s (link, storage,
/// resources), takes the gateways' measurements, ranks offers by policy.
class status_manager final : public runtime::loop_actor<status_manager_actor> {
public:
  status_manager(caf::actor_config& cfg, runtime::loop& home, std::string domain, policy rules);
  ~status_manager() noexcept override;

  behavior_type make_behavior() override;
  void on_exit() override { neighbours_.clear(); }
  const char* name() const override { return "status-manager"; }

private:
  struct neighbour {
    msg::bridge_actor bridge;
    msg::domain_status last;
    bool asked = false;
  };

  void ask(const std::string& domain, neighbour& who);
  ranked_offers rank(const rank_offers& r) const;

  std::string domain_;
  status_board board_;
  std::map<std::string, neighbour> neighbours_;
};

} // namespace interswarm::bridge
