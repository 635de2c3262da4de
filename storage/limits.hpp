#pragma once

#include <cstddef>
#include <cstdint>

/// Every bound of storage/, in one place. A test crosses each of them.
namespace interswarm::limits {

/// Largest content anything here describes: 2^60 bytes, so that sums of two offsets never overflow.
inline constexpr std::uint64_t content_bytes = std::uint64_t{1} << 60;

/// Digests of one hash list: the BEP 52 leaves of a 64 GiB content.
inline constexpr std::uint64_t hash_list_units = std::uint64_t{1} << 22;
/// Bytes that `verify_range` hashes in one call.
inline constexpr std::uint64_t verify_bytes = std::uint64_t{1} << 30;

/// Piece lengths that one pass of the content hasher takes.
inline constexpr std::size_t hasher_piece_lengths = 16;
/// Threads of one content hasher.
inline constexpr unsigned hasher_workers = 64;

/// Units of one list that a range hasher keeps open at once, each with a hash state of about 200
/// bytes.
inline constexpr std::size_t range_hasher_open_units = 1024;
/// Bytes that a range hasher holds back because the bytes before them in their unit are missing.
inline constexpr std::size_t range_hasher_held_bytes = std::size_t{16} << 20;

} // namespace interswarm::limits
