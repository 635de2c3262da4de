#pragma once

#include "schema/ppsp/tracker_request.hpp"

#include <span>

namespace interswarm::ppsp {

/// What a tracker knows of a peer id (RFC 7846). START: nothing. PEER REGISTERED: it joined,
/// and the init timer runs. TRACKING: it was heard of since, and the track timer runs. TERMINATED:
/// it left its last swarm; as START but for retries.
enum class tracker_state : std::uint8_t { start, registered, tracking, terminated };

/// Whether a CONNECT with these actions is allowed in `state` (RFC 7846 Table 6): `none` or
/// `forbidden_action`. PEER REGISTERED counts as TRACKING.
/// - START: joins only; a leech joins one swarm, a seeder any number, not both at once.
/// - TRACKING: a seeder joins only in exchange, with a LEAVE in the same request; a leech joins one
///   swarm, with or without a LEAVE (the table does not list it without; a peer that wants two
///   contents needs it). Leaving is always allowed.
/// - A swarm is not joined twice nor left twice in one request.
tracker_error check_connect(tracker_state state, std::span<const swarm_action> actions);

/// FIND and STAT_REPORT are for peers that are registered or tracked.
constexpr bool may_ask(tracker_state state) {
  return state == tracker_state::registered || state == tracker_state::tracking;
}

} // namespace interswarm::ppsp
