#pragma once

#include <cstddef>
#include <cstdint>

/// Named limits of the HTTP door. What an operator may want otherwise is an option instead
/// (http_door.hpp).
namespace interswarm::http::limits {

/// Bytes of a content's name after decoding: a magnet link with its trackers fits.
constexpr std::size_t name_bytes = 8192;
/// Bytes of a bearer token.
constexpr std::size_t token_bytes = 4096;
/// Ranges that one request may ask for; with more the header is ignored (RFC 9110 section 14.2).
constexpr std::size_t ranges = 32;
/// Bytes of a file name in an answer.
constexpr std::size_t file_name_bytes = 255;
/// Bytes of a media type in an answer.
constexpr std::size_t media_type_bytes = 128;
/// Entity tags that one condition may list; what comes later matches nothing.
constexpr std::size_t entity_tags = 64;

/// Keys that may check a signed URL at the same time.
constexpr std::size_t url_keys = 16;
constexpr std::size_t url_key_id_bytes = 32;
constexpr std::size_t url_secret_min_bytes = 16;
/// A signature that is good for longer is refused.
constexpr std::int64_t url_lifetime_s = std::int64_t{7} * 24 * 3600;
/// What the signer's clock may be ahead of the door's by. (An end is an end, by the door's clock.)
constexpr std::int64_t url_clock_skew_s = 60;

/// Bytes asked of a source and not yet written, of one request.
constexpr std::uint64_t window_bytes = 4u << 20;
/// The first read of a long range; each further one is twice as long up to `read_bytes`.
constexpr std::uint64_t first_read_bytes = 256u << 10;
/// Longer ranges are read in pieces that end at multiples of this, so that a source that keeps
/// chunks of some such size has each piece in one of them.
constexpr std::uint64_t read_bytes = 1u << 20;
/// Bytes given to a connection at once: what must be taken within the progress time.
constexpr std::size_t write_bytes = 512u << 10;

/// Bytes of a request's body that are read to keep a connection: no method here has one.
constexpr std::size_t body_grace_bytes = 4096;

} // namespace interswarm::http::limits
