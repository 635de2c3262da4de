#pragma once

#include "schema/bittorrent/tracker.hpp"

#include <span>

/// The UDP tracker conversation (BEP 15, options of BEP 41), both ends. Decoding a request and
/// encoding a response allocate nothing: they are a tracker's hot path.
namespace interswarm::bittorrent::udp_tracker {

constexpr std::uint64_t protocol_magic = 0x0000041727101980ull;
constexpr std::size_t connect_request_bytes = 16;
constexpr std::size_t announce_request_bytes = 98;
constexpr std::size_t announce_response_header_bytes = 20;

enum class action : std::uint32_t { connect = 0, announce = 1, scrape = 2, error = 3 };

struct request {
  action what = action::connect;
  std::uint64_t connection_id = 0;
  std::uint32_t transaction = 0;
  /// Of an announce.
  announce_request announce;
  /// Of an announce: the bytes after the fixed part, see `url_data`. Points into the packet.
  byte_view options;
  /// Of a scrape: 1…74 hashes of 20 bytes. Points into the packet.
  byte_view hashes;
};

/// `reply` only after `connection_id` was found good; `text` is a literal.
struct request_error {
  on_decode_error reaction = on_decode_error::drop;
  std::uint64_t connection_id = 0;
  std::uint32_t transaction = 0;
  std::string_view text;
};

tl::expected<request, request_error> decode_request(byte_view packet);
/// BEP 41: the joined URLData options, such as "/announce?key"; an unusable rest is passed over.
std::string url_data(byte_view options);

/// Each writes one packet and gives its length; `out` must have room (a short buffer gives 0).
std::size_t encode_connect_response(std::span<byte> out, std::uint32_t transaction,
                                    std::uint64_t connection_id);
/// The 20 bytes before the compact peers, which the caller puts behind them.
std::size_t encode_announce_header(std::span<byte> out, std::uint32_t transaction,
                                   std::uint32_t interval_s, std::uint32_t leechers,
                                   std::uint32_t seeders);
std::size_t encode_scrape_header(std::span<byte> out, std::uint32_t transaction);
/// The entry at `index`, 12 bytes at 8 + 12·index; gives the packet's length up to it.
std::size_t encode_scrape_entry(std::span<byte> out, std::size_t index, const scrape_entry& entry);
/// The text is cut where the buffer ends.
std::size_t encode_error(std::span<byte> out, std::uint32_t transaction, std::string_view text);

// The client's end.

bytes encode_connect_request(std::uint32_t transaction);
/// `url_path` goes as BEP 41 URL data when it is not empty.
bytes encode_announce_request(std::uint64_t connection_id, std::uint32_t transaction,
                              const announce_request& a, std::string_view url_path);
bytes encode_scrape_request(std::uint64_t connection_id, std::uint32_t transaction,
                            const std::vector<info_hash>& hashes);

struct response {
  action what = action::connect;
  std::uint32_t transaction = 0;
  /// Of a connect.
  std::uint64_t connection_id = 0;
  announce_response announce;
  scrape_response scrape;
  /// Of an error: what the tracker said, safe to show.
  std::string error_text;
};

/// `v6`: the packet itself came over IPv6, which decides the peers' form (BEP 15). An announce
/// answer of 8 bytes is opentracker's way to refuse a hash that is not on its list: it comes out as
/// a failure.
decoded<response> decode_response(byte_view packet, bool v6);

} // namespace interswarm::bittorrent::udp_tracker
