#pragma once

#include "modes/compare/plan/plan.hpp"

namespace interswarm::compare {

/// Told that a name is sought.
class seeking_watcher {
public:
  virtual void sought(overlay_id o, content_id c) = 0;

protected:
  ~seeking_watcher() = default;
};

} // namespace interswarm::compare
