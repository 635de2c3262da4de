#include "modes/compare/experiment/units.hpp"

#include "schema/base/encoding.hpp"

#include <charconv>
#include <cstdio>
#include <cstring>
#include <limits>
#include <span>

namespace interswarm::compare {

namespace {

struct unit {
  std::string_view name;
  double factor;
};

constexpr unit sizes[] = {{"B", 1},
                          {"kB", 1e3},
                          {"MB", 1e6},
                          {"GB", 1e9},
                          {"TB", 1e12},
                          {"KiB", 1024},
                          {"MiB", 1024.0 * 1024},
                          {"GiB", 1024.0 * 1024 * 1024},
                          {"TiB", 1024.0 * 1024 * 1024 * 1024}};

constexpr unit rates[] = {{"bit/s", 1.0 / 8},
                          {"kbit/s", 1e3 / 8},
                          {"Mbit/s", 1e6 / 8},
                          {"Gbit/s", 1e9 / 8},
                          {"B/s", 1},
                          {"kB/s", 1e3},
                          {"MB/s", 1e6},
                          {"GB/s", 1e9},
                          {"KiB/s", 1024},
                          {"MiB/s", 1024.0 * 1024},
                          {"GiB/s", 1024.0 * 1024 * 1024}};

result<double> read(std::string_view text, std::span<const unit> units, const char* wanted) {
  double number = 0;
  // from_chars would take "inf" and "nan", too.
  const bool digit = !text.empty() && text.front() >= '0' && text.front() <= '9';
  const auto* end = text.data() + text.size();
  const auto [after, code] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (digit && code == std::errc()) {
    auto rest = std::string_view(after, static_cast<std::size_t>(end - after));
    if (rest.starts_with(' ')) rest.remove_prefix(1);
    for (const auto& u : units) {
      if (rest == u.name) return number * u.factor;
    }
  }
  return fail(errc::configuration, "\"" + printable(text) + "\" is no " + wanted);
}

} // namespace

result<double> read_size(std::string_view text) {
  return read(text, sizes, "size such as \"700 MiB\" or \"1.5 GB\"");
}

result<double> read_rate(std::string_view text) {
  if (text == "unlimited") return std::numeric_limits<double>::infinity();
  return read(text, rates, "rate such as \"10 Mbit/s\" or \"1.5 MB/s\"");
}

std::string text_of(double number) {
  char out[32];
  for (const int digits : {15, 17}) {
    std::snprintf(out, sizeof out, "%.*g", digits, number);
    double again = 0;
    std::from_chars(out, out + std::strlen(out), again);
    if (again == number) break;
  }
  return out;
}

} // namespace interswarm::compare
