#include "schema/base/result.hpp"

namespace interswarm {

std::string_view to_string(errc code) {
  switch (code) {
  case errc::malformed: return "malformed";
  case errc::too_large: return "too large";
  case errc::not_found: return "not found";
  case errc::denied: return "denied";
  case errc::refuted: return "refuted";
  case errc::unavailable: return "unavailable";
  case errc::timed_out: return "timed out";
  case errc::disconnected: return "disconnected";
  case errc::overloaded: return "overloaded";
  case errc::io: return "input/output";
  case errc::configuration: return "configuration";
  case errc::conflict: return "conflict";
  case errc::unimplemented: return "not implemented there";
  case errc::cancelled: return "cancelled";
  case errc::internal: return "internal";
  case errc::no_room: return "no room";
  }
  return "unknown";
}

std::string to_string(const error& e) {
  std::string out(to_string(e.code));
  if (!e.text.empty()) out += ": " + e.text;
  return out;
}

error parse_error(std::string_view text) {
  for (auto code = errc::malformed; code <= last_errc;
       code = static_cast<errc>(static_cast<std::uint8_t>(code) + 1)) {
    const auto word = to_string(code);
    if (!text.starts_with(word)) continue;
    const auto rest = text.substr(word.size());
    if (rest.empty()) return {code, {}};
    if (rest.starts_with(": ")) return {code, std::string(rest.substr(2))};
  }
  return {errc::internal, std::string(text)};
}

} // namespace interswarm
