#pragma once

#include <string>

namespace interswarm {

/// `--mode bridge`: runs a node in the foreground until SIGTERM, SIGINT or the `stop` command,
/// prints "ready" and its addresses when it is. Returns the exit code: 0 after an ordered end, 1
/// when it could not start or end, 2 for a wrong configuration.
int run_bridge(const std::string& config_file);

} // namespace interswarm
