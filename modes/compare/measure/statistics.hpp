#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace interswarm::compare {

/// How sure the intervals are: each of twenty misses on average.
inline constexpr double confidence = 0.95;

/// The quantile `q` (0 to 1) of values in ascending order, between neighbours by linear
/// interpolation (type 7 of Hyndman and Fan, The American Statistician 50, 1996). Values may be
/// infinite. Nothing of no values.
std::optional<double> quantile(std::span<const double> sorted, double q);

/// The value that Student's t with `degrees` (1 or more) of freedom stays below with probability
/// `p`, above 0 and below 1.
double student_t_quantile(double p, double degrees);

/// What repetitions say of a figure.
enum class centre : std::uint8_t {
  mean,  // with an interval by Student's t
  median // with one between two of the values, whatever their distribution
};

struct estimate {
  std::size_t count = 0;
  centre kind = centre::mean;
  /// The mean or median; 0 of no values.
  double at = 0;
  double low = 0;
  double high = 0;
  /// How sure it is that [low, high] holds the true one: `confidence` of a mean, at least it of a
  /// median where the values are enough for that. 0: one value, or none, says nothing.
  double coverage = 0;

  /// Whether [low, high] is as sure as all intervals shall be.
  bool bounded() const { return coverage >= confidence; }
  friend bool operator==(const estimate&, const estimate&) = default;
};

/// Of finite values.
estimate mean_of(std::span<const double> values);

/// Of values that may be infinite. The interval reaches from the k-th smallest to the k-th largest
/// with the largest k whose coverage, by the binomial distribution, is enough (David and Nagaraja,
/// Order Statistics, section 7.1). Five values and fewer are never enough: then k is 1 and
/// `coverage` says what that gives.
estimate median_of(std::span<const double> values);

/// The one that is asked for; the median where a value is infinite, since there is no mean.
estimate estimate_of(std::span<const double> values, centre kind);

/// What the differences second - first of pairs say. Two infinities differ by nothing.
estimate difference_of(std::span<const double> first, std::span<const double> second, centre kind);

/// How sure a difference is.
enum class certainty : std::uint8_t {
  clear,  // its interval does not hold 0
  open,   // its interval holds 0
  equal,  // no pair differs
  too_few // too few repetitions for an interval
};
certainty certainty_of(const estimate& difference);

} // namespace interswarm::compare
