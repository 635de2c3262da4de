#pragma once

#include "actors/bridge/policy.hpp"

namespace interswarm {

class config_reader;

/// Reads the keys of a node's section [bridge], which an experiment has as well.
void read_bridge_policy(config_reader& r, bridge::policy& p);

} // namespace interswarm
