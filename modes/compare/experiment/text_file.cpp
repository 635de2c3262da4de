#include "modes/compare/experiment/text_file.hpp"

#include "schema/base/encoding.hpp"

#include <filesystem>
#include <fstream>

namespace interswarm::compare {

result<std::string> read_text_file(const std::string& file, std::size_t limit) {
  std::error_code code;
  // A pipe or a device may never end.
  if (!std::filesystem::is_regular_file(file, code))
    return fail(errc::io, printable(file) + ": is no file; name an existing one");
  std::ifstream in(file, std::ios::binary);
  std::string out;
  char part[16 << 10];
  while (in.read(part, sizeof part), in.gcount() > 0) {
    out.append(part, static_cast<std::size_t>(in.gcount()));
    if (out.size() > limit)
      return fail(errc::too_large,
                  printable(file) + ": more than " + std::to_string(limit) + " bytes");
  }
  if (!in.eof()) return fail(errc::io, printable(file) + ": cannot be read");
  return out;
}

} // namespace interswarm::compare
