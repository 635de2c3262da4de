#pragma once

#include "modes/compare/live/report_line.hpp"
#include "modes/compare/record/record.hpp"

#include <functional>

namespace interswarm::compare {

struct live_options {
  std::uint32_t repetition = 0;
  /// The program whose nodes are run; empty: this one.
  std::string program;
  /// Where the run's own folder is made; empty: where temporary files belong.
  std::string folder;
  /// Leaves the folder with configurations and logs there, for whoever wants to know why.
  bool keep_files = false;
  /// Told some times a second. May be null.
  std::function<void(const live_progress&)> progress;
};

/// Runs the plan with real nodes and real bytes, in real time, in a network of its own; the
/// machine's is not touched. Needs `ip`, `tc` and `nft`, and root or user namespaces for everybody.
///
/// Ends with everything it started gone and its folder removed: when it is done, when it fails, on
/// SIGINT, SIGTERM and SIGHUP (`cancelled`; they are taken only while it runs), and when this
/// process itself is killed. Never takes longer than the plan's duration and a bounded time for its
/// start. For a process without other threads: it forks.
///
/// Fails as `lay_out` does for plans that real nodes cannot run; `configuration` where namespaces
/// or programs are missing, with what to do; `io`, `timed_out`, with the last words of the one that
/// failed; `internal` when wrong bytes were delivered or the network's own counters disagree.
result<run_record> run_live(const plan& p, solution how, const live_options& options = {});

} // namespace interswarm::compare
