#pragma once

#include "schema/base/bytes.hpp"

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace interswarm {

/// An IPv4 or IPv6 address. IPv4 is kept in its mapped form, so both compare and hash alike.
class ip_address {
public:
  ip_address() = default;
  static ip_address v4(std::uint32_t host_order);
  /// 4 or 16 network-order bytes; nothing for another length.
  static std::optional<ip_address> from_bytes(byte_view network_order);
  /// "192.0.2.1" or "2001:db8::1".
  static std::optional<ip_address> parse(std::string_view text);

  bool is_v4() const;
  bool is_loopback() const;
  /// 0.0.0.0 or ::
  bool is_unspecified() const;
  /// Private, link-local, loopback, multicast or reserved: not an address of the public Internet.
  bool is_local() const;
  /// Host order; only for `is_v4()`.
  std::uint32_t to_v4() const;
  /// 4 bytes for IPv4, else 16, network order.
  byte_view network_bytes() const;
  const std::array<byte, 16>& mapped() const { return bytes_; }
  std::string to_string() const;

  friend auto operator<=>(const ip_address&, const ip_address&) = default;

private:
  std::array<byte, 16> bytes_{};
};

/// A transport address. Port 0 means "none".
struct endpoint {
  ip_address address;
  std::uint16_t port = 0;

  /// "192.0.2.1:80" or "[2001:db8::1]:80".
  static std::optional<endpoint> parse(std::string_view text);
  std::string to_string() const;

  friend auto operator<=>(const endpoint&, const endpoint&) = default;
};

} // namespace interswarm

template <>
struct std::hash<interswarm::ip_address> {
  std::size_t operator()(const interswarm::ip_address& a) const noexcept {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    std::memcpy(&high, a.mapped().data(), 8);
    std::memcpy(&low, a.mapped().data() + 8, 8);
    return (high ^ (low * 0x9E3779B97F4A7C15ull)) * 0xD6E8FEB86659FD93ull >> 7;
  }
};

template <>
struct std::hash<interswarm::endpoint> {
  std::size_t operator()(const interswarm::endpoint& e) const noexcept {
    return std::hash<interswarm::ip_address>{}(e.address) ^ (std::size_t{e.port} * 0x9E3779B1u);
  }
};
