#pragma once

#include "actors/runtime/error.hpp"
#include "actors/storage/hedged_read.hpp"

#include <caf/sec.hpp>

/// What the actors of the storage network share.
namespace interswarm::storage {

inline instant clock_now() {
  return std::chrono::duration_cast<instant>(std::chrono::steady_clock::now().time_since_epoch());
}

/// Whether the node, or the way to it, has ended: it may well be there and fail otherwise.
inline bool has_ended(const caf::error& e) {
  const auto code = runtime::to_error(e).code;
  return e == caf::sec::request_receiver_down || code == errc::disconnected ||
         code == errc::cancelled;
}

} // namespace interswarm::storage
