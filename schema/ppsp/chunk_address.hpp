#pragma once

#include "schema/base/bytes.hpp"
#include "schema/base/wire.hpp"

#include <compare>
#include <optional>
#include <vector>

namespace interswarm::ppsp {

/// Chunks [begin, end) of a swarm, counted from 0.
struct chunk_range {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  constexpr std::uint64_t size() const { return end > begin ? end - begin : 0; }
  constexpr bool empty() const { return end <= begin; }
  constexpr bool contains(std::uint64_t chunk) const { return begin <= chunk && chunk < end; }

  friend constexpr auto operator<=>(const chunk_range&, const chunk_range&) = default;
};

/// How messages say which chunks they mean; the values of protocol option 6 (RFC 7574 §7.8).
enum class chunk_addressing : std::uint8_t {
  bins_32 = 0,
  byte_ranges_64 = 1,
  chunk_ranges_32 = 2,
  bins_64 = 3,
  chunk_ranges_64 = 4,
};
inline constexpr auto last_chunk_addressing = chunk_addressing::chunk_ranges_64;

constexpr bool is_bins(chunk_addressing a) {
  return a == chunk_addressing::bins_32 || a == chunk_addressing::bins_64;
}
/// Bytes of one chunk specification: 4, 8 or 16.
constexpr std::size_t address_bytes(chunk_addressing a) {
  switch (a) {
  case chunk_addressing::bins_32: return 4;
  case chunk_addressing::chunk_ranges_32:
  case chunk_addressing::bins_64: return 8;
  case chunk_addressing::byte_ranges_64:
  case chunk_addressing::chunk_ranges_64: return 16;
  }
  return 0;
}
/// One behind the last chunk that can be named.
std::uint64_t address_limit(chunk_addressing a, std::uint32_t chunk_bytes);

/// What turns chunks into a specification and back. Byte ranges need the sizes; the others ignore
/// them.
struct chunk_address {
  chunk_addressing method = chunk_addressing::chunk_ranges_32;
  std::uint32_t chunk_bytes = 1024;
  /// Where known: the last chunk ends there.
  std::optional<std::uint64_t> content_bytes;
};

/// The number of the node of the binary tree (RFC 7574 §4.2) that covers exactly these chunks;
/// nothing when no node does. Its size must be a power of two and `begin` a multiple of it.
std::optional<std::uint64_t> bin_of(const chunk_range& r);
/// The chunks below a node; nothing for "none" (all ones in 64 bits).
std::optional<chunk_range> chunks_of(std::uint64_t bin);

/// `r` in ranges that one specification each can name, from left to right: itself, or its nodes
/// where the method is bins. Parts beyond `address_limit` are left out.
std::vector<chunk_range> addressable(const chunk_range& r, const chunk_address& a);
/// Appends one specification; `r` must come from `addressable`.
void append_address(bytes& out, const chunk_range& r, const chunk_address& a);
/// Reads one. Nothing, with the reader at its end or behind the specification, for a range that
/// ends before it begins, "none", one that breaks chunks' borders, and chunks beyond
/// `limits::max_chunks`.
std::optional<chunk_range> read_address(big_endian_reader& in, const chunk_address& a);

} // namespace interswarm::ppsp
