#pragma once

#include "modes/compare/live/board.hpp"
#include "modes/compare/live/contents.hpp"
#include "modes/compare/live/lab.hpp"

#include <sys/types.h>

namespace interswarm::compare {

/// The processes with the plan's peers: one with all that are this program's own (crowd.hpp), and
/// one for each that is a finished program (client_peer.hpp).
class peer_hands {
public:
  struct scene {
    const plan* what = nullptr;
    const lab* where = nullptr;
    const std::vector<live_content>* contents = nullptr;
    board shared;
    /// The run's own.
    std::string folder;
  };
  explicit peer_hands(scene s) : scene_(std::move(s)) {}

  result<void> start();
  /// Fails when `gone` is one of them, with its last words.
  result<void> ended(pid_t gone) const;
  /// What the crowd says last.
  std::string last_words() const;
  void measure();
  process_use use() const { return use_; }
  void stop();

private:
  struct process {
    pid_t number = -1;
    std::string log;
  };
  result<void> start_crowd();
  result<void> start_client(peer_id n);

  scene scene_;
  std::vector<process> processes_; // the crowd first
  process_use use_{"all peers", 0, 0};
};

} // namespace interswarm::compare
