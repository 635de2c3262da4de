#pragma once

#include "schema/base/endpoint.hpp"

namespace interswarm::bittorrent {

/// SipHash-2-4 with a 64-bit result (Aumasson, Bernstein 2012).
std::uint64_t siphash(const std::array<std::uint64_t, 2>& key, byte_view data);

/// Connection ids of the UDP tracker (BEP 15) that need no table: a keyed hash over the address and
/// the minute. An id is good for at least 120 s after it was issued and for less than 180 s.
class connection_ids {
public:
  explicit connection_ids(std::array<std::uint64_t, 2> secret) : secret_(secret) {}

  std::uint64_t issue(const ip_address& to, std::uint64_t now_ms) const;
  bool is_good(std::uint64_t id, const ip_address& from, std::uint64_t now_ms) const;

private:
  static constexpr std::uint64_t window_ms = 60'000;
  static constexpr std::uint64_t windows_back = 2;

  std::uint64_t make(const ip_address& address, std::uint64_t window) const;

  std::array<std::uint64_t, 2> secret_;
};

} // namespace interswarm::bittorrent
