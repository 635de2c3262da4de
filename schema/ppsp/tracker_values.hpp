#pragma once

#include "schema/base/endpoint.hpp"
#include "schema/ppsp/limits.hpp"
#include "schema/ppsp/tracker_limits.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What requests and responses of the tracker protocol (RFC 7846) share.
namespace interswarm::ppsp {

/// Content-Type and Accept of requests and responses (RFC 7846).
inline constexpr std::string_view tracker_media_type = "application/ppsp-tracker+json";

/// IANA's registry of PPSTP error codes (RFC 7846), two digits on the wire.
enum class tracker_error : std::uint8_t {
  none = 0,
  bad_request = 1,
  unsupported_version = 2,
  forbidden_action = 3,
  internal_error = 4,
  service_unavailable = 5,
  authentication_required = 6,
};
inline constexpr auto last_tracker_error = tracker_error::authentication_required;

/// "forbidden action"
std::string_view to_string(tracker_error e);

/// How a peer gets through NATs.
enum class nat_ability : std::uint8_t { unknown, no_nat, stun, turn };
enum class address_kind : std::uint8_t { host, reflexive, proxy };
enum class link_kind : std::uint8_t { unknown, wired, wireless };

/// `peer_num`: how many peers are wanted, and what the asker is like. Words that a deployed client
/// sends in place of the numbers ("NORMAL") are read as absent.
struct peer_num {
  std::uint16_t peer_count = limits::tracker_peers;
  nat_ability nat = nat_ability::unknown;
  std::optional<std::uint32_t> concurrent_links;
  /// Seconds.
  std::optional<std::uint32_t> online_time;
  std::optional<std::uint32_t> upload_bandwidth;

  friend bool operator==(const peer_num&, const peer_num&) = default;
};

/// `peer_addr`.
struct peer_address {
  endpoint at;
  std::uint32_t priority = 1;
  address_kind kind = address_kind::host;
  link_kind link = link_kind::unknown;
  /// Empty: not said.
  std::string asn{};
  std::string peer_protocol{};

  friend bool operator==(const peer_address&, const peer_address&) = default;
};

/// A swarm id as we write it: hexadecimal, lower case. The RFC leaves the form open.
std::string swarm_text(byte_view id);
/// Hexadecimal in both cases, 1 to `limits::max_swarm_id_bytes` bytes; nothing else.
std::optional<bytes> swarm_bytes(std::string_view text);

} // namespace interswarm::ppsp
