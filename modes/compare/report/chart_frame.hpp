#pragma once

#include "modes/compare/report/chart.hpp"
#include "modes/compare/report/markup.hpp"

#include <optional>
#include <string>
#include <vector>

namespace interswarm::compare {

/// What all drawings are framed with: <figure>, heading, <svg> with its title and description.
/// While it lives, what is appended is inside the <svg>; `finish` closes that, and what follows is
/// inside the <figure>.
class chart_frame {
public:
  chart_frame(std::string& out, const std::string& title, const std::string& description,
              double height, int number);
  void finish() { svg_.reset(); }

private:
  static std::string id(int number, const char* part);
  element figure_;
  std::optional<element> svg_;
};

/// The numbers behind a drawing, closed until somebody opens them. The first row is the heading.
void put_numbers(std::string& out, const std::vector<std::vector<std::string>>& rows,
                 const std::string& note);

/// Places at least `gap` apart within [low, high], near the wanted ones and in their order.
std::vector<double> spread(const std::vector<double>& wanted, double gap, double low, double high);

} // namespace interswarm::compare
