#pragma once

#include "actors/runtime/back_off.hpp"
#include "schema/base/result.hpp"

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/fwd.hpp>
#include <functional>
#include <string>
#include <vector>

namespace interswarm::runtime {

/// An actor that is made again when it dies for another reason than having been told to stop.
struct child {
  std::string name;
  /// Makes the actor; called by the supervisor, at the start and after each death. May throw: that
  /// counts as a death.
  std::function<caf::strong_actor_ptr()> make;
  /// After each start, with the new handle; and when the child is given up, with why. Either may be
  /// empty.
  std::function<void(const caf::strong_actor_ptr&)> started;
  std::function<void(const error& why)> gave_up;

  /// From typed functions: `make` returns a handle, `started(handle)` takes it.
  template <class Make, class Started>
  static child of(std::string name, Make make, Started started) {
    using handle = decltype(make());
    return {std::move(name), [make] { return caf::actor_cast<caf::strong_actor_ptr>(make()); },
            [started](const caf::strong_actor_ptr& p) { started(caf::actor_cast<handle>(p)); },
            nullptr};
  }
};

/// Starts the children and keeps them alive; each death is logged with its reason. They end with
/// the supervisor, which ends when it gets an exit message. `seed` makes the waits.
caf::actor spawn_supervisor(caf::actor_system& system, std::vector<child> children,
                            restart_policy policy = {}, std::uint64_t seed = 1);

} // namespace interswarm::runtime
