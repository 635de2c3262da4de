#pragma once

#include <string>
#include <vector>

namespace interswarm {

/// `--mode soa`: runs a node of a cluster in the foreground, as `run_bridge` does its node. `join`
/// is added to the configuration's members to begin with.
int run_soa(const std::string& config_file, const std::vector<std::string>& join);

} // namespace interswarm
