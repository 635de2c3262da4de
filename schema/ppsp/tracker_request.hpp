#pragma once

#include "schema/base/result.hpp"
#include "schema/ppsp/tracker_values.hpp"

#include <variant>

namespace interswarm::ppsp {

/// `swarm_action`. The id is text as it came, or `swarm_text`'s.
struct swarm_action {
  std::string swarm_id;
  /// Else LEAVE.
  bool join = true;
  /// Else LEECH.
  bool seeder = false;

  friend bool operator==(const swarm_action&, const swarm_action&) = default;
};

struct connect_request {
  /// Absent: no peers are asked for.
  std::optional<peer_num> numbers;
  std::vector<peer_address> addresses;
  /// At least one.
  std::vector<swarm_action> actions;

  friend bool operator==(const connect_request&, const connect_request&) = default;
};

struct find_request {
  std::string swarm_id;
  std::optional<peer_num> numbers;

  friend bool operator==(const find_request&, const find_request&) = default;
};

/// `stat`, counted since the peer joined.
struct stream_statistics {
  std::string swarm_id;
  std::uint64_t uploaded_bytes = 0;
  std::uint64_t downloaded_bytes = 0;
  std::uint64_t available_bandwidth = 0;
  std::optional<std::uint32_t> concurrent_links;

  friend bool operator==(const stream_statistics&, const stream_statistics&) = default;
};

/// Without statistics: the peer lives.
struct stat_report {
  std::vector<stream_statistics> statistics;

  friend bool operator==(const stat_report&, const stat_report&) = default;
};

struct tracker_request {
  /// Echoed; the same in a retry.
  std::string transaction_id;
  std::string peer_id;
  std::variant<connect_request, find_request, stat_report> body;

  friend bool operator==(const tracker_request&, const tracker_request&) = default;
};

/// Why a request cannot be served, and whom the answer is for where that could be read.
struct tracker_refusal {
  tracker_error code = tracker_error::bad_request;
  std::string transaction_id;
  /// One line for people; not on the wire.
  std::string text;
};

/// A request's body. Lenient where the RFC's own examples differ from its definitions and where
/// deployed clients do: one object in place of an array, numbers as strings, words in any case,
/// FIND's members beside `find`, `Stat`. What is refused is to be answered with the code.
tl::expected<tracker_request, tracker_refusal> decode_tracker_request(byte_view body);
/// As the RFC defines it. A FIND's and a CONNECT's ids are written as they stand.
bytes encode_tracker_request(const tracker_request& r);

} // namespace interswarm::ppsp
