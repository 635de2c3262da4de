#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

namespace interswarm {

/// Keeps a table within a limit without counting it at each insert, although other processes insert
/// too. After a count, an eighth of the room that is left goes uncounted: so eight writers together
/// hold the limit, and a single one exactly.
class row_bound {
public:
  explicit row_bound(std::uint64_t limit) : limit_(limit) {}

  /// Whether one more row may be inserted. `count` gives the rows there are.
  template <class F>
  bool admit(F count) {
    if (free_ == 0) {
      const std::uint64_t rows = count();
      if (rows >= limit_) return false;
      free_ = std::max<std::uint64_t>(1, (limit_ - rows) / 8);
    }
    --free_;
    return true;
  }
  /// The same where there are at most `at_most` rows, such as the greatest of their numbers: only
  /// when that reaches the limit are they counted.
  template <class F>
  bool admit(std::uint64_t at_most, F count) {
    return at_most < limit_ || admit(std::move(count));
  }

private:
  std::uint64_t limit_;
  std::uint64_t free_ = 0;
};

} // namespace interswarm
