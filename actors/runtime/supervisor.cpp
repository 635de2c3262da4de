#include "actors/runtime/supervisor.hpp"

#include "actors/runtime/error.hpp"
#include "actors/runtime/log.hpp"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <kj/exception.h>

namespace interswarm::runtime {

namespace {

bool told_to_stop(const caf::error& reason) {
  return !reason || reason == caf::exit_reason::user_shutdown || reason == caf::exit_reason::normal;
}

class supervisor final : public caf::event_based_actor {
public:
  supervisor(caf::actor_config& config, std::vector<child> children, restart_policy policy,
             std::uint64_t seed)
      : caf::event_based_actor(config) {
    for (auto& c : children) {
      budgets_.emplace_back(policy, seed++);
      children_.push_back({std::move(c), nullptr});
    }
  }
  const char* name() const override { return "supervisor"; }

  void on_exit() override {
    for (auto& c : children_) {
      if (c.actor)
        caf::anon_send_exit(caf::actor_cast<caf::actor>(c.actor), caf::exit_reason::user_shutdown);
      c.actor = nullptr;
      c.what = {};
    }
  }

protected:
  caf::behavior make_behavior() override {
    set_down_handler([this](caf::down_msg& down) { on_down(down); });
    for (std::size_t i = 0; i < children_.size(); ++i) start(i);
    return {[this](std::size_t index) { start(index); }}; // "make it again"
  }

private:
  struct entry {
    child what;
    caf::strong_actor_ptr actor;
  };

  void start(std::size_t i) {
    auto& c = children_[i];
    try {
      c.actor = c.what.make();
    } catch (const kj::Exception& e) {
      return on_death(i, {errc::internal, e.getDescription().cStr()});
    } catch (const std::exception& e) {
      return on_death(i, {errc::internal, e.what()});
    }
    if (!c.actor) return on_death(i, {errc::unavailable, "it could not be made"});
    monitor(c.actor);
    if (c.what.started) c.what.started(c.actor);
  }

  void on_down(const caf::down_msg& down) {
    for (std::size_t i = 0; i < children_.size(); ++i) {
      if (!children_[i].actor || children_[i].actor != down.source) continue;
      children_[i].actor = nullptr;
      if (told_to_stop(down.reason)) {
        log().info("{} has stopped", children_[i].what.name);
      } else {
        on_death(i, to_error(down.reason));
      }
      return;
    }
  }

  void on_death(std::size_t i, const error& why) {
    auto& c = children_[i];
    const auto now =
        std::chrono::duration_cast<std::chrono::milliseconds>(clock().now().time_since_epoch());
    const auto wait = budgets_[i].on_death(now);
    if (!wait) {
      log().critical("{} died too often and is given up: {}", c.what.name, to_string(why));
      if (c.what.gave_up) c.what.gave_up(why);
      return;
    }
    log().error("{} died and starts again in {} ms: {}", c.what.name, wait->count(),
                to_string(why));
    delayed_send(this, *wait, i);
  }

  std::vector<entry> children_;
  std::vector<restart_budget> budgets_;
};

} // namespace

caf::actor spawn_supervisor(caf::actor_system& system, std::vector<child> children,
                            restart_policy policy, std::uint64_t seed) {
  return system.spawn<supervisor>(std::move(children), policy, seed);
}

} // namespace interswarm::runtime
