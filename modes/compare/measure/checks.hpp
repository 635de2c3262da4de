#pragma once

#include "modes/compare/record/record.hpp"

#include <string>
#include <vector>

namespace interswarm::compare {

/// What cannot be, one line each; nothing of a sound run. Whoever finds one must not show the
/// run's figures.
///
/// - The record answers the plan: one entry for each request and fault, known overlays and domains,
///   stations that belong to the solution.
/// - Each row of traffic: sent = received + lost.
/// - A satisfied request has its whole content, in its own time, from somewhere; no request has
///   more than the content.
/// - What peers received according to the traffic is what their requests got (live: at least it,
///   since clients throw away what came twice), from their own overlay and through its node.
/// - What a node passes on it has received before.
/// - Both sides of each pair are charged alike, but for what a giver out of reach could not hear;
///   no more is charged than has gone that way, and (simulated) no less than what an overlay's
///   requests got of different bytes through its node.
/// - Samples are in order, never fall where they count up, and end no higher than the totals.
std::vector<std::string> violations(const plan& p, const run_record& r);

} // namespace interswarm::compare
