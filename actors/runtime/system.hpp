#pragma once

#include "actors/runtime/loop.hpp"

#include <atomic>
#include <caf/actor_cast.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <chrono>

namespace interswarm::runtime {

/// The order in which actors are told to stop: nothing new comes in, then nobody is served, then
/// the overlays are left, then what was counted is written.
enum class stage : std::uint8_t { intake, sessions, faces, storage };

struct system_options {
  /// One loop a name; the first is the default.
  std::vector<std::string> loops{"io"};
  /// Workers for actors that are not pinned; 0: one a core.
  std::size_t workers = 0;
  /// For each stage; then what is left is killed.
  std::chrono::milliseconds grace{5'000};
  /// For the whole shutdown, counted after the graces; then the process ends with
  /// `stuck_exit_code`.
  std::chrono::milliseconds watchdog{5'000};
};

/// The exit code of a process whose shutdown hung; the log says whose fault it was.
constexpr int stuck_exit_code = 70;

/// Owns the actor system, the loops and the handles of all long-lived actors, and ends them in
/// order. Make it first in `main`, before any other thread: it takes over SIGTERM and SIGINT.
class system {
public:
  explicit system(system_options options = {});
  /// Shuts down if that has not been done.
  ~system();
  system(const system&) = delete;
  system& operator=(const system&) = delete;

  caf::actor_system& actors() { return *actors_; }
  loop& home(std::size_t index = 0) { return *loops_.at(index); }
  std::size_t loops() const { return loops_.size(); }

  /// Holds `actor` until its stage; it is forgotten when it ends by itself.
  template <class Handle>
  void enlist(stage when, std::string name, const Handle& actor) {
    enlist(when, std::move(name), caf::actor_cast<caf::strong_actor_ptr>(actor));
  }
  void enlist(stage when, std::string name, caf::strong_actor_ptr actor);
  /// Enlisted actors that have not ended, by name.
  std::vector<std::string> alive() const;

  /// Makes `wait_for_stop` return; from any thread.
  void request_stop();
  /// Until SIGTERM, SIGINT or `request_stop`. A second signal ends the process at once.
  void wait_for_stop();
  /// Stage by stage; blocks. Never hangs: see `system_options`. Returns the names of those that had
  /// to be killed.
  std::vector<std::string> shut_down();

private:
  struct entry {
    stage when;
    std::string name;
    caf::strong_actor_ptr actor;
    std::shared_ptr<std::atomic<bool>> ended;
  };
  class watchdog;

  std::vector<std::string> alive(stage when) const;
  bool await_stage(stage when, std::chrono::milliseconds limit) const;
  void send_exit(stage when, bool kill) const;

  system_options options_;
  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> actors_;
  std::vector<std::shared_ptr<loop>> loops_;
  mutable std::mutex mutex_;
  std::vector<entry> entries_;
  int signal_fd_ = -1;
  int stop_fd_ = -1;
  bool shut_down_ = false;
};

} // namespace interswarm::runtime
