#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace interswarm::compare {

/// Points of a line; x ascends.
struct curve {
  std::vector<double> x;
  std::vector<double> y;
  friend bool operator==(const curve&, const curve&) = default;
};

/// One request, watched for something that happens at most once.
struct watched {
  /// Seconds until it happened; infinite if it did not.
  double after = 0;
  /// Seconds from the request to the end of the run: what was not seen by then may come later.
  double window = 0;
};

/// The share of all requests for which it has happened within x seconds: a step at each x. A
/// request that failed counts as one for which it never happens, so that a solution which fails
/// the hard ones does not look fast; one that came late counts only for as long as it was watched.
/// (Kaplan and Meier 1958; what failed stays at risk until its window ends, as in Fine and Gray,
/// JASA 94, 1999, section 3.1, "censoring complete" data.)
curve incidence_of(std::span<const watched> requests);

/// The x at which the share `q` is reached; infinite if it is not within the run.
double quantile_of(const curve& incidence, double q);

/// At most `points` of it (2 or more): what happens between is told by the next one.
curve thinned(const curve& c, std::size_t points);

} // namespace interswarm::compare
