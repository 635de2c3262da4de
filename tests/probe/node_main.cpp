// A process that serves a probe (probe.capnp), for tests that need a real one to talk to or to
// kill.
//   probe_node [--tls DIR NAME] [--stuck]
// Prints "ready PORT". With --stuck, an actor named "glued" never comes back from its first
// message.
#include "actors/runtime/gate.hpp"
#include "actors/runtime/rpc_listener.hpp"
#include "actors/runtime/system.hpp"
#include "tests/probe/probe.glue.hpp"
#include "tests/probe/probe.hpp"

#include <caf/event_based_actor.hpp>
#include <iostream>
#include <thread>

using namespace interswarm;

namespace {

caf::behavior glued(caf::event_based_actor*) {
  return {[](int) {
    for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
  }};
}

} // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  runtime::system_options options;
  options.grace = std::chrono::milliseconds(200);
  options.watchdog = std::chrono::milliseconds(500);
  runtime::system system(options);
  runtime::listen_options listen;
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (args[i] == "--tls" && i + 2 < args.size()) {
      auto identity = runtime::tls_identity::load(args[i + 1], args[i + 2]);
      if (!identity) {
        std::cerr << to_string(identity.error()) << '\n';
        return 2;
      }
      listen.tls = *identity;
    }
    if (args[i] == "--stuck") {
      const auto actor = system.actors().spawn(glued);
      system.enlist(runtime::stage::faces, "glued", actor);
      caf::anon_send(actor, 1);
    }
  }
  auto listener = runtime::start_listener<msg::probe_actor>(
      system.home(), listen,
      [&](const runtime::peer_identity&) { return probe::spawn_probe(system.home()); });
  if (!listener) {
    std::cerr << to_string(listener.error()) << '\n';
    return 1;
  }
  system.enlist(runtime::stage::intake, "listener", listener->handle);
  listener->handle = nullptr;
  std::cout << "ready " << listener->port << std::endl;
  system.wait_for_stop();
  return system.shut_down().empty() ? 0 : 1;
}
