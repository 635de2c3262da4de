#pragma once

#include "actors/services/origin/http_fetch.hpp"
#include "actors/services/origin/origin_board.hpp"
#include "actors/services/origin/pull_window.hpp"

#include <functional>
#include <random>

namespace interswarm::origin {

struct origin_options {
  origin_board::settings board{};
  http_fetch_options http{};
  /// A file of PEM certificates that are trusted beside the system's; empty for none.
  std::string authority_file{};
  pull_window::settings window{};
  /// An origin that brings less than `stall_bytes` in so long, while we wait for it, is failing.
  instant stall_timeout = std::chrono::seconds(10);
  std::uint64_t stall_bytes = 1024;
  /// A transfer that is slower than this over `pace_time` is moved to a mirror that promises more,
  /// if there is one.
  std::uint64_t slow_bytes_per_second = 64U << 10U;
  instant pace_time = std::chrono::seconds(5);
  /// A response that nobody reads on is closed after so long.
  instant idle_timeout = std::chrono::seconds(30);
  /// Of the cuts of waits.
  std::uint64_t seed = 1;
};

/// What all pulls of a process share: the board of origin servers and the means to ask them. Lives
/// on one loop, and so do its pulls.
class origin_hub : public std::enable_shared_from_this<origin_hub> {
public:
  /// From any thread. Fails `configuration` when the authority file is unusable.
  static result<std::shared_ptr<origin_hub>> make(runtime::loop& home, origin_options options);

  /// Calls `take` on the loop with the state of each server; from any thread. False when the loop
  /// has ended, and `take` is not called.
  bool servers(std::function<void(std::vector<server_status>)> take);

  runtime::loop& home() const { return *home_; }
  const origin_options& options() const { return options_; }
  /// The rest only on the loop.
  origin_board& board() { return board_; }
  http_fetch& fetch() { return fetch_; }
  instant now() const;
  double random() { return std::uniform_real_distribution<double>(0, 1)(random_); }

private:
  origin_hub(runtime::loop& home, origin_options options);

  std::shared_ptr<runtime::loop> home_;
  origin_options options_;
  origin_board board_;
  http_fetch fetch_;
  std::minstd_rand random_;
};

} // namespace interswarm::origin
