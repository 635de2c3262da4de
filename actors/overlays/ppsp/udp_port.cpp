#include "actors/overlays/ppsp/udp_port.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>

namespace interswarm::ppsp {

namespace {

constexpr std::size_t batch = 32;
constexpr std::size_t most_bytes = 65'536;
/// Batches that are passed on before `settled`.
constexpr int batches_at_once = 8;
constexpr std::size_t most_waiting = 64;
constexpr int buffer_bytes = 4 << 20;

socklen_t fill(sockaddr_storage& out, const endpoint& e, bool v6_socket) {
  out = {};
  if (e.address.is_v4() && !v6_socket) {
    auto& a = reinterpret_cast<sockaddr_in&>(out);
    a.sin_family = AF_INET;
    a.sin_port = htons(e.port);
    a.sin_addr.s_addr = htonl(e.address.to_v4());
    return sizeof a;
  }
  auto& a = reinterpret_cast<sockaddr_in6&>(out);
  a.sin6_family = AF_INET6;
  a.sin6_port = htons(e.port);
  std::memcpy(&a.sin6_addr, e.address.mapped().data(), 16);
  return sizeof a;
}

endpoint endpoint_of(const sockaddr_storage& from) {
  if (from.ss_family == AF_INET) {
    const auto& a = reinterpret_cast<const sockaddr_in&>(from);
    return {ip_address::v4(ntohl(a.sin_addr.s_addr)), ntohs(a.sin_port)};
  }
  const auto& a = reinterpret_cast<const sockaddr_in6&>(from);
  const auto* const raw = reinterpret_cast<const byte*>(&a.sin6_addr);
  return {*ip_address::from_bytes({raw, 16}), ntohs(a.sin6_port)};
}

std::string reason() { return std::strerror(errno); }

} // namespace

struct udp_port::incoming {
  incoming() : space(batch * most_bytes) {
    for (std::size_t i = 0; i < batch; ++i) {
      parts[i] = {space.data() + i * most_bytes, most_bytes};
      headers[i].msg_hdr.msg_iov = &parts[i];
      headers[i].msg_hdr.msg_iovlen = 1;
      headers[i].msg_hdr.msg_name = &from[i];
    }
  }
  bytes space;
  iovec parts[batch]{};
  sockaddr_storage from[batch]{};
  mmsghdr headers[batch]{};
};

result<std::unique_ptr<udp_port>> udp_port::open(kj::UnixEventPort& events,
                                                 const endpoint& listen) {
  const int family = listen.address.is_v4() ? AF_INET : AF_INET6;
  kj::AutoCloseFd fd(::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd.get() < 0) return fail(errc::io, "no UDP socket: " + reason());
  for (const int option : {SO_RCVBUF, SO_SNDBUF})
    ::setsockopt(fd, SOL_SOCKET, option, &buffer_bytes, sizeof buffer_bytes);
  sockaddr_storage at{};
  auto size = fill(at, listen, family == AF_INET6);
  if (::bind(fd, reinterpret_cast<sockaddr*>(&at), size) != 0)
    return fail(errc::io, "UDP " + listen.to_string() + ": " + reason());
  size = sizeof at;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size);
  return std::unique_ptr<udp_port>(new udp_port(events, kj::mv(fd), endpoint_of(at)));
}

udp_port::udp_port(kj::UnixEventPort& events, kj::AutoCloseFd fd, const endpoint& listening)
    : fd_(kj::mv(fd)), listening_(listening),
      observer_(events, fd_, kj::UnixEventPort::FdObserver::OBSERVE_READ),
      incoming_(std::make_unique<incoming>()) {}

udp_port::~udp_port() = default;

kj::Promise<void> udp_port::run(receiver each, std::function<void()> settled) {
  bool more = true;
  for (int i = 0; more && i < batches_at_once; ++i) more = receive_some(each);
  settled();
  flush();
  auto again = [this, each = std::move(each), settled = std::move(settled)]() mutable {
    return run(std::move(each), std::move(settled));
  };
  // The system tells only of what comes after there was nothing; a flood leaves others their turn.
  if (more) return kj::evalLater(std::move(again));
  return observer_.whenBecomesReadable().then(std::move(again));
}

bool udp_port::receive_some(const receiver& each) {
  for (auto& h : incoming_->headers) h.msg_hdr.msg_namelen = sizeof(sockaddr_storage);
  const int count = ::recvmmsg(fd_, incoming_->headers, batch, 0, nullptr);
  // Errors are those of what was sent before (ICMP): nothing to do about them here.
  if (count <= 0) return count < 0 && errno == ECONNREFUSED;
  for (int i = 0; i < count; ++i) {
    const auto& h = incoming_->headers[i];
    const auto* const begin = incoming_->space.data() + static_cast<std::size_t>(i) * most_bytes;
    each(endpoint_of(incoming_->from[i]), {begin, h.msg_len});
  }
  return static_cast<std::size_t>(count) == batch;
}

void udp_port::send(const endpoint& to, byte_view datagram) {
  waiting w;
  w.to_bytes = fill(w.to, to, !listening_.address.is_v4());
  w.begin = arena_.size();
  w.size = datagram.size();
  append(arena_, datagram);
  waiting_.push_back(w);
  if (waiting_.size() >= most_waiting) flush();
}

void udp_port::flush() {
  mmsghdr headers[most_waiting]{};
  iovec parts[most_waiting]{};
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    auto& w = waiting_[i];
    parts[i] = {arena_.data() + w.begin, w.size};
    headers[i].msg_hdr.msg_name = &w.to;
    headers[i].msg_hdr.msg_namelen = w.to_bytes;
    headers[i].msg_hdr.msg_iov = &parts[i];
    headers[i].msg_hdr.msg_iovlen = 1;
  }
  std::size_t done = 0;
  while (done < waiting_.size()) {
    const int sent =
        ::sendmmsg(fd_, headers + done, static_cast<unsigned>(waiting_.size() - done), 0);
    if (sent > 0) {
      done += static_cast<std::size_t>(sent);
      continue;
    }
    // The first of them cannot go: no room, no way, or too long.
    ++dropped_;
    ++done;
  }
  waiting_.clear();
  arena_.clear();
}

} // namespace interswarm::ppsp
