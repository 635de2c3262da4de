#pragma once

#include "actors/runtime/connection.hpp"
#include "actors/runtime/on_loop.hpp"
#include "tests/catch.hpp"
#include "tests/probe/probe.glue.hpp"
#include "tests/probe/probe.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <future>

namespace interswarm::runtime {

using namespace std::chrono_literals;

/// An actor system with loops that are stopped before it goes.
struct world {
  caf::actor_system_config config;
  caf::actor_system system;
  std::vector<std::shared_ptr<loop>> loops;

  world() : system((config.set("scheduler.max-threads", 2), config)) {}
  ~world() {
    system.await_actors_before_shutdown(false);
    for (auto& l : loops) l->stop();
  }
  loop& new_loop(const std::string& name) {
    loops.push_back(loop::start(system, name));
    return *loops.back();
  }
};

/// Runs `f` on the loop and gives its result.
template <class F>
auto on(loop& home, F f) {
  using R = decltype(f());
  std::promise<R> done;
  auto result = done.get_future();
  REQUIRE(home.post([&] {
    if constexpr (std::is_void_v<R>) {
      f();
      done.set_value();
    } else {
      done.set_value(f());
    }
  }));
  return result.get();
}

/// A request and its answer or failure.
template <class Result, class Handle, class Request>
result<Result> ask(caf::actor_system& system, const Handle& to, Request request,
                   std::chrono::milliseconds limit = 5s) {
  caf::scoped_actor self(system);
  result<Result> out;
  self->request(to, limit, std::move(request))
      .receive([&](const Result& r) { out = r; },
               [&](const caf::error& e) { out = tl::unexpected(to_error(e)); });
  return out;
}
template <class Handle, class Request>
result<void> tell(caf::actor_system& system, const Handle& to, Request request,
                  std::chrono::milliseconds limit = 5s) {
  caf::scoped_actor self(system);
  result<void> out;
  self->request(to, limit, std::move(request))
      .receive([&] { out = {}; }, [&](const caf::error& e) { out = tl::unexpected(to_error(e)); });
  return out;
}

/// Waits until `condition` holds; false after five seconds.
template <class Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 1000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(5ms);
  }
  return condition();
}

/// Two ends of a pipe on one loop; the server's first capability is a probe.
struct piped {
  loop& home;
  on_loop<kj::Own<connection>> server;
  on_loop<kj::Own<connection>> client;
  msg::probe_actor local;
  msg::probe_actor remote;

  explicit piped(loop& at, link_limits limits = {}) : home(at), local(probe::spawn_probe(at)) {
    on(home, [&] {
      auto pipe = home.io().provider->newTwoWayPipe();
      server = {home, connection::serve(home, kj::mv(pipe.ends[0]), limits,
                                        [&](link& via) { return export_capability(local, via); })};
      client = {home, connection::dial(home, kj::mv(pipe.ends[1]), limits)};
      auto first = (*client)->bootstrap().castAs<wire::Probe>();
      remote = import_capability<msg::probe_actor>(kj::mv(first), (*client)->via());
    });
  }
  void cut() {
    server.reset();
    client.reset();
  }
};

} // namespace interswarm::runtime
