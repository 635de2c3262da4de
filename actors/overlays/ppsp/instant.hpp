#pragma once

#include <chrono>

namespace interswarm::ppsp {

/// A steady clock's time.
using instant = std::chrono::microseconds;

} // namespace interswarm::ppsp
