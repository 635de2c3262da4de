#include "actors/overlays/ppsp/tracker_states.hpp"

#include <set>

namespace interswarm::ppsp {

tracker_error check_connect(tracker_state state, std::span<const swarm_action> actions) {
  std::size_t seeds = 0;
  std::size_t leeches = 0;
  std::size_t leaves = 0;
  std::set<std::pair<std::optional<bytes>, bool>> seen;
  for (const auto& a : actions) {
    if (!seen.emplace(swarm_bytes(a.swarm_id), a.join).second)
      return tracker_error::forbidden_action;
    ++(!a.join ? leaves : a.seeder ? seeds : leeches);
  }
  const bool fits = may_ask(state) ? leeches <= 1 && (seeds == 0 || leaves > 0)
                                   : leaves == 0 && leeches <= 1 && (seeds == 0 || leeches == 0);
  return fits ? tracker_error::none : tracker_error::forbidden_action;
}

} // namespace interswarm::ppsp
