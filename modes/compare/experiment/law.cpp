#include "modes/compare/experiment/law.hpp"

#include "modes/compare/experiment/portable_math.hpp"

#include <algorithm>

namespace interswarm::compare {

namespace {

constexpr std::size_t quantiles = 4096;

double unlimited_quantile(const law& d, double u) {
  using kind = law::kind;
  switch (d.how) {
  case kind::fixed: return d.scale;
  case kind::uniform: return d.least + (d.most - d.least) * u;
  case kind::exponential: return -d.scale * natural_log(1 - u);
  case kind::lognormal: return d.scale * exponential(d.shape * normal_quantile(u));
  case kind::pareto: return d.least * exponential(-natural_log(1 - u) / d.shape);
  case kind::weibull: return d.scale * power(-natural_log(1 - u), 1 / d.shape);
  }
  return d.scale;
}

} // namespace

double quantile(const law& d, double u) {
  return std::clamp(unlimited_quantile(d, u), d.least, d.most);
}

running_time::running_time(const law& d) {
  double sum = 0;
  for (std::size_t i = 0; i < quantiles; ++i) {
    sum += quantile(d, (static_cast<double>(i) + 0.5) / quantiles);
    sums_.push_back(sum);
  }
}

double running_time::left(double u, double v) const {
  const auto i = pick(sums_, u);
  return (sums_[i] - (i == 0 ? 0 : sums_[i - 1])) * v;
}

zipf::zipf(std::uint32_t n, double exponent) {
  sums_.reserve(n);
  double sum = 0;
  for (std::uint32_t i = 0; i < n; ++i) sums_.push_back(sum += power(i + 1.0, -exponent));
}

std::uint32_t zipf::rank(double u) const { return static_cast<std::uint32_t>(pick(sums_, u)); }

double zipf::share(std::uint32_t rank) const {
  return (sums_[rank] - (rank == 0 ? 0 : sums_[rank - 1])) / sums_.back();
}

std::size_t pick(const std::vector<double>& sums, double u) {
  // The first that reaches it: a part without any size is never picked.
  const auto at = std::lower_bound(sums.begin(), sums.end(), u * sums.back());
  return std::min(static_cast<std::size_t>(at - sums.begin()), sums.size() - 1);
}

} // namespace interswarm::compare
