#include "modes/compare/report/format.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace interswarm::compare {

namespace {

constexpr std::string_view gap = "\u00A0";
constexpr std::string_view minus = "\u2212";

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

scale bytes_scale(double largest) {
  constexpr std::array names{"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  double by = 1;
  std::size_t i = 0;
  for (; largest / by >= 1024 && i + 1 < names.size(); ++i) by *= 1024;
  return {by, names[i]};
}

scale seconds_scale(double largest) {
  if (largest == 0) return {1, "s"};
  if (largest < 1) return {1e-3, "ms"};
  if (largest < 120) return {1, "s"};
  if (largest < 7200) return {60, "min"};
  return {3600, "h"};
}

scale count_scale(double largest) {
  if (largest < 1e6) return {1, ""};
  if (largest < 1e9) return {1e6, "million"};
  return {1e9, "billion"};
}

scale difference_scale(double largest, unit u) {
  return u == unit::share ? scale{0.01, "points"} : scale_for(largest, u);
}

std::string with_commas(std::string digits) {
  const auto point = std::min(digits.find('.'), digits.size());
  for (auto at = point; at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

std::string formatted(double v, const char* format, int digits) {
  std::array<char, 400> text{};
  std::snprintf(text.data(), text.size(), format, digits, v);
  return text.data();
}

double largest_of(const estimate& e) {
  double out = 0;
  for (const double v : {e.at, e.bounded() ? e.low : e.at, e.bounded() ? e.high : e.at})
    if (std::isfinite(v)) out = std::max(out, std::abs(v));
  return out;
}

std::string infinite_text(double v, unit u) {
  if (u == unit::seconds) return v > 0 ? "never" : std::string(minus) + "never";
  return v > 0 ? "\u221E" : std::string(minus) + "\u221E";
}

/// Digits before the point; 0 and less of what begins behind it.
int digits_before(double v) { return static_cast<int>(std::floor(std::log10(v) + 1e-12)) + 1; }

std::string fixed_text(double v, int decimals) {
  auto digits = formatted(std::abs(v), "%.*f", decimals);
  const bool zero = digits.find_first_not_of("0.") == std::string::npos;
  return std::string(v < 0 && !zero ? minus : "") + with_commas(std::move(digits));
}

std::string in_scale(double v, const scale& s, unit u, int decimals) {
  return std::isfinite(v) ? fixed_text(v / s.by, decimals) : infinite_text(v, u);
}

std::string signed_in_scale(double v, const scale& s, unit u, int decimals) {
  const auto text = in_scale(v, s, u, decimals);
  return v > 0 ? "+" + text : text;
}

/// Decimals that give figures up to `largest` three digits, as long as that tells two of them
/// apart.
int decimals_for(double largest, double low, double high) {
  int out = largest == 0 ? 0 : std::clamp(3 - digits_before(largest), 0, 6);
  const bool differ = std::isfinite(low) && std::isfinite(high) && low != high;
  while (differ && out < 6 && fixed_text(low, out) == fixed_text(high, out)) ++out;
  return out;
}

} // namespace

std::string scale::with(const std::string& number) const {
  return name.empty() ? number : number + std::string(gap) + std::string(name);
}

scale scale_for(double largest, unit u) {
  largest = std::isfinite(largest) ? std::abs(largest) : 0;
  switch (u) {
  case unit::bytes: return bytes_scale(largest);
  case unit::seconds: return seconds_scale(largest);
  case unit::share: return {0.01, "%"};
  case unit::count: return count_scale(largest);
  case unit::price: return {1, ""};
  }
  return {1, ""};
}

std::string number_text(double v, int digits) {
  if (v == 0) return "0";
  const std::string sign(v < 0 ? minus : "");
  v = std::abs(v);
  if (v < 1e-4) return sign + formatted(v, "%.*e", digits - 1);
  // What rounding makes of it decides where its digits stand: 9.996 is 10.0.
  const double rounded = std::strtod(formatted(v, "%.*e", digits - 1).c_str(), nullptr);
  auto text = formatted(v, "%.*f", std::max(0, digits - digits_before(rounded)));
  const bool whole = v == std::floor(v) && v < 1e6;
  if (whole) text = formatted(v, "%.*f", 0);
  return sign + with_commas(text);
}

std::string figure_text(std::optional<double> v, unit u) {
  if (!v) return "\u2013";
  if (!std::isfinite(*v)) return infinite_text(*v, u);
  const auto s = scale_for(*v, u);
  return s.with(number_text(*v / s.by));
}

std::string difference_text(double v, unit u) {
  v = std::abs(v);
  if (!std::isfinite(v)) return infinite_text(v, u);
  const auto s = difference_scale(v, u);
  return s.with(number_text(v / s.by));
}

std::string estimate_text(const estimate& e, unit u) {
  if (e.count == 0) return figure_text(std::nullopt, u);
  if (!std::isfinite(e.at)) return infinite_text(e.at, u);
  const auto s = scale_for(largest_of(e), u);
  const double at = e.at / s.by;
  if (!e.bounded() || e.low == e.high) return s.with(number_text(at));
  if (e.kind == centre::mean) {
    // Two digits of the interval say how many of the mean are worth telling.
    const double half = (e.high - e.at) / s.by;
    const int most = at == 0 ? 6 : std::max(0, 4 - digits_before(std::abs(at)));
    const int decimals = std::clamp(2 - digits_before(half), 0, std::min(most, 6));
    auto reach = fixed_text(half, decimals);
    if (reach.find_first_not_of("0.") == std::string::npos) reach = number_text(half, 1);
    return s.with(fixed_text(at, decimals) + std::string(gap) + "±" + std::string(gap) + reach);
  }
  const int decimals = decimals_for(largest_of(e) / s.by, e.low / s.by, e.high / s.by);
  return s.with(fixed_text(at, decimals)) + " (" + in_scale(e.low, s, u, decimals) + " to " +
         in_scale(e.high, s, u, decimals) + ")";
}

std::string interval_text(const estimate& e, unit u) {
  double largest = 0;
  for (const double v : {e.low, e.high})
    if (std::isfinite(v)) largest = std::max(largest, std::abs(v));
  const auto s = difference_scale(largest, u);
  if (e.low == e.high) {
    const auto text = std::isfinite(e.low) ? number_text(e.low / s.by) : infinite_text(e.low, u);
    return s.with(e.low > 0 ? "+" + text : text);
  }
  const int decimals = decimals_for(largest / s.by, e.low / s.by, e.high / s.by);
  return signed_in_scale(e.low, s, u, decimals) + " to " +
         s.with(signed_in_scale(e.high, s, u, decimals));
}

std::string percent_text(double share) {
  return number_text(std::abs(share) * 100, 2) + std::string(gap) + "%";
}

std::size_t columns_of(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return !continues(c); }));
}

std::string shortened(const std::string& utf8, std::size_t columns) {
  if (columns_of(utf8) <= columns) return utf8;
  std::size_t end = 0, seen = 0;
  for (; end < utf8.size(); ++end) {
    if (continues(utf8[end])) continue;
    if (++seen >= columns) break;
  }
  return utf8.substr(0, end) + "\u2026";
}

} // namespace interswarm::compare
