#pragma once

#include "schema/base/result.hpp"

#include <optional>
#include <string>
#include <variant>

namespace interswarm::compare {

/// How far a live run is.
struct live_progress {
  /// "making contents", "starting nodes", "running" …
  std::string what;
  /// Seconds until the run's end, as far as that is known.
  double left_s = 0;
};

/// One line from the process that directs a run to the one that waits for it, without its end:
/// progress, or why the run has failed.
using report = std::variant<live_progress, error>;
std::string to_line(const report& r);
/// Nothing for what is no such line.
std::optional<report> parse_report(const std::string& line);

} // namespace interswarm::compare
