#pragma once

#include <caf/response_promise.hpp>
#include <caf/typed_response_promise.hpp>

namespace interswarm::runtime {

/// Answers a request that has no results. (CAF's typed promise has no way to.)
inline void deliver_nothing(caf::typed_response_promise<void>& promise) {
  static_cast<caf::response_promise&>(promise).deliver(caf::unit);
}

} // namespace interswarm::runtime
