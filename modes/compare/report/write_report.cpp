#include "modes/compare/report/write_report.hpp"

#include "modes/compare/report/page.hpp"
#include "modes/compare/report/results.hpp"
#include "schema/base/encoding.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace interswarm::compare {

namespace fs = std::filesystem;

namespace {

tl::unexpected<error> failure(const fs::path& path, const std::string& why) {
  return fail(errc::io, "cannot write " + printable(path.string(), 1000) + ": " + why);
}

/// Under another name first: who reads meanwhile has the old one.
result<void> write_file(const fs::path& path, const std::string& text) {
  auto beside = path;
  beside += ".part";
  errno = 0;
  std::ofstream out(beside, std::ios::binary | std::ios::trunc);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  out.close();
  std::error_code code;
  if (!out) {
    const std::string why = errno == 0 ? "the disk refused it" : std::strerror(errno);
    fs::remove(beside, code);
    return failure(path, why);
  }
  fs::rename(beside, path, code);
  if (!code) return {};
  const auto why = code.message();
  fs::remove(beside, code);
  return failure(path, why);
}

} // namespace

result<void> prepare_report_folder(const std::string& folder) {
  std::error_code code;
  fs::create_directories(folder, code);
  if (code) return failure(folder, code.message());
  if (!fs::is_directory(folder, code)) return failure(folder, "it is no folder");
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
