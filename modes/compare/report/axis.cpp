#include "modes/compare/report/axis.hpp"

#include <algorithm>
#include <cmath>

namespace interswarm::compare {

namespace {

/// 1, 2 or 5 times a power of ten, or of two where 1024 is the next unit: the distance that makes
/// about `marks` of `span`.
double step_of(double span, int marks) {
  const double rough = span / marks;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double nice : {1.0, 2.0, 5.0})
    if (nice * power >= rough * 0.999) return nice * power;
  return 10 * power;
}

/// Of marks that are `step` apart: as many digits as that takes.
std::string mark_text(double v, double step) {
  if (std::abs(v) < step * 1e-6) return "0";
  const auto decimals = static_cast<int>(std::max(0.0, -std::floor(std::log10(step) + 1e-9)));
  const auto before = static_cast<int>(std::floor(std::log10(std::abs(v)) + 1e-9)) + 1;
  return number_text(v, std::max(1, before + decimals));
}

} // namespace

axis axis::linear(double low, double high, unit u, double from, double to, int marks,
                  bool rounded) {
  if (!(high > low)) high = low + 1;
  const auto s = scale_for(std::max(std::abs(low), std::abs(high)), u);
  const double step = step_of((high - low) / s.by, marks) * s.by;
  if (rounded) high = std::ceil(high / step - 1e-9) * step;
  axis out(low, high, s, from, to, false);
  for (double k = std::ceil(low / step - 1e-9); k * step <= high + step * 1e-6; ++k)
    out.marks_.push_back({out.place(k * step), mark_text(k * step / s.by, step / s.by)});
  return out;
}

axis axis::logarithmic(double low, double high, unit u, double from, double to) {
  // Powers of ten of the unit itself: a scale would move them.
  const scale s{u == unit::share ? 0.01 : 1, u == unit::seconds ? "s"
                                             : u == unit::share ? "%"
                                             : u == unit::bytes ? "B"
                                                                : ""};
  if (!(high > low)) high = low * 10;
  axis out(low, high, s, from, to, true);
  const auto first = std::floor(std::log10(low / s.by)), last = std::log10(high / s.by);
  const bool few = last - std::log10(low / s.by) < 2.2;
  for (double power = first; power <= last; ++power) {
    for (const double digit : {1.0, 2.0, 5.0}) {
      const double v = digit * std::pow(10, power);
      if ((digit > 1 && !few) || v * s.by < low * (1 - 1e-9) || v * s.by > high * (1 + 1e-9))
        continue;
      out.marks_.push_back({out.place(v * s.by), number_text(v, 1)});
    }
  }
  return out;
}

double axis::place(double v) const {
  const double share = logarithmic_ ? std::log(std::max(v, low_) / low_) / std::log(high_ / low_)
                                    : (v - low_) / (high_ - low_);
  return from_ + std::clamp(share, 0.0, 1.0) * (to_ - from_);
}

} // namespace interswarm::compare
