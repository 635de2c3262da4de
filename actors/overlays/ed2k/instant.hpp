#pragma once

#include <chrono>

namespace interswarm::ed2k {

/// Time since any fixed point. Decisions never ask a clock: whoever calls them tells the time.
using instant = std::chrono::milliseconds;

} // namespace interswarm::ed2k
