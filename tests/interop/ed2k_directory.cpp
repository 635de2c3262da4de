// An ed2k server of ours and nothing else, for cases that look at the server alone.
#include "actors/overlays/ed2k/server.hpp"
#include "actors/runtime/log.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <csignal>
#include <cstdio>

int main(int argc, char** argv) {
  using namespace interswarm;
  const auto listen = argc == 2 ? endpoint::parse(argv[1]) : std::nullopt;
  if (!listen) {
    std::fputs("usage: ed2k_directory IP:PORT\n", stderr);
    return 2;
  }
  // Before the first thread: all inherit it, so that only sigwait gets the signals.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  runtime::set_log_level("debug");
  caf::actor_system_config config;
  config.set("scheduler.max-threads", 1);
  caf::actor_system system(config);
  system.await_actors_before_shutdown(false);
  const auto home = runtime::loop::start(system, "ed2k");
  ed2k::server_options options;
  options.listen = *listen;
  options.message_of_the_day = "This is a test.";
  auto server = ed2k::spawn_server(*home, options, {});
  if (!server) {
    std::fprintf(stderr, "%s\n", to_string(server.error()).c_str());
    return 1;
  }
  std::printf("ready %s\n", server->listen.to_string().c_str());
  std::fflush(stdout);
  int got = 0;
  sigwait(&ends, &got);
  server->tracker = nullptr;
  home->stop();
  return 0;
}
