#pragma once

#include <chrono>
#include <cstdint>

namespace interswarm::runtime {

/// Wall-clock time, for what people and other machines read: leases, ledgers. Decisions get it as a
/// parameter.
inline std::int64_t unix_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}
inline std::int64_t unix_seconds() { return unix_ms() / 1000; }

} // namespace interswarm::runtime
