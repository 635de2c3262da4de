#pragma once

#include "schema/ppsp/tracker_request.hpp"

namespace interswarm::ppsp {

/// A call that waits for its answer.
using registrar_call = std::uint64_t;

// What the registrar decided; its hands do it.

/// POST the request, and tell `registrar_core::answered` or `failed` with the number. One at a
/// time.
struct ask_tracker {
  std::uint64_t number = 0;
  tracker_request request = {};
};

struct party_at_tracker {
  endpoint at;
  std::string peer_id;
};

struct parties_found {
  registrar_call call = 0;
  std::vector<party_at_tracker> parties = {};
};

/// An `announce` is settled: entered, or to be tried again for as long as it is not withdrawn.
struct party_entered {
  registrar_call call = 0;
};

/// A `find` or an `announce` failed; the announce is withdrawn.
struct tracker_call_failed {
  registrar_call call = 0;
  error why = {};
};

/// One line for the log: the state changed.
struct tracker_line {
  std::string line = {};
};

using registrar_effect =
    std::variant<ask_tracker, parties_found, party_entered, tracker_call_failed, tracker_line>;
using registrar_effects = std::vector<registrar_effect>;

} // namespace interswarm::ppsp
