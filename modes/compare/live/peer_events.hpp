#pragma once

#include "modes/compare/plan/plan.hpp"

#include <functional>

namespace interswarm::compare {

/// What happens to a peer from outside.
struct peer_event {
  enum class kind : std::uint8_t { joins, leaves, wants };
  moment at = 0;
  kind what = kind::joins;
  /// Of the peer; of the request.
  std::uint32_t number = 0;
};

/// Everything in the plan that happens to peers that `of` says yes to, in order of time; of one
/// moment, joining and leaving comes first.
std::vector<peer_event> events_of(const plan& p, const std::function<bool(peer_id)>& of);

} // namespace interswarm::compare
