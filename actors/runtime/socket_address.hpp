#pragma once

#include "schema/base/endpoint.hpp"

#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>

namespace interswarm::runtime {

/// Fills `out`; gives its length.
inline socklen_t to_sockaddr(const endpoint& e, sockaddr_storage& out) {
  out = {};
  if (e.address.is_v4()) {
    auto& a = reinterpret_cast<sockaddr_in&>(out);
    a.sin_family = AF_INET;
    a.sin_port = htons(e.port);
    std::memcpy(&a.sin_addr, e.address.network_bytes().data(), 4);
    return sizeof a;
  }
  auto& a = reinterpret_cast<sockaddr_in6&>(out);
  a.sin6_family = AF_INET6;
  a.sin6_port = htons(e.port);
  std::memcpy(&a.sin6_addr, e.address.mapped().data(), 16);
  return sizeof a;
}

/// Unspecified for what is no IP address.
inline endpoint from_sockaddr(const sockaddr_storage& a) {
  if (a.ss_family == AF_INET) {
    const auto& four = reinterpret_cast<const sockaddr_in&>(a);
    return {ip_address::v4(ntohl(four.sin_addr.s_addr)), ntohs(four.sin_port)};
  }
  if (a.ss_family != AF_INET6) return {};
  const auto& six = reinterpret_cast<const sockaddr_in6&>(a);
  return {*ip_address::from_bytes({reinterpret_cast<const byte*>(&six.sin6_addr), 16}),
          ntohs(six.sin6_port)};
}

} // namespace interswarm::runtime
