#pragma once

#include "modes/compare/measure/comparison.hpp"
#include "schema/base/result.hpp"

#include <string>

namespace interswarm::compare {

/// Where this user's last calibration lies, for the reports of later runs: below $XDG_STATE_HOME,
/// or ~/.local/state (XDG Base Directory Specification 0.8). Empty where there is no home.
std::string calibration_path();

/// Replaces the file; its folder is made. Fails `io`.
result<void> save_calibration(const calibration& c, const std::string& path);

/// Nothing where there is no file. Fails `io`, and `malformed` for one that is none of ours.
result<std::optional<calibration>> load_calibration(const std::string& path);

} // namespace interswarm::compare
