#pragma once

#include "actors/runtime/loop_actor.hpp"
#include "schema/base/endpoint.hpp"
#include "schema/overlay.gen.hpp"

#include <chrono>
#include <functional>

namespace interswarm::ppsp {

/// Somebody waits for peers: the tracker is asked again, if the last answer is some seconds old.
struct find_now {};
struct find_later {};

/// Asks the tracker for a swarm's peers, at once and every minute. An actor of its own: its
/// requests wait for long, and what waits for an answer stays alive, which a fetch must not. Ended
/// by its owner.
class swarm_finder final : public runtime::loop_actor<caf::actor> {
public:
  /// `found` is called on the loop; it must not keep its owner alive, nor rely on it.
  swarm_finder(caf::actor_config& config, runtime::loop& home, msg::tracker_actor tracker,
               msg::name name, std::function<void(const std::vector<endpoint>&)> found);

  caf::behavior make_behavior() override;
  void on_exit() override;
  const char* name() const override { return "ppsp-swarm-finder"; }

private:
  void find();

  msg::tracker_actor tracker_;
  msg::name name_;
  std::function<void(const std::vector<endpoint>&)> found_;
  bool finding_ = false;
  std::chrono::steady_clock::time_point asked_at_{};
};

} // namespace interswarm::ppsp

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::ppsp::find_now)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::ppsp::find_later)
