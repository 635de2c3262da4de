#pragma once

#include "modes/compare/record/record.hpp"
#include "schema/base/result.hpp"

#include <string>

namespace interswarm::compare {

/// A record on its way from the process that made it, as JSON; what is read is what was written.
result<void> write_record(const std::string& file, const run_record& r);
/// Fails `io`, `malformed`.
result<run_record> read_record(const std::string& file);

} // namespace interswarm::compare
