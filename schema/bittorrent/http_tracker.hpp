#pragma once

#include "schema/bittorrent/tracker.hpp"

/// The HTTP tracker conversation (BEP 3, 7, 23, 24, 31, 48), both ends. Paths and headers are
/// HTTP's own affair: here are the query string of a request and the body of an answer.
namespace interswarm::bittorrent::http_tracker {

// The tracker's end.

/// The query of /announce, without the question mark. Every error is to be answered as a `failure
/// reason`.
decoded<announce_request> decode_announce_query(std::string_view query);
/// The query of /scrape: the hashes it names, at most 74; an empty list asks for everything.
decoded<std::vector<info_hash>> decode_scrape_query(std::string_view query);

struct announce_answer {
  std::uint32_t interval_s = 0;
  std::uint32_t min_interval_s = 0;
  std::uint32_t seeders = 0;
  std::uint32_t leechers = 0;
  std::uint32_t completed = 0;
  /// Compact entries of 6 and of 18 bytes.
  byte_view peers;
  byte_view peers6;
  /// BEP 24; left out when not given.
  std::optional<ip_address> external_address;
};

bytes encode_announce_answer(const announce_answer& a);
/// BEP 48, entries in ascending order of their hashes; `min_interval_s` 0 is left out.
bytes encode_scrape_answer(std::vector<scrape_entry> entries, std::uint32_t min_interval_s);
bytes encode_failure(const tracker_failure& f);

// The client's end.

/// Appended to the announce path behind '?' or '&'.
std::string encode_announce_query(const announce_request& a, const std::string& tracker_id);
std::string encode_scrape_query(const std::vector<info_hash>& hashes);
/// `path` with `query` behind it, a query that is there already kept.
std::string join_query(const std::string& path, const std::string& query);

decoded<announce_response> decode_announce_response(byte_view body);
decoded<scrape_response> decode_scrape_response(byte_view body);

} // namespace interswarm::bittorrent::http_tracker
