#include "modes/compare/live/report_line.hpp"

#include "schema/base/encoding.hpp"

#include <charconv>

namespace interswarm::compare {

namespace {

constexpr std::size_t longest_text = 2000;

} // namespace

std::string to_line(const report& r) {
  if (const auto* const p = std::get_if<live_progress>(&r))
    return "p " + std::to_string(p->left_s) + " " + printable(p->what);
  const auto& e = std::get<error>(r);
  return "e " + std::to_string(static_cast<unsigned>(e.code)) + " " +
         printable(e.text, longest_text);
}

std::optional<report> parse_report(const std::string& line) {
  const auto blank = line.find(' ', 2);
  if (line.size() < 3 || line[1] != ' ' || blank == std::string::npos) return std::nullopt;
  const char* const first = line.data() + 2;
  const char* const last = line.data() + blank;
  const auto text = line.substr(blank + 1);
  if (line[0] == 'p') {
    live_progress out{text, 0};
    const auto [end, bad] = std::from_chars(first, last, out.left_s);
    if (bad != std::errc{} || end != last) return std::nullopt;
    return out;
  }
  unsigned code = 0;
  const auto [end, bad] = std::from_chars(first, last, code);
  if (line[0] != 'e' || bad != std::errc{} || end != last || code < 1 ||
      code > static_cast<unsigned>(last_errc))
    return std::nullopt;
  return error{static_cast<errc>(code), text};
}

} // namespace interswarm::compare
