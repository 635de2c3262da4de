#include "actors/overlays/bittorrent/udp_front.hpp"

#include "actors/runtime/socket_address.hpp"

#include <cerrno>
#include <ctime>
#include <pthread.h>
#include <unistd.h>

namespace interswarm::bittorrent {

namespace {

constexpr int receive_buffer_bytes = 8 << 20;
constexpr long poll_ms = 150;
constexpr std::size_t answer_bytes = 1500;

/// A socket that closes itself.
struct udp_socket {
  int fd = -1;

  udp_socket() = default;
  udp_socket(const udp_socket&) = delete;
  udp_socket& operator=(const udp_socket&) = delete;
  ~udp_socket() {
    if (fd >= 0) ::close(fd);
  }
};

void set_option(int fd, int level, int name, int value) {
  ::setsockopt(fd, level, name, &value, sizeof value);
}

result<void> open_socket(udp_socket& s, endpoint& at, bool shared) {
  const bool v4 = at.address.is_v4();
  s.fd = ::socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_storage address;
  const auto length = runtime::to_sockaddr(at, address);
  if (s.fd >= 0) {
    // Only the threads of one process share a port: a second process must see that it is in use.
    if (shared) set_option(s.fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (!v4) set_option(s.fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    set_option(s.fd, SOL_SOCKET, SO_RCVBUF, receive_buffer_bytes);
    set_option(s.fd, SOL_SOCKET, SO_RCVBUFFORCE, receive_buffer_bytes);
    if (at.address.is_unspecified())
      set_option(s.fd, v4 ? int{IPPROTO_IP} : int{IPPROTO_IPV6}, v4 ? IP_PKTINFO : IPV6_RECVPKTINFO,
                 1);
    const timeval patience{0, poll_ms * 1000};
    ::setsockopt(s.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  if (s.fd < 0 || ::bind(s.fd, reinterpret_cast<sockaddr*>(&address), length) != 0) {
    return fail(errc::configuration, "tracker: cannot listen on UDP " + at.to_string() + ": " +
                                         std::strerror(errno) + " (is another tracker running?)");
  }
  socklen_t room = sizeof address;
  ::getsockname(s.fd, reinterpret_cast<sockaddr*>(&address), &room);
  at.port = runtime::from_sockaddr(address).port;
  return {};
}

/// The address a packet was sent to, from its control message.
ip_address destination_of(msghdr& m) {
  for (auto* c = CMSG_FIRSTHDR(&m); c != nullptr; c = CMSG_NXTHDR(&m, c)) {
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      in_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(c), sizeof info);
      return ip_address::v4(ntohl(info.ipi_addr.s_addr));
    }
    if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(c), sizeof info);
      return *ip_address::from_bytes({reinterpret_cast<const byte*>(&info.ipi6_addr), 16});
    }
  }
  return {};
}

/// Received packets and their answers, made once and used again.
class batch {
public:
  static constexpr auto count = tracker_limits::udp_batch;

  explicit batch(bool wildcard) : control_(wildcard ? count * control_bytes : 0) {
    for (std::size_t i = 0; i < count; ++i) {
      in_parts_[i] = {in_.data() + i * limits::udp_packet_bytes, limits::udp_packet_bytes};
      received_[i].msg_hdr.msg_iov = &in_parts_[i];
      received_[i].msg_hdr.msg_iovlen = 1;
      received_[i].msg_hdr.msg_name = &from_[i];
    }
  }

  int receive(int fd) {
    for (std::size_t i = 0; i < count; ++i) {
      auto& m = received_[i].msg_hdr;
      m.msg_namelen = sizeof(sockaddr_storage);
      m.msg_control = control_.empty() ? nullptr : control_.data() + i * control_bytes;
      m.msg_controllen = control_.empty() ? 0 : control_bytes;
    }
    return ::recvmmsg(fd, received_.data(), count, MSG_WAITFORONE, nullptr);
  }

  /// Answers the packet at `i`; a cut packet is longer than anything a client sends and gets none.
  void answer(std::size_t i, udp_responder& responder, const ip_address& bound,
              std::uint64_t now_ms) {
    auto& m = received_[i].msg_hdr;
    if ((m.msg_flags & MSG_TRUNC) != 0) return;
    const auto local = control_.empty() ? bound : destination_of(m);
    const auto room = std::span<byte>(out_).subspan(waiting_ * answer_bytes, answer_bytes);
    const auto length = responder.respond(
        byte_view(in_).subspan(i * limits::udp_packet_bytes, received_[i].msg_len),
        {runtime::from_sockaddr(from_[i]).address, local}, now_ms, room);
    if (length == 0) return;
    out_parts_[waiting_] = {room.data(), length};
    auto& to = sent_[waiting_].msg_hdr;
    to = m;
    to.msg_iov = &out_parts_[waiting_];
    // With the packet's own control data the answer leaves from the address that was asked.
    if (m.msg_controllen == 0) to.msg_control = nullptr;
    ++waiting_;
  }

  void send(int fd) {
    for (std::size_t done = 0; done < waiting_;) {
      const auto n = ::sendmmsg(fd, sent_.data() + done, static_cast<unsigned>(waiting_ - done), 0);
      // A packet that cannot be sent (no route, full buffer) is lost like any other packet.
      done += n > 0 ? static_cast<std::size_t>(n) : 1;
    }
    waiting_ = 0;
  }

private:
  static constexpr std::size_t control_bytes = 64;

  std::vector<byte> in_ = std::vector<byte>(count * limits::udp_packet_bytes);
  std::vector<byte> out_ = std::vector<byte>(count * answer_bytes);
  std::vector<byte> control_;
  std::array<sockaddr_storage, count> from_{};
  std::array<iovec, count> in_parts_{};
  std::array<iovec, count> out_parts_{};
  std::array<mmsghdr, count> received_{};
  std::array<mmsghdr, count> sent_{};
  std::size_t waiting_ = 0;
};

} // namespace

std::uint64_t tracker_now_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1000 +
         static_cast<std::uint64_t>(now.tv_nsec) / 1'000'000 + 3'600'000;
}

struct udp_front::worker {
  worker(swarm_store& store, connection_ids ids, std::uint32_t rate, std::uint64_t seed)
      : responder(store, ids, rate, seed) {}

  void run(const std::atomic<bool>& stop) {
    const auto packets = std::make_unique<batch>(at.address.is_unspecified());
    while (!stop.load(std::memory_order_relaxed)) {
      const auto n = packets->receive(socket.fd);
      if (n <= 0) continue;
      const auto now_ms = tracker_now_ms();
      for (int i = 0; i < n; ++i)
        packets->answer(static_cast<std::size_t>(i), responder, at.address, now_ms);
      packets->send(socket.fd);
    }
  }

  udp_socket socket;
  endpoint at;
  udp_responder responder;
  std::thread thread;
};

result<std::unique_ptr<udp_front>> udp_front::start(const tracker_options& options,
                                                    swarm_store& store,
                                                    std::array<std::uint64_t, 2> secret) {
  std::unique_ptr<udp_front> out(new udp_front);
  const connection_ids ids(secret);
  for (auto at : options.listen) {
    const auto threads = std::max(1u, options.udp_threads);
    for (std::uint32_t i = 0; i < threads; ++i) {
      const auto seed = siphash(secret, as_bytes(at.to_string() + std::to_string(i)));
      auto w = std::make_unique<worker>(store, ids, options.udp_packets_per_address, seed);
      if (auto ok = open_socket(w->socket, at, threads > 1); !ok) return tl::unexpected(ok.error());
      w->at = at;
      out->workers_.push_back(std::move(w));
    }
    out->listening_.push_back(at);
  }
  for (auto& w : out->workers_) {
    w->thread = std::thread([one = w.get(), &stop = out->stop_] { one->run(stop); });
    ::pthread_setname_np(w->thread.native_handle(), "bt-tracker-udp");
  }
  return out;
}

udp_front::~udp_front() {
  stop_ = true;
  for (auto& w : workers_) {
    if (w->thread.joinable()) w->thread.join();
  }
}

udp_front::totals udp_front::count() const {
  totals out;
  for (const auto& w : workers_) {
    const auto& c = w->responder.counters();
    out.connects += c.connects.load(std::memory_order_relaxed);
    out.announces += c.announces.load(std::memory_order_relaxed);
    out.scrapes += c.scrapes.load(std::memory_order_relaxed);
    out.refused += c.refused.load(std::memory_order_relaxed);
    out.dropped += c.dropped.load(std::memory_order_relaxed);
  }
  return out;
}

} // namespace interswarm::bittorrent
