#pragma once

#include "schema/base/endpoint.hpp"
#include "schema/bittorrent/metainfo.hpp"

#include <optional>
#include <string>
#include <vector>

/// What the HTTP and the UDP tracker conversations have in common.
namespace interswarm::bittorrent {

using peer_id = std::array<byte, 20>;

/// Numbered as BEP 15 does.
enum class announce_event : std::uint8_t { none = 0, completed = 1, started = 2, stopped = 3 };

/// An announce as both conversations carry it. Holds no allocation, so that the UDP path makes
/// none.
struct announce_request {
  info_hash hash{};
  peer_id id{};
  /// TCP port the peer listens on; never 0.
  std::uint16_t port = 0;
  std::uint64_t uploaded = 0;
  std::uint64_t downloaded = 0;
  /// Bytes that are missing; 0 for a seed.
  std::uint64_t left = 0;
  announce_event event = announce_event::none;
  /// Lets a tracker recognise the peer when its address changes; 0 = none.
  std::uint32_t key = 0;
  /// Peers wanted; -1 leaves it to the tracker.
  std::int32_t want = -1;

  friend bool operator==(const announce_request&, const announce_request&) = default;
};

struct tracker_peer {
  endpoint address;
  /// Only where an HTTP tracker answered with dictionaries.
  std::optional<peer_id> id;

  friend bool operator==(const tracker_peer&, const tracker_peer&) = default;
};

/// A refusal: BEP 3 `failure reason` with BEP 31 `retry in`, or a UDP error.
struct tracker_failure {
  std::string reason;
  /// Minutes after which to try again, where the tracker said so.
  std::optional<std::uint32_t> retry_minutes;
  /// The tracker said "never".
  bool never = false;

  friend bool operator==(const tracker_failure&, const tracker_failure&) = default;
};

struct announce_response {
  std::optional<tracker_failure> failure;
  std::string warning;
  /// Seconds; 0 when the tracker gave none.
  std::uint32_t interval_s = 0;
  std::uint32_t min_interval_s = 0;
  std::uint32_t seeders = 0;
  std::uint32_t leechers = 0;
  std::vector<tracker_peer> peers;
  /// HTTP only: to be echoed in later announces.
  std::string tracker_id;
  /// HTTP only: our address as the tracker sees it (BEP 24).
  std::optional<ip_address> external_address;
};

struct scrape_entry {
  info_hash hash{};
  std::uint32_t seeders = 0;
  std::uint32_t completed = 0;
  std::uint32_t leechers = 0;

  friend bool operator==(const scrape_entry&, const scrape_entry&) = default;
};

struct scrape_response {
  std::optional<tracker_failure> failure;
  /// UDP answers have no hashes of their own: the caller sets them in the order it asked.
  std::vector<scrape_entry> entries;
  /// BEP 48 `flags.min_request_interval`, seconds, 0 = none.
  std::uint32_t min_interval_s = 0;
};

/// Reads 6-byte (IPv4) or 18-byte (IPv6) entries; a rest that is shorter than an entry is passed
/// over. Entries with port 0 are left out. At most `limits::response_peers` in `out`.
void read_compact_peers(byte_view data, bool v6, std::vector<tracker_peer>& out);
/// 6 or 18 bytes.
void append_compact_peer(bytes& out, const endpoint& peer);

/// Where a tracker is: "http://host:port/announce?key", "udp://host:port/announce".
struct tracker_url {
  enum class transport : std::uint8_t { http, https, udp };

  transport via = transport::http;
  /// Name or address; an IPv6 address without brackets.
  std::string host;
  std::uint16_t port = 0;
  /// Path with query, "/" at least. For UDP it travels as BEP 41 URL data.
  std::string path;

  /// `configuration` error with one line where it is no tracker's URL.
  static result<tracker_url> parse(std::string_view text);
  std::string to_string() const;
  /// "host:port" with brackets where needed, as a Host header or a dialled address wants it.
  std::string authority() const;
  /// BEP 48: the path for scrapes, nothing where the path does not allow one.
  std::optional<std::string> scrape_path() const;
  /// True for a URL with a query or a long hexadecimal component: it may carry a passkey, so it
  /// must not be shown.
  bool may_hold_secret() const;

  friend bool operator==(const tracker_url&, const tracker_url&) = default;
};

} // namespace interswarm::bittorrent
