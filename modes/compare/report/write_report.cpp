#include "modes/compare/report/write_report.hpp"

#include "modes/compare/report/page.hpp"
#include "modes/compare/report/results.hpp"
#include "modes/compare/report/write_file.hpp"

#include <filesystem>

namespace interswarm::compare {

namespace fs = std::filesystem;

result<void> prepare_report_folder(const std::string& folder) {
  std::error_code code;
  fs::create_directories(folder, code);
  if (code) return write_failure(folder, code.message());
  if (!fs::is_directory(folder, code)) return write_failure(folder, "it is no folder");
  const auto probe = fs::path(folder) / "results.csv.probe";
  if (auto ok = write_file(probe, ""); !ok) return ok;
  fs::remove(probe, code);
  return {};
}

result<void> write_report(const comparison& c, const std::string& folder) {
  if (auto ok = prepare_report_folder(folder); !ok) return ok;
  const fs::path at(folder);
  if (auto ok = write_file(at / "results.json", results_json(c)); !ok) return ok;
  if (auto ok = write_file(at / "results.csv", results_csv(c)); !ok) return ok;
  return write_file(at / "report.html", report_html(c));
}

} // namespace interswarm::compare
