#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace interswarm::origin {

/// Of a steady clock; what decisions get instead of one.
using instant = std::chrono::microseconds;

/// Named limits of what origins and their readers may make us hold.
namespace limits {

constexpr std::size_t url_bytes = 8192;
/// Mirrors of one content.
constexpr std::size_t mirrors = 16;
/// Servers on the board; those that nobody pulls from make room.
constexpr std::size_t servers = 1024;
/// Hops that one request follows.
constexpr std::size_t redirects = 5;
/// Extra request headers of a URL, and the bytes of one.
constexpr std::size_t request_headers = 32;
constexpr std::size_t request_header_bytes = 8192;
/// A response header field that is longer counts as absent. (All headers together: 128 KiB, KJ.)
constexpr std::size_t field_bytes = 4096;
/// Addresses of one host that are tried.
constexpr std::size_t addresses = 8;
/// Reads of one source that wait, and their bytes.
constexpr std::size_t reads = 256;
constexpr std::uint64_t waiting_read_bytes = 64ULL << 20U;
/// Requests for `info` and `have` of one source that wait.
constexpr std::size_t waiters = 64;
/// A source lives until what waits is answered, so neither waits for longer.
constexpr std::chrono::minutes longest_read{15};
constexpr std::chrono::seconds longest_wait{60};
/// Responses that one source takes bytes from at a time.
constexpr std::size_t transfers = 3;
/// A server that asks us to stay away for longer is asked again after this.
constexpr std::chrono::seconds retry_after{3600};
/// Certificates of an extra authority file.
constexpr std::size_t authorities = 256;
constexpr std::size_t authority_file_bytes = 1U << 20U;
/// Ranges of which a source remembers who gave them.
constexpr std::size_t givers = 256;

} // namespace limits

} // namespace interswarm::origin
