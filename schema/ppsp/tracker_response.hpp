#pragma once

#include "schema/base/result.hpp"
#include "schema/ppsp/tracker_values.hpp"

namespace interswarm::ppsp {

/// One of `peer_info`. More than one address only from trackers that send an array.
struct tracker_peer {
  std::string peer_id;
  std::vector<peer_address> addresses;

  friend bool operator==(const tracker_peer&, const tracker_peer&) = default;
};

struct swarm_result {
  std::string swarm_id;
  /// 0, or the number of a `tracker_error`.
  std::uint32_t result = 0;
  /// Absent: no group is in it; not the same as an empty one.
  std::optional<std::vector<tracker_peer>> peers;
  /// Not the RFC's, which lets peers ignore it: seconds until the next FIND or report is welcome.
  std::optional<std::uint32_t> interval_s;

  friend bool operator==(const swarm_result&, const swarm_result&) = default;
};

struct tracker_response {
  std::string transaction_id;
  /// Other than `none`: failed.
  tracker_error error = tracker_error::none;
  /// The asker's address as the tracker sees it.
  std::optional<peer_address> seen;
  std::vector<swarm_result> swarms;

  friend bool operator==(const tracker_response&, const tracker_response&) = default;
};

/// As the RFC defines it.
bytes encode_tracker_response(const tracker_response& r);
/// Lenient as the other direction. A failed response is one too; peers whose address cannot be read
/// are left out.
decoded<tracker_response> decode_tracker_response(byte_view body);

} // namespace interswarm::ppsp
