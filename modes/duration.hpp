#pragma once

#include "schema/base/result.hpp"

#include <cstdint>
#include <string>

namespace interswarm {

/// "90", "90s", "15m", "12h", "30d" as seconds, more than 0. Fails `configuration`.
result<std::int64_t> read_duration(const std::string& text);

} // namespace interswarm
