#include "schema/base/endpoint.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>

namespace interswarm {

namespace {

constexpr std::array<byte, 12> v4_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

} // namespace

ip_address ip_address::v4(std::uint32_t host_order) {
  ip_address out;
  std::copy(v4_prefix.begin(), v4_prefix.end(), out.bytes_.begin());
  for (std::size_t i = 0; i < 4; ++i)
    out.bytes_[12 + i] = static_cast<byte>(host_order >> (24 - 8 * i));
  return out;
}

std::optional<ip_address> ip_address::from_bytes(byte_view network_order) {
  ip_address out;
  if (network_order.size() == 4) {
    std::copy(v4_prefix.begin(), v4_prefix.end(), out.bytes_.begin());
    std::copy(network_order.begin(), network_order.end(), out.bytes_.begin() + 12);
    return out;
  }
  if (network_order.size() != 16) return std::nullopt;
  std::copy(network_order.begin(), network_order.end(), out.bytes_.begin());
  return out;
}

std::optional<ip_address> ip_address::parse(std::string_view text) {
  const std::string copy(text);
  std::array<byte, 16> raw{};
  if (inet_pton(AF_INET, copy.c_str(), raw.data()) == 1) return from_bytes({raw.data(), 4});
  if (inet_pton(AF_INET6, copy.c_str(), raw.data()) == 1) return from_bytes(raw);
  return std::nullopt;
}

bool ip_address::is_v4() const {
  return std::equal(v4_prefix.begin(), v4_prefix.end(), bytes_.begin());
}

bool ip_address::is_loopback() const {
  if (is_v4()) return bytes_[12] == 127;
  return std::all_of(bytes_.begin(), bytes_.end() - 1, [](byte b) { return b == 0; }) &&
         bytes_[15] == 1;
}

bool ip_address::is_unspecified() const {
  const auto bare = network_bytes();
  return std::all_of(bare.begin(), bare.end(), [](byte b) { return b == 0; });
}

bool ip_address::is_local() const {
  if (is_unspecified() || is_loopback()) return true;
  if (is_v4()) {
    const byte a = bytes_[12];
    const byte b = bytes_[13];
    return a == 0 || a == 10 || (a == 100 && (b & 0xC0) == 64) || (a == 169 && b == 254) ||
           (a == 172 && (b & 0xF0) == 16) || (a == 192 && b == 168) || a >= 224;
  }
  return bytes_[0] == 0xFF || (bytes_[0] & 0xFE) == 0xFC ||
         (bytes_[0] == 0xFE && (bytes_[1] & 0xC0) == 0x80);
}

std::uint32_t ip_address::to_v4() const {
  std::uint32_t out = 0;
  for (std::size_t i = 12; i < 16; ++i) out = (out << 8) | bytes_[i];
  return out;
}

byte_view ip_address::network_bytes() const {
  return is_v4() ? byte_view(bytes_).subspan(12) : byte_view(bytes_);
}

std::string ip_address::to_string() const {
  char buffer[INET6_ADDRSTRLEN] = {};
  inet_ntop(is_v4() ? AF_INET : AF_INET6, network_bytes().data(), buffer, sizeof buffer);
  return buffer;
}

std::optional<endpoint> endpoint::parse(std::string_view text) {
  std::string_view host;
  std::string_view port;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos || close + 1 >= text.size() || text[close + 1] != ':')
      return std::nullopt;
    host = text.substr(1, close - 1);
    port = text.substr(close + 2);
  } else {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
  }
  const auto address = ip_address::parse(host);
  endpoint out;
  const auto [end, failure] = std::from_chars(port.data(), port.data() + port.size(), out.port);
  if (!address || failure != std::errc{} || end != port.data() + port.size()) return std::nullopt;
  out.address = *address;
  return out;
}

std::string endpoint::to_string() const {
  const auto host = address.to_string();
  return (address.is_v4() ? host : "[" + host + "]") + ":" + std::to_string(port);
}

} // namespace interswarm
