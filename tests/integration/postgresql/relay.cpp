#include "tests/integration/postgresql/relay.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

constexpr int tick_ms = 10;

sockaddr_in loopback(unsigned port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  out.sin_port = htons(static_cast<std::uint16_t>(port));
  return out;
}

bool readable(int fd, int ms) {
  pollfd p{fd, POLLIN, 0};
  return ::poll(&p, 1, ms) > 0;
}

} // namespace

relay::relay(unsigned server_port)
    : server_port_(server_port), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  auto at = loopback(0);
  socklen_t size = sizeof at;
  ::bind(listener_, reinterpret_cast<sockaddr*>(&at), size);
  ::listen(listener_, 8);
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size);
  port_ = ntohs(at.sin_port);
  thread_ = std::thread([this] { run(); });
}

relay::~relay() {
  stop_ = true;
  thread_.join();
  ::close(listener_);
}

void relay::lose_answer_to(const std::string& text) {
  text_ = text;
  freezes_ = false;
  armed_ = true;
}

void relay::freeze_at(const std::string& text) {
  text_ = text;
  freezes_ = true;
  armed_ = true;
}

void relay::run() {
  while (!stop_) {
    if (!readable(listener_, tick_ms)) continue;
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto at = loopback(server_port_);
    if (::connect(server, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0)
      pass(client, server);
    ::close(client);
    ::close(server);
  }
}

void relay::pass(int client, int server) {
  std::atomic<bool> losing = false;
  std::string buffer(65536, 0);
  while (!stop_) {
    if (frozen_) {
      // A client that gave up makes room for the next.
      char c = 0;
      if (readable(client, tick_ms) && ::recv(client, &c, 1, MSG_PEEK | MSG_DONTWAIT) <= 0) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(tick_ms));
      continue;
    }
    pollfd both[2]{{client, POLLIN, 0}, {server, POLLIN, 0}};
    if (::poll(both, 2, tick_ms) <= 0) continue;
    for (const int i : {0, 1}) {
      if (both[i].revents == 0 || frozen_) continue;
      const auto count = ::read(both[i].fd, buffer.data(), buffer.size());
      if (count <= 0) return;
      if (i == 1 && losing) return;
      const std::string_view data(buffer.data(), static_cast<std::size_t>(count));
      const bool found = i == 0 && armed_ && data.find(text_) != data.npos;
      if (::send(both[1 - i].fd, data.data(), data.size(), MSG_NOSIGNAL) != count) return;
      if (!found) continue;
      armed_ = false;
      (freezes_ ? frozen_ : losing) = true;
    }
  }
}
