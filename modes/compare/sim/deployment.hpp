#pragma once

#include "modes/compare/plan/plan.hpp"
#include "modes/compare/record/record.hpp"

namespace interswarm::compare {

/// What has to be run, written and done beside the systems that are there. Their trackers are told
/// nothing: the nodes register as any client does.
deployment deployed(const plan& p, solution how, std::uint32_t configuration_lines);

/// Lines of the nodes' configuration files, as live/node_files.cpp writes them where the policy is
/// as ever.
std::uint32_t configuration_lines(const plan& p, solution how);

} // namespace interswarm::compare
