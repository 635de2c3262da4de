#pragma once

#include "actors/runtime/socket_address.hpp"
#include "schema/bittorrent/http_tracker.hpp"
#include "schema/bittorrent/record.hpp"
#include "schema/bittorrent/udp_tracker.hpp"
#include "tests/actor/runtime/fixture.hpp"

#include <set>
#include <unistd.h>

/// A tracker's client with plain sockets, as far from the product's own client as can be.
namespace interswarm::bittorrent::test {

struct socket_guard {
  int fd;
  ~socket_guard() { ::close(fd); }
};

inline int open_socket(const endpoint& to, int type) {
  const int fd = ::socket(to.address.is_v4() ? AF_INET : AF_INET6, type, 0);
  const timeval patience{2, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_storage a;
  const auto length = runtime::to_sockaddr(to, a);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&a), length) != 0) {
    ::close(fd);
    return -1;
  }
  return fd;
}

/// Sent again where no answer came in two seconds; empty after the third time.
inline bytes udp_ask(int fd, byte_view packet) {
  for (int i = 0; i < 3; ++i) {
    (void)!::send(fd, packet.data(), packet.size(), 0);
    bytes out(2048);
    const auto n = ::recv(fd, out.data(), out.size(), 0);
    if (n <= 0) continue;
    out.resize(static_cast<std::size_t>(n));
    return out;
  }
  return {};
}

inline announce_request peer_of(const info_hash& hash, std::uint16_t port, std::uint64_t left) {
  announce_request a;
  a.hash = hash;
  a.id.fill(static_cast<byte>(port));
  a.port = port;
  a.left = left;
  a.event = announce_event::started;
  return a;
}

inline udp_tracker::response udp_announce(const endpoint& to, const announce_request& a) {
  const socket_guard s{open_socket(to, SOCK_DGRAM)};
  const auto connected =
      udp_tracker::decode_response(udp_ask(s.fd, udp_tracker::encode_connect_request(7)), false);
  REQUIRE(connected);
  const auto r = udp_tracker::decode_response(
      udp_ask(s.fd,
              udp_tracker::encode_announce_request(connected->connection_id, 8, a, "/announce")),
      !to.address.is_v4());
  REQUIRE(r);
  return *r;
}

/// The whole answer, headers and all; the connection is asked to close.
inline std::string http_get(const endpoint& to, const std::string& path,
                            const std::string& headers = "") {
  const socket_guard s{open_socket(to, SOCK_STREAM)};
  if (s.fd < 0) return {};
  const auto request =
      "GET " + path + " HTTP/1.1\r\nHost: t\r\nConnection: close\r\n" + headers + "\r\n";
  (void)!::send(s.fd, request.data(), request.size(), MSG_NOSIGNAL);
  std::string out;
  char part[4096];
  for (;;) {
    const auto n = ::recv(s.fd, part, sizeof part, 0);
    if (n <= 0) return out;
    out.append(part, static_cast<std::size_t>(n));
  }
}

inline std::string body_of(const std::string& answer) {
  const auto at = answer.find("\r\n\r\n");
  return at == answer.npos ? std::string{} : answer.substr(at + 4);
}

inline announce_response http_announce(const endpoint& to, const announce_request& a) {
  const auto answer = http_get(to, "/announce?" + http_tracker::encode_announce_query(a, ""));
  REQUIRE(answer.starts_with("HTTP/1.1 200 OK\r\n"));
  const auto r = http_tracker::decode_announce_response(as_bytes(body_of(answer)));
  REQUIRE(r);
  return *r;
}

inline info_hash some_hash(byte n) {
  info_hash out{};
  out.fill(n);
  return out;
}

inline std::set<std::string> names_of(const std::vector<tracker_peer>& peers) {
  std::set<std::string> out;
  for (const auto& p : peers) out.insert(p.address.to_string());
  return out;
}

} // namespace interswarm::bittorrent::test
