#include "modes/compare/report/calibration_file.hpp"

#include "modes/compare/report/calibration_json.hpp"
#include "modes/compare/report/write_file.hpp"
#include "schema/base/encoding.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace interswarm::compare {

namespace fs = std::filesystem;

std::string calibration_path() {
  const char* state = std::getenv("XDG_STATE_HOME");
  // Relative ones are to be passed over.
  if (state != nullptr && *state == '/') return std::string(state) + "/interswarm/calibration.json";
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home != '/') return {};
  return std::string(home) + "/.local/state/interswarm/calibration.json";
}

result<void> save_calibration(const calibration& c, const std::string& path) {
  std::error_code code;
  const fs::path at(path);
  fs::create_directories(at.parent_path(), code);
  if (code)
    return fail(errc::io,
                "cannot make the folder of " + printable(path, 1000) + ": " + code.message());
  return write_file(at, calibration_json(c).dump(1, ' ', false,
                                                 nlohmann::ordered_json::error_handler_t::replace) +
                            "\n");
}

result<std::optional<calibration>> load_calibration(const std::string& path) {
  std::error_code code;
  if (path.empty() || !fs::exists(path, code)) return std::nullopt;
  std::ifstream in(path, std::ios::binary);
  const auto j = nlohmann::ordered_json::parse(in, nullptr, false);
  if (j.is_discarded())
    return fail(errc::malformed, printable(path, 1000) + " is no JSON: remove it");
  auto parsed = parse_calibration(j);
  if (!parsed)
    return fail(errc::malformed,
                printable(path, 1000) + ": " + parsed.error().text + ": remove it");
  return std::optional(std::move(*parsed));
}

} // namespace interswarm::compare
