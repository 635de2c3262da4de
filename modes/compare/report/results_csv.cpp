#include "modes/compare/report/results.hpp"

#include <array>
#include <charconv>

namespace interswarm::compare {

namespace {

/// RFC 4180 section 2, items 5 to 7.
std::string field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

/// The shortest text that is read back as the same number; "inf" of an infinite one.
std::string number(double v) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), v).ptr;
  return {text.data(), end};
}

} // namespace

std::string results_csv(const comparison& c) {
  std::string out = "variant,at,engine,solution,repetition,seed,metric,unit,better,value\r\n";
  for (const auto& v : c.variants) {
    const auto variant = field(v.label) + "," + (v.at ? number(*v.at) : "") + ",";
    for (const auto& r : v.runs) {
      const auto run = variant + (r.live ? "live," : "sim,") + std::string(word(r.how)) + "," +
                       std::to_string(r.repetition) + "," + std::to_string(r.seed) + ",";
      for (const auto& m : r.metrics) {
        out += run + field(m.name) + "," + std::string(word(m.of)) + "," + std::string(word(m.is)) +
               "," + (m.value ? number(*m.value) : "") + "\r\n";
      }
    }
  }
  return out;
}

} // namespace interswarm::compare
