#pragma once

#include "modes/compare/measure/comparison.hpp"
#include "schema/base/result.hpp"

#include <nlohmann/json.hpp>

namespace interswarm::compare {

/// Infinite numbers are the strings "Infinity" and "-Infinity"; none is null.
nlohmann::ordered_json json_number(double v);

/// As it stands in results.json and in the calibration's own file. Infinite numbers are strings.
nlohmann::ordered_json calibration_json(const calibration& c);
/// Fails `malformed`.
result<calibration> parse_calibration(const nlohmann::ordered_json& j);

} // namespace interswarm::compare
