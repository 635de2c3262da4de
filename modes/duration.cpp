#include "modes/duration.hpp"

#include "schema/base/encoding.hpp"

#include <exception>

namespace interswarm {

result<std::int64_t> read_duration(const std::string& text) {
  std::size_t end = 0;
  std::int64_t out = 0;
  try {
    out = std::stoll(text, &end);
  } catch (const std::exception&) {
    end = 0;
  }
  const auto unit = text.substr(end);
  const std::int64_t factor = unit.empty() || unit == "s" ? 1
                              : unit == "m"               ? 60
                              : unit == "h"               ? 3600
                              : unit == "d"               ? 86'400
                                                          : 0;
  if (end == 0 || factor == 0 || out <= 0 || out > 1'000'000'000 / factor)
    return fail(errc::configuration,
                "\"" + printable(text) + "\" is no duration such as 12h or 30d");
  return out * factor;
}

} // namespace interswarm
