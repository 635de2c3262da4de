#pragma once

#include "modes/compare/live/board.hpp"
#include "modes/compare/live/lab_plan.hpp"

namespace interswarm::compare {

/// Carries the packets of all lines: takes them off each line's cable and puts them back when their
/// time has come. In the lines' namespace, until it is killed; returns only when the cables cannot
/// be had. (The kernel's own netem(8) is not built into every kernel; this needs none, loses by the
/// seed, and counts what it loses.)
int run_lines(const lab_plan& lab, const board& shared, std::uint64_t seed);

} // namespace interswarm::compare
