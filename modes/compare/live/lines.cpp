#include "modes/compare/live/lines.hpp"

#include "modes/compare/live/lab_commands.hpp"
#include "modes/compare/live/line_queue.hpp"
#include "schema/base/bytes.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <queue>
#include <sys/socket.h>
#include <unistd.h>

namespace interswarm::compare {

namespace {

constexpr std::size_t most_packet = 65536;
/// Packets on their way over all lines; what comes then is lost.
constexpr std::size_t most_held = 100'000;
/// Taken off one cable before the next one has its turn.
constexpr int at_once = 64;

struct flying {
  double at = 0;
  std::uint64_t order = 0;
  std::size_t line = 0;
  bytes packet;

  friend bool operator<(const flying& a, const flying& b) {
    return a.at != b.at ? a.at > b.at : a.order > b.order;
  }
};

void write_mac(const std::string& text, byte* to) {
  unsigned parts[6] = {};
  std::sscanf(text.c_str(), "%x:%x:%x:%x:%x:%x", parts, parts + 1, parts + 2, parts + 3, parts + 4,
              parts + 5);
  for (int i = 0; i < 6; ++i) to[i] = static_cast<byte>(parts[i]);
}

class carrier {
public:
  carrier(const lab_plan& lab, const board& shared) : lab_(lab), shared_(shared) {}

  bool open(std::uint64_t seed);
  void carry();

private:
  static double now() { return static_cast<double>(board::monotonic_ns()) * 1e-9; }
  void take(std::size_t line);
  void give_due();
  void add_overflow(std::size_t line);
  void lose(std::size_t line) { ++shared_.lines()[line].lost_packets; }

  const lab_plan& lab_;
  const board& shared_;
  std::vector<line_queue> queues_;
  std::vector<pollfd> fds_;
  std::vector<bytes> heads_;
  std::priority_queue<flying> held_;
  std::uint64_t order_ = 0;
};

bool carrier::open(std::uint64_t seed) {
  for (std::size_t i = 0; i < lab_.lines.size(); ++i) {
    const int fd = ::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_IP));
    sockaddr_ll at{};
    at.sll_family = AF_PACKET;
    at.sll_protocol = htons(ETH_P_IP);
    at.sll_ifindex = static_cast<int>(::if_nametoindex(line_name(lab_.lines[i]).c_str()));
    if (fd < 0 || ::bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0) {
      std::perror("a line's cable");
      return false;
    }
    const int room = 8 << 20;
    // Beyond what users may have, where the kernel lets us.
    if (::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) != 0)
      ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    fds_.push_back({fd, POLLIN, 0});
    queues_.emplace_back(lab_.lines[i].path, seed + i);
    auto& head = heads_.emplace_back(12);
    write_mac(line_router_mac(i), head.data());
    write_mac(line_far_mac(i), head.data() + 6);
  }
  return true;
}

void carrier::take(std::size_t line) {
  static thread_local byte buffer[most_packet];
  for (int n = 0; n < at_once; ++n) {
    sockaddr_ll from{};
    socklen_t size = sizeof from;
    const auto got = ::recvfrom(fds_[line].fd, buffer, sizeof buffer, 0,
                                reinterpret_cast<sockaddr*>(&from), &size);
    if (got < 0) return;
    if (from.sll_pkttype == PACKET_OUTGOING || got < ETH_HLEN) continue;
    const auto bytes_of_ip = static_cast<std::size_t>(got) - ETH_HLEN;
    const auto at = queues_[line].admit(now(), bytes_of_ip, shared_.lines()[line].factor);
    if (!at || held_.size() >= most_held) {
      lose(line);
      continue;
    }
    bytes packet(buffer, buffer + got);
    std::copy(heads_[line].begin(), heads_[line].end(), packet.begin());
    held_.push({*at, order_++, line, std::move(packet)});
  }
}

void carrier::give_due() {
  while (!held_.empty() && held_.top().at <= now()) {
    const auto& next = held_.top();
    if (::send(fds_[next.line].fd, next.packet.data(), next.packet.size(), 0) < 0) lose(next.line);
    held_.pop();
  }
}

/// Packets that came while nobody took them.
void carrier::add_overflow(std::size_t line) {
  tpacket_stats stats{};
  socklen_t size = sizeof stats;
  if (::getsockopt(fds_[line].fd, SOL_PACKET, PACKET_STATISTICS, &stats, &size) == 0)
    shared_.lines()[line].lost_packets += stats.tp_drops;
}

void carrier::carry() {
  double looked = now();
  for (;;) {
    auto wait = held_.empty() ? 0.5 : std::clamp(held_.top().at - now(), 0.0, 0.5);
    const timespec limit{0, static_cast<long>(wait * 1e9)};
    const int ready = ::ppoll(fds_.data(), fds_.size(), &limit, nullptr);
    for (std::size_t i = 0; ready > 0 && i < fds_.size(); ++i)
      if (fds_[i].revents != 0) take(i);
    give_due();
    if (now() - looked < 0.2) continue;
    looked = now();
    for (std::size_t i = 0; i < fds_.size(); ++i) add_overflow(i);
  }
}

} // namespace

int run_lines(const lab_plan& lab, const board& shared, std::uint64_t seed) {
  carrier c(lab, shared);
  if (!c.open(seed)) return 1;
  c.carry();
  return 0;
}

} // namespace interswarm::compare
