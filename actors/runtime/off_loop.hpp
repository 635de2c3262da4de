#pragma once

#include "actors/runtime/loop.hpp"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <utility>

namespace interswarm::runtime {

/// Runs `work` on CAF's pool, where hashing and disk reads hold no socket up, and `done` with its
/// result on `home`. `keep` lives until then.
template <class Work, class Done>
void off_loop(loop& home, caf::strong_actor_ptr keep, Work work, Done done) {
  home.system().spawn([at = home.shared_from_this(), keep = std::move(keep), work = std::move(work),
                       done = std::move(done)]() mutable {
    at->post([keep = std::move(keep), done = std::move(done), outcome = work()]() mutable {
      done(std::move(outcome));
    });
  });
}

} // namespace interswarm::runtime
