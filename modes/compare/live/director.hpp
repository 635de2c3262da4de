#pragma once

#include "modes/compare/plan/plan.hpp"
#include "modes/compare/record/record.hpp"
#include "schema/base/result.hpp"

#include <string>

namespace interswarm::compare {

/// One run from its beginning to its record.
struct director_scene {
  const plan* what = nullptr;
  solution how = solution::isolated;
  std::uint32_t repetition = 0;
  std::string program;
  /// The run's own folder, which is there.
  std::string folder;
  /// Where reports go, a line each; see report_line.hpp.
  int reports = -1;
};

/// Where `direct` puts the record.
std::string record_in(const std::string& folder);

/// Makes the network, starts everybody, lets the plan happen and writes the record down. In a
/// process without other threads that is the first one of its PID namespace and has mount and
/// network namespaces of its own: whatever it started ends with it. Its exit code.
int direct(const director_scene& scene);

} // namespace interswarm::compare
