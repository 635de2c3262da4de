#pragma once

#include <cstdint>

/// Bounds of the BitTorrent peer. The tracker's are in the codecs' own limits.
namespace interswarm::bittorrent {

/// A longer info dictionary is refused (libtorrent's `max_metadata_size` is the same).
inline constexpr std::size_t max_info_bytes = 30u << 20;
/// A torrent with longer pieces is not served: a piece is held whole while it is checked.
inline constexpr std::uint32_t max_piece_bytes = 64u << 20;
/// Pieces a torrent may have.
inline constexpr std::uint32_t max_pieces = 1u << 21;
/// Bytes asked of a source in one read (`maxReadBytes` of source.capnp).
inline constexpr std::uint32_t max_source_read_bytes = 4u << 20;
/// Reads of one fetch that wait at the same time; more are `overloaded`.
inline constexpr std::size_t max_waiting_reads = 4096;
/// Torrents served or fetched at the same time by one peer.
inline constexpr std::size_t max_torrents = 4096;
/// Contents of one torrent that may be on offer at once (a source each).
inline constexpr std::size_t max_sources_per_torrent = 256;
/// Pieces that one connection was refused and is told of again.
inline constexpr std::size_t max_withdrawn_pieces = 1024;
/// Blocks of fetched torrents on their way to the spool; beyond it, peers are not read.
inline constexpr std::uint64_t max_queued_write_bytes = 16u << 20;
/// Addresses taken from one answer of a tracker.
inline constexpr std::size_t max_found_peers = 200;

} // namespace interswarm::bittorrent
