#include "schema/bittorrent/udp_tracker.hpp"

#include "schema/base/encoding.hpp"
#include "schema/base/wire.hpp"

#include <algorithm>

namespace interswarm::bittorrent::udp_tracker {

namespace {

constexpr std::size_t header_bytes = 16;
constexpr std::size_t hash_bytes = 20;

/// BEP 41 option types.
constexpr byte option_end = 0;
constexpr byte option_nop = 1;
constexpr byte option_url_data = 2;

template <std::unsigned_integral T>
void store(std::span<byte> out, std::size_t at, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i)
    out[at + i] = static_cast<byte>(value >> (8 * (sizeof(T) - 1 - i)));
}

/// The fixed part of an announce, from the info-hash on. Nothing is checked but the event and the
/// port.
const char* read_announce(big_endian_reader& in, announce_request& out) {
  out.hash = in.array<20>();
  out.id = in.array<20>();
  out.downloaded = in.u64();
  out.left = in.u64();
  out.uploaded = in.u64();
  const auto event = in.u32();
  in.u32(); // The address field: only a proxy could fill it, and nobody can check it.
  out.key = in.u32();
  out.want = static_cast<std::int32_t>(in.u32());
  out.port = in.u16();
  if (event > 3) return "unknown event";
  if (out.port == 0) return "port 0";
  out.event = static_cast<announce_event>(event);
  return nullptr;
}

} // namespace

tl::expected<request, request_error> decode_request(byte_view packet) {
  if (packet.size() < header_bytes || packet.size() > limits::udp_packet_bytes)
    return tl::unexpected(request_error{});
  big_endian_reader in(packet);
  request out;
  out.connection_id = in.u64();
  const auto action_number = in.u32();
  out.transaction = in.u32();
  const auto refuse = [&](std::string_view text) {
    return tl::unexpected(
        request_error{on_decode_error::reply, out.connection_id, out.transaction, text});
  };
  switch (static_cast<action>(action_number)) {
  case action::connect:
    if (out.connection_id != protocol_magic) return tl::unexpected(request_error{});
    return out;
  case action::announce:
    if (packet.size() < announce_request_bytes) return refuse("announce too short");
    out.what = action::announce;
    if (const auto* wrong = read_announce(in, out.announce)) return refuse(wrong);
    out.options = in.rest();
    return out;
  case action::scrape: {
    out.what = action::scrape;
    const auto count = in.left() / hash_bytes;
    if (count == 0) return refuse("scrape without an info-hash");
    if (count > limits::scrape_names) return refuse("scrape of too many");
    out.hashes = in.take(count * hash_bytes);
    return out;
  }
  default: return refuse("unknown action");
  }
}

std::string url_data(byte_view options) {
  std::string out;
  while (!options.empty() && options[0] != option_end) {
    if (options[0] == option_nop) {
      options = options.subspan(1);
      continue;
    }
    if (options.size() < 2 || options.size() - 2 < options[1]) break;
    const std::size_t length = options[1];
    if (options[0] == option_url_data) {
      if (out.size() + length > limits::udp_url_bytes) break;
      out += as_text(options.subspan(2, length));
    }
    options = options.subspan(2 + length);
  }
  return out;
}

std::size_t encode_connect_response(std::span<byte> out, std::uint32_t transaction,
                                    std::uint64_t connection_id) {
  if (out.size() < 16) return 0;
  store(out, 0, static_cast<std::uint32_t>(action::connect));
  store(out, 4, transaction);
  store(out, 8, connection_id);
  return 16;
}

std::size_t encode_announce_header(std::span<byte> out, std::uint32_t transaction,
                                   std::uint32_t interval_s, std::uint32_t leechers,
                                   std::uint32_t seeders) {
  if (out.size() < announce_response_header_bytes) return 0;
  store(out, 0, static_cast<std::uint32_t>(action::announce));
  store(out, 4, transaction);
  store(out, 8, interval_s);
  store(out, 12, leechers);
  store(out, 16, seeders);
  return announce_response_header_bytes;
}

std::size_t encode_scrape_header(std::span<byte> out, std::uint32_t transaction) {
  if (out.size() < 8) return 0;
  store(out, 0, static_cast<std::uint32_t>(action::scrape));
  store(out, 4, transaction);
  return 8;
}

std::size_t encode_scrape_entry(std::span<byte> out, std::size_t index, const scrape_entry& entry) {
  const auto at = 8 + 12 * index;
  if (out.size() < at + 12) return 0;
  store(out, at, entry.seeders);
  store(out, at + 4, entry.completed);
  store(out, at + 8, entry.leechers);
  return at + 12;
}

std::size_t encode_error(std::span<byte> out, std::uint32_t transaction, std::string_view text) {
  if (out.size() < 8) return 0;
  store(out, 0, static_cast<std::uint32_t>(action::error));
  store(out, 4, transaction);
  const auto length = std::min(text.size(), out.size() - 8);
  std::copy_n(text.begin(), length, out.begin() + 8);
  return 8 + length;
}

bytes encode_connect_request(std::uint32_t transaction) {
  bytes out;
  big_endian_writer(out)
      .u64(protocol_magic)
      .u32(static_cast<std::uint32_t>(action::connect))
      .u32(transaction);
  return out;
}

bytes encode_announce_request(std::uint64_t connection_id, std::uint32_t transaction,
                              const announce_request& a, std::string_view url_path) {
  bytes out;
  big_endian_writer w(out);
  w.u64(connection_id).u32(static_cast<std::uint32_t>(action::announce)).u32(transaction);
  w.put(a.hash).put(a.id).u64(a.downloaded).u64(a.left).u64(a.uploaded);
  w.u32(static_cast<std::uint32_t>(a.event))
      .u32(0)
      .u32(a.key)
      .u32(static_cast<std::uint32_t>(a.want))
      .u16(a.port);
  while (!url_path.empty()) {
    const auto part = url_path.substr(0, 255);
    w.u8(option_url_data).u8(static_cast<byte>(part.size())).put(as_bytes(part));
    url_path.remove_prefix(part.size());
    if (url_path.empty()) w.u8(option_end);
  }
  return out;
}

bytes encode_scrape_request(std::uint64_t connection_id, std::uint32_t transaction,
                            const std::vector<info_hash>& hashes) {
  bytes out;
  big_endian_writer w(out);
  w.u64(connection_id).u32(static_cast<std::uint32_t>(action::scrape)).u32(transaction);
  for (const auto& hash : hashes) w.put(hash);
  return out;
}

decoded<response> decode_response(byte_view packet, bool v6) {
  big_endian_reader in(packet);
  response out;
  out.what = static_cast<action>(in.u32());
  out.transaction = in.u32();
  if (in.failed()) return drop("UDP tracker: shorter than a header");
  switch (out.what) {
  case action::connect:
    out.connection_id = in.u64();
    if (in.failed()) return drop("UDP tracker: connect answer too short");
    return out;
  case action::announce:
    if (in.done()) {
      out.announce.failure =
          tracker_failure{"the tracker does not list this info-hash", std::nullopt, false};
      return out;
    }
    out.announce.interval_s = in.u32();
    out.announce.leechers = in.u32();
    out.announce.seeders = in.u32();
    if (in.failed()) return drop("UDP tracker: announce answer too short");
    read_compact_peers(in.rest(), v6, out.announce.peers);
    return out;
  case action::scrape:
    while (in.left() >= 12 && out.scrape.entries.size() < limits::scrape_names) {
      scrape_entry entry;
      entry.seeders = in.u32();
      entry.completed = in.u32();
      entry.leechers = in.u32();
      out.scrape.entries.push_back(entry);
    }
    return out;
  case action::error: out.error_text = printable(as_text(in.rest())); return out;
  }
  return drop("UDP tracker: unknown action");
}

} // namespace interswarm::bittorrent::udp_tracker
