#pragma once

#include "modes/compare/live/board.hpp"
#include "modes/compare/live/contents.hpp"
#include "modes/compare/live/lab_plan.hpp"

namespace interswarm::compare {

struct client_scene {
  const plan* what = nullptr;
  const lab_plan* lab = nullptr;
  peer_id peer = 0;
  const std::vector<live_content>* contents = nullptr;
  board shared;
  /// The peer's own, for its client; made here.
  std::string folder;
  std::string log;
};

/// Runs one of the plan's peers whose client is a finished program: starts it, has it offer and
/// fetch at the plan's times, compares every file that it has finished, and ends it. What is seen
/// is on the board. In a process of its own, in the peer's network namespace, until it is killed;
/// returns only when something fails, which it has complained of then.
int run_client_peer(const client_scene& scene);

} // namespace interswarm::compare
