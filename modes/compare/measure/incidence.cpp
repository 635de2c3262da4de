#include "modes/compare/measure/incidence.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace interswarm::compare {

curve incidence_of(std::span<const watched> requests) {
  std::vector<double> happened, leaving;
  for (const auto& r : requests) {
    if (std::isfinite(r.after)) happened.push_back(r.after);
    leaving.push_back(std::isfinite(r.after) ? r.after : r.window);
  }
  std::sort(happened.begin(), happened.end());
  std::sort(leaving.begin(), leaving.end());
  curve out;
  double without = 1;
  std::size_t left = 0;
  for (std::size_t i = 0; i < happened.size();) {
    const double now = happened[i];
    std::size_t same = 0;
    for (; i < happened.size() && happened[i] == now; ++i) ++same;
    while (leaving[left] < now) ++left;
    const auto at_risk = static_cast<double>(leaving.size() - left);
    without *= (at_risk - static_cast<double>(same)) / at_risk;
    out.x.push_back(now);
    out.y.push_back(1 - without);
  }
  return out;
}

double quantile_of(const curve& incidence, double q) {
  // The product above is off by a few roundings.
  const auto reached = std::lower_bound(incidence.y.begin(), incidence.y.end(), q - 1e-9);
  if (reached == incidence.y.end()) return std::numeric_limits<double>::infinity();
  return incidence.x[static_cast<std::size_t>(reached - incidence.y.begin())];
}

curve thinned(const curve& c, std::size_t points) {
  if (c.x.size() <= points) return c;
  curve out;
  for (std::size_t i = 0; i < points; ++i) {
    const auto from = i * (c.x.size() - 1) / (points - 1);
    out.x.push_back(c.x[from]);
    out.y.push_back(c.y[from]);
  }
  return out;
}

} // namespace interswarm::compare
