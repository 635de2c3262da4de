#pragma once

#include "modes/compare/measure/metric.hpp"
#include "modes/compare/report/format.hpp"

#include <string>
#include <vector>

namespace interswarm::compare {

/// Maps figures to places in a drawing, with marks at round ones.
class axis {
public:
  /// From `low` to `high`, drawn from `from` to `to`, with about `marks` marks. `high` is moved to
  /// the next mark if `rounded`.
  static axis linear(double low, double high, unit u, double from, double to, int marks,
                     bool rounded);
  /// Both bounds are above 0; marks at powers of ten, or at 1, 2 and 5 of them where those are few.
  static axis logarithmic(double low, double high, unit u, double from, double to);

  double place(double v) const;
  bool is_logarithmic() const { return logarithmic_; }

  struct mark {
    double at = 0; // where it is drawn
    std::string text;
  };
  const std::vector<mark>& marks() const { return marks_; }
  /// What the marks' texts are in: "GiB"; empty for bare numbers.
  std::string_view in() const { return scale_.name; }

private:
  axis(double low, double high, scale s, double from, double to, bool logarithmic)
      : low_(low), high_(high), scale_(s), from_(from), to_(to), logarithmic_(logarithmic) {}

  double low_;
  double high_;
  scale scale_;
  double from_;
  double to_;
  bool logarithmic_;
  std::vector<mark> marks_;
};

} // namespace interswarm::compare
