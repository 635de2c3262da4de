#pragma once

#include "modes/compare/live/board.hpp"
#include "modes/compare/live/contents.hpp"
#include "modes/compare/live/lab_plan.hpp"

namespace interswarm::compare {

/// Runs the plan's peers that are no finished programs in this process: each with a loop, sockets
/// and threads of its own in its own network namespace. They come and go and want contents at the
/// plan's times, counted from `board::start`; those that are online from the start join at once.
/// What they see is on the board. Until it is killed; returns only when it cannot begin. For a
/// process without other threads.
struct crowd_scene {
  const plan* what = nullptr;
  const lab_plan* lab = nullptr;
  /// By peer.
  std::vector<int> networks;
  const std::vector<live_content>* contents = nullptr;
  board shared;
  /// For what peers fetch.
  std::string folder;
};
int run_crowd(const crowd_scene& scene);

} // namespace interswarm::compare
