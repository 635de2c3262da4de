#include "modes/compare/measure/statistics.hpp"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

namespace interswarm::compare {

namespace {

std::vector<double> in_order(std::span<const double> values) {
  std::vector<double> out(values.begin(), values.end());
  std::sort(out.begin(), out.end());
  return out;
}

/// That a median lies between the k-th smallest and the k-th largest of n: it does not if fewer
/// than k of them are below it, or above it.
double coverage_of(std::size_t n, std::size_t k) {
  const boost::math::binomial_distribution<> below(static_cast<double>(n), 0.5);
  return 1 - 2 * boost::math::cdf(below, static_cast<double>(k - 1));
}

} // namespace

std::optional<double> quantile(std::span<const double> sorted, double q) {
  if (sorted.empty()) return std::nullopt;
  const double place = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const double share = place - static_cast<double>(below);
  // An infinite neighbour counts only if it is asked for.
  if (share == 0 || sorted[below] == sorted[below + 1]) return sorted[below];
  return sorted[below] + share * (sorted[below + 1] - sorted[below]);
}

double student_t_quantile(double p, double degrees) {
  return boost::math::quantile(boost::math::students_t_distribution<>(degrees), p);
}

estimate mean_of(std::span<const double> values) {
  estimate out{.count = values.size(), .kind = centre::mean};
  if (values.empty()) return out;
  const auto n = static_cast<double>(values.size());
  double sum = 0;
  for (const double v : values) sum += v;
  out.at = out.low = out.high = sum / n;
  if (values.size() < 2) return out;
  double squares = 0;
  for (const double v : values) squares += (v - out.at) * (v - out.at);
  const double error = std::sqrt(squares / (n - 1) / n);
  const double reach = student_t_quantile(0.5 + confidence / 2, n - 1) * error;
  out.low = out.at - reach;
  out.high = out.at + reach;
  out.coverage = confidence;
  return out;
}

estimate median_of(std::span<const double> values) {
  estimate out{.count = values.size(), .kind = centre::median};
  if (values.empty()) return out;
  const auto sorted = in_order(values);
  const auto n = sorted.size();
  out.at = *quantile(sorted, 0.5);
  std::size_t k = 1;
  while (k + 1 <= (n + 1) / 2 && coverage_of(n, k + 1) >= confidence) ++k;
  out.low = sorted[k - 1];
  out.high = sorted[n - k];
  out.coverage = std::max(0.0, coverage_of(n, k));
  return out;
}

estimate estimate_of(std::span<const double> values, centre kind) {
  const bool finite =
      std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
  return kind == centre::mean && finite ? mean_of(values) : median_of(values);
}

estimate difference_of(std::span<const double> first, std::span<const double> second, centre kind) {
  std::vector<double> differences;
  for (std::size_t i = 0; i < std::min(first.size(), second.size()); ++i)
    differences.push_back(first[i] == second[i] ? 0 : second[i] - first[i]);
  return estimate_of(differences, kind);
}

certainty certainty_of(const estimate& difference) {
  if (!difference.bounded()) return certainty::too_few;
  if (difference.low == 0 && difference.high == 0) return certainty::equal;
  return difference.low > 0 || difference.high < 0 ? certainty::clear : certainty::open;
}

} // namespace interswarm::compare
