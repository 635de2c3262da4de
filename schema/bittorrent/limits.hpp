#pragma once

#include <cstddef>
#include <cstdint>

/// Named limits of every BitTorrent parser. Crossing one is a decode error, never a truncation.
namespace interswarm::bittorrent::limits {

/// Nesting of lists and dictionaries in one bencoded value.
constexpr std::size_t bencode_depth = 100;
/// Values (keys included) in one bencoded document.
constexpr std::size_t bencode_tokens = 3'000'000;
/// Bytes of one .torrent file, piece layers included.
constexpr std::size_t metainfo_bytes = 64u << 20;
/// Bytes of an info dictionary; what clients accept over BEP 9 (libtorrent `max_metadata_size`).
constexpr std::size_t info_bytes = 30u << 20;
constexpr std::size_t pieces = 2'097'152;
constexpr std::uint64_t piece_length = 1u << 30;
/// Bytes of all files together.
constexpr std::uint64_t total_length = std::uint64_t{1} << 50;
constexpr std::size_t files = 200'000;
constexpr std::size_t path_components = 64;
constexpr std::size_t name_bytes = 255;
constexpr std::size_t trackers = 256;
constexpr std::size_t web_seeds = 256;
constexpr std::size_t url_bytes = 2048;
constexpr std::size_t text_bytes = 4096;

constexpr std::size_t magnet_bytes = 64u << 10;
constexpr std::size_t magnet_peers = 64;
constexpr std::size_t magnet_selections = 1024;

/// Names of one scrape (BEP 15: 74 fit a datagram).
constexpr std::size_t scrape_names = 74;
/// Query string of an HTTP announce or scrape.
constexpr std::size_t http_query_bytes = 8192;
/// Body of an HTTP tracker's answer.
constexpr std::size_t http_response_bytes = 1u << 20;
/// Values in an HTTP tracker's answer: 200 peers as dictionaries are 1,400.
constexpr std::size_t http_response_tokens = 20'000;
/// Peers taken from one tracker answer.
constexpr std::size_t response_peers = 1000;
constexpr std::size_t tracker_id_bytes = 256;
/// Bytes of one UDP tracker packet that is looked at, either direction.
constexpr std::size_t udp_packet_bytes = 2048;
/// BEP 41 URL data joined from all options.
constexpr std::size_t udp_url_bytes = 1024;

} // namespace interswarm::bittorrent::limits
