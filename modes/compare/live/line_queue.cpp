#include "modes/compare/live/line_queue.hpp"

#include <algorithm>
#include <cmath>

namespace interswarm::compare {

std::optional<double> line_queue::admit(double now, std::size_t bytes, double factor) {
  if (!(factor > 0)) return std::nullopt;
  auto ready = std::max(now, free_at_);
  if (ready - now > longest_wait_s) return std::nullopt;
  if (std::isfinite(path_.rate)) ready += static_cast<double>(bytes) / (path_.rate * factor);
  free_at_ = ready;
  // It is lost on its way and has taken its turn.
  if (path_.loss > 0 && std::generate_canonical<double, 53>(random_) < path_.loss)
    return std::nullopt;
  return ready + path_.delay_s;
}

} // namespace interswarm::compare
