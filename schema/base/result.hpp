#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace interswarm {

/// Why an operation did not happen. Values are stable: they cross the wire and are never reused.
enum class errc : std::uint8_t {
  /// Input that breaks its format.
  malformed = 1,
  /// A named limit was crossed.
  too_large = 2,
  /// The name, content or object is not known here.
  not_found = 3,
  /// The caller may not do this.
  denied = 4,
  /// Bytes or an equation failed verification.
  refuted = 5,
  /// Nobody can deliver this now; later may work.
  unavailable = 6,
  /// The bounded time passed.
  timed_out = 7,
  /// The other side went away.
  disconnected = 8,
  /// Too much is in flight; try again.
  overloaded = 9,
  /// The local disk, database or socket failed.
  io = 10,
  /// The configuration or command line is wrong.
  configuration = 11,
  /// Another thing with the same identity exists.
  conflict = 12,
  /// The other side does not know this request.
  unimplemented = 13,
  /// The work was stopped on purpose.
  cancelled = 14,
  /// A defect of ours.
  internal = 15,
  /// The storage has no room for this; another node may.
  no_room = 16,
};
inline constexpr errc last_errc = errc::no_room;

/// The short stable word for a code, such as "not found".
std::string_view to_string(errc code);

/// An expected failure. `text` is one line for a person: what, where, what to do.
struct error {
  errc code = errc::internal;
  std::string text;

  friend bool operator==(const error&, const error&) = default;
};

/// "not found: no content is known by this name".
std::string to_string(const error& e);
/// The inverse; a text that begins with no code's word is `internal`.
error parse_error(std::string_view text);

template <class T>
using result = tl::expected<T, error>;

inline tl::unexpected<error> fail(errc code, std::string text) {
  return tl::unexpected<error>(error{code, std::move(text)});
}

/// A decoder's failure says whether the protocol lets us answer it or wants silence.
enum class on_decode_error : std::uint8_t { drop, reply };

struct decode_error {
  on_decode_error action = on_decode_error::drop;
  std::string text;

  friend bool operator==(const decode_error&, const decode_error&) = default;
};

template <class T>
using decoded = tl::expected<T, decode_error>;

inline tl::unexpected<decode_error> drop(std::string text) {
  return tl::unexpected<decode_error>(decode_error{on_decode_error::drop, std::move(text)});
}

inline tl::unexpected<decode_error> reply_error(std::string text) {
  return tl::unexpected<decode_error>(decode_error{on_decode_error::reply, std::move(text)});
}

} // namespace interswarm
