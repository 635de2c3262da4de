#include "modes/compare/report/write_file.hpp"

#include "schema/base/encoding.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>

namespace interswarm::compare {

namespace fs = std::filesystem;

tl::unexpected<error> write_failure(const fs::path& path, const std::string& why) {
  return fail(errc::io, "cannot write " + printable(path.string(), 1000) + ": " + why);
}

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
    return write_failure(path, why);
  }
  fs::rename(beside, path, code);
  if (!code) return {};
  const auto why = code.message();
  fs::remove(beside, code);
  return write_failure(path, why);
}

} // namespace interswarm::compare
