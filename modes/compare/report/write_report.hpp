#pragma once

#include "modes/compare/measure/comparison.hpp"
#include "schema/base/result.hpp"

#include <string>

namespace interswarm::compare {

/// Makes `folder` if it is missing, and tries whether files can be written there, so that hours of
/// runs do not end in an error. Fails `io`.
result<void> prepare_report_folder(const std::string& folder);

/// Writes report.html, results.json and results.csv; each is there wholly or not at all. Fails
/// `io`.
result<void> write_report(const comparison& c, const std::string& folder);

} // namespace interswarm::compare
