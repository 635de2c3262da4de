#include "modes/compare/report/calibration_json.hpp"

#include <array>
#include <cmath>

namespace interswarm::compare {

namespace {

using json = nlohmann::ordered_json;

double to_number(const json& j) {
  if (!j.is_string()) return j.get<double>();
  const auto& text = j.get_ref<const std::string&>();
  if (text == "Infinity") return never;
  if (text == "-Infinity") return -never;
  throw std::invalid_argument("\"" + text + "\" is no number");
}

/// The one of `all` with this word.
template <class T, std::size_t N>
T named(const std::string& text, const std::array<T, N>& all) {
  for (const auto each : all)
    if (word(each) == text) return each;
  throw std::invalid_argument("\"" + text + "\" is not known");
}

constexpr std::array units{unit::bytes, unit::seconds, unit::share, unit::count, unit::price};
constexpr std::array solutions{solution::isolated, solution::bridge, solution::soa};

deviation parse_deviation(const json& j) {
  deviation out;
  out.what.name = j.at("metric").get<std::string>();
  out.what.label = j.at("label").get<std::string>();
  out.what.of = named(j.at("unit").get<std::string>(), units);
  out.how = named(j.at("solution").get<std::string>(), solutions);
  out.simulated = to_number(j.at("simulated"));
  out.live = to_number(j.at("live"));
  out.relative = to_number(j.at("relative"));
  return out;
}

} // namespace

json json_number(double v) {
  if (std::isnan(v)) return nullptr;
  if (!std::isfinite(v)) return v > 0 ? "Infinity" : "-Infinity";
  return v;
}

json calibration_json(const calibration& c) {
  json out{{"experiment", c.experiment}, {"repetitions", c.repetitions}, {"target", c.target}};
  auto& rows = out["deviations"] = json::array();
  for (const auto& d : c.deviations) {
    rows.push_back({{"metric", d.what.name},
                    {"label", d.what.label},
                    {"unit", std::string(word(d.what.of))},
                    {"solution", std::string(word(d.how))},
                    {"simulated", json_number(d.simulated)},
                    {"live", json_number(d.live)},
                    {"relative", json_number(d.relative)}});
  }
  auto& made = out["made"] = json::object();
  for (const auto& [name, text] : c.made) made[name] = text;
  return out;
}

result<calibration> parse_calibration(const json& j) {
  try {
    calibration out;
    out.experiment = j.at("experiment").get<std::string>();
    out.repetitions = j.at("repetitions").get<std::uint32_t>();
    out.target = j.at("target").get<double>();
    for (const auto& row : j.at("deviations")) out.deviations.push_back(parse_deviation(row));
    for (const auto& [name, text] : j.at("made").items())
      out.made.emplace_back(name, text.get<std::string>());
    return out;
  } catch (const std::exception& e) {
    return fail(errc::malformed, std::string("no calibration: ") + e.what());
  }
}

} // namespace interswarm::compare
