#pragma once

#include "schema/base/result.hpp"

#include <caf/error.hpp>

namespace interswarm::runtime {

/// A failure as an actor's answer: `return make_caf_error(errc::not_found, "no such name");`
caf::error make_caf_error(errc code, std::string text);
caf::error make_caf_error(const error& e);

/// Any failure of a request, local or remote, in our terms: a time-out of CAF is `timed_out`, a
/// dead receiver `unavailable`, a lost connection `disconnected`, an unknown error `internal`.
error to_error(const caf::error& e);

} // namespace interswarm::runtime
