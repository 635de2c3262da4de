#include "actors/overlays/bittorrent/tcp_acknowledged.hpp"

#include <cstddef>
#include <linux/tcp.h> // the C library's own structure ends before what is wanted
#include <netinet/in.h>
#include <sys/socket.h>

namespace interswarm::bittorrent {

std::optional<std::uint64_t> tcp_acknowledged(int socket) {
  tcp_info info{};
  socklen_t length = sizeof info;
  constexpr auto needed = offsetof(tcp_info, tcpi_bytes_acked) + sizeof info.tcpi_bytes_acked;
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &length) != 0 || length < needed)
    return std::nullopt;
  return info.tcpi_bytes_acked;
}

} // namespace interswarm::bittorrent
