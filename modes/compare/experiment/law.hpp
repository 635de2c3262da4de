#pragma once

#include "modes/compare/experiment/random.hpp"

#include <cstdint>
#include <limits>
#include <vector>

namespace interswarm::compare {

/// How a size or a time is distributed.
struct law {
  enum class kind : std::uint8_t {
    fixed,       // `scale`
    uniform,     // from `least` to `most`
    exponential, // mean `scale`
    lognormal,   // median `scale`, the logarithm's standard deviation `shape`
    pareto,      // from `least` on, tail exponent `shape`
    weibull      // `scale` and `shape`
  };
  kind how = kind::fixed;
  double scale = 0;
  double shape = 0;
  /// What would be less or more is this.
  double least = 0;
  double most = std::numeric_limits<double>::infinity();

  friend bool operator==(const law&, const law&) = default;
};

/// The value that is not exceeded with probability u, which is in (0, 1). Grows with u.
double quantile(const law& d, double u);

/// For things that take turns for times so distributed, long after they began: how long the one
/// that runs will go on. Works on 4096 quantiles, so that limits count, too.
class running_time {
public:
  explicit running_time(const law& d);
  double mean() const { return sums_.back() / static_cast<double>(sums_.size()); }
  /// A long one is more likely met than a short one: in proportion to its length.
  double left(double u, double v) const;

private:
  std::vector<double> sums_; // of the quantiles
};

/// Ranks 0 to n - 1 with probabilities in proportion to (rank + 1)^-exponent (Zipf).
class zipf {
public:
  zipf(std::uint32_t n, double exponent);
  /// `u` in (0, 1).
  std::uint32_t rank(double u) const;
  double share(std::uint32_t rank) const;

private:
  std::vector<double> sums_;
};

/// Where u, in (0, 1), falls among parts as large as the differences of `sums`, which grow.
std::size_t pick(const std::vector<double>& sums, double u);

} // namespace interswarm::compare
