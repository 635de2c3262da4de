#pragma once

#include "actors/runtime/loop_actor.hpp"
#include "tests/probe/probe.gen.hpp"

#include <atomic>
#include <memory>

/// The actors behind tests/probe/probe.capnp.
namespace interswarm::probe {

/// Alive actors of this process, for tests of lifetimes.
struct counters {
  std::atomic<unsigned> probes{0};
  std::atomic<unsigned> listeners{0};
  std::atomic<unsigned> sinks{0};
};
counters& living();

msg::probe_actor spawn_probe(runtime::loop& home);
msg::listener_actor spawn_listener(runtime::loop& home);

/// On CAF's own scheduler, as an actor that does no IO.
msg::listener_actor spawn_pool_listener(caf::actor_system& system);

} // namespace interswarm::probe
