#pragma once

#include "schema/base/endpoint.hpp"

namespace interswarm::ed2k {

/// A client's number: below 2^24 a low id that one server gave out (only that server reaches the
/// client), else the four network-order bytes of its IPv4 address read as a little-endian integer.
struct client_id {
  std::uint32_t value = 0;

  constexpr bool is_low() const { return value < 0x0100'0000; }
  /// Only for an id that is not low.
  ip_address address() const;
  /// 0 for an address that is not IPv4.
  static client_id of(const ip_address& address);

  friend constexpr auto operator<=>(const client_id&, const client_id&) = default;
};

} // namespace interswarm::ed2k
