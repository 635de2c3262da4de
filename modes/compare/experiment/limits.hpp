#pragma once

#include <cstddef>
#include <cstdint>

/// Every bound of an experiment, in one place. A test crosses each of them.
namespace interswarm::compare::limits {

/// Of an experiment's file, and the parts of one key in it ("a.b.c" has three).
inline constexpr std::size_t file_bytes = std::size_t{256} << 10;
inline constexpr std::size_t key_parts = 8;
inline constexpr std::size_t line_bytes = 4096;
inline constexpr std::size_t line_dots = 64;
inline constexpr std::size_t name_bytes = 63;
inline constexpr std::size_t question_bytes = 1000;

inline constexpr std::size_t domains = 64;
inline constexpr std::size_t overlays = 32;
inline constexpr std::size_t classes = 64;
inline constexpr std::size_t places = domains;
inline constexpr std::size_t paths = domains * domains;
inline constexpr std::size_t faults = 1000;
inline constexpr std::size_t crowds = 100;
inline constexpr std::size_t groups = 10'000;
inline constexpr std::uint32_t storage_nodes = 1000;
inline constexpr std::uint32_t copies = 16;

/// Of all overlays together.
inline constexpr std::uint32_t peers = 2'000'000;
inline constexpr std::uint32_t contents = 1'000'000;
/// Contents that peers hold at the start, each peer's counted.
inline constexpr std::uint64_t holdings = 20'000'000;
/// Times that peers are online, on average over many runs.
inline constexpr double sessions = 20'000'000;
/// Requests, on average over many runs; a single run may have 1 % and 1000 more.
inline constexpr double requests = 20'000'000;
inline constexpr std::size_t trace_bytes = std::size_t{1} << 30;
inline constexpr std::size_t trace_rows = 20'000'000;

/// Bytes of a content, of a cache and of a spool; bytes/s of whatever has a rate.
inline constexpr double size_bytes = 1.0 * (std::uint64_t{1} << 44);
inline constexpr double store_bytes = 1.0 * (std::uint64_t{1} << 60);
inline constexpr double least_rate = 1;
inline constexpr double most_rate = 1e13;
/// Seconds.
inline constexpr double duration = 366 * 86'400.0;
inline constexpr double delay_ms = 60'000;
inline constexpr double samples = 100'000;
/// A peer is neither online nor away for less: seconds.
inline constexpr double least_session = 1;

inline constexpr double loss = 0.9;
inline constexpr double price = 1e6;
inline constexpr double weight = 1e6;
inline constexpr double zipf = 10;
inline constexpr double requests_per_hour = 1e6;
/// Of a log-normal distribution: beyond it nearly all that counts is in values never drawn.
inline constexpr double sigma = 5;
inline constexpr double least_shape = 0.1;
inline constexpr double most_shape = 100;

inline constexpr std::size_t repetitions = 1000;
inline constexpr std::size_t sweep_keys = 4;
/// Of all swept keys together.
inline constexpr std::size_t variants = 1000;

} // namespace interswarm::compare::limits
