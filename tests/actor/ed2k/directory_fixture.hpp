#pragma once

#include "actors/overlays/ed2k/registrar.hpp"
#include "actors/overlays/ed2k/server.hpp"
#include "actors/runtime/error.hpp"
#include "schema/ed2k/client_hello.hpp"
#include "schema/ed2k/client_opcode.hpp"
#include "schema/ed2k/frame.hpp"
#include "schema/ed2k/record.hpp"
#include "schema/ed2k/server_tcp_answer.hpp"
#include "schema/ed2k/server_udp.hpp"
#include "tests/catch.hpp"

#include <atomic>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace interswarm::ed2k::test {

using namespace std::chrono_literals;

inline md4_digest digest(unsigned fill) {
  md4_digest out{};
  out.fill(static_cast<byte>(fill));
  return out;
}

inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(port);
  out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return out;
}

inline std::uint16_t port_of(int fd) {
  sockaddr_in at{};
  socklen_t length = sizeof at;
  getsockname(fd, reinterpret_cast<sockaddr*>(&at), &length);
  return ntohs(at.sin_port);
}

inline bool readable(int fd, std::chrono::milliseconds limit) {
  pollfd wait{fd, POLLIN, 0};
  return poll(&wait, 1, static_cast<int>(limit.count())) == 1;
}

/// An actor system with one loop, ended in order.
struct world {
  caf::actor_system_config config;
  caf::actor_system system;
  std::shared_ptr<runtime::loop> home;

  world()
      : system((config.set("scheduler.max-threads", 2), config)),
        home(runtime::loop::start(system, "ed2k")) {}
  ~world() {
    system.await_actors_before_shutdown(false);
    home->stop();
  }

  template <class Result, class Handle, class Request>
  result<Result> ask(const Handle& to, Request request) {
    caf::scoped_actor self(system);
    result<Result> out;
    self->request(to, 10s, std::move(request))
        .receive([&](const Result& r) { out = r; },
                 [&](const caf::error& e) { out = tl::unexpected(runtime::to_error(e)); });
    return out;
  }
};

template <class Condition>
bool eventually(Condition condition, std::chrono::milliseconds limit = 5s) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (std::chrono::steady_clock::now() < end) {
    if (condition()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return condition();
}

/// A client's port on loopback that answers HELLO, so that a server gives its owner a high id.
class hello_port {
public:
  explicit hello_port(md4_digest user_hash)
      : user_hash_(user_hash), fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    const auto at = loopback(0);
    REQUIRE(bind(fd_, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
    REQUIRE(listen(fd_, 16) == 0);
    thread_ = std::thread([this] { run(); });
  }
  ~hello_port() {
    stop_ = true;
    thread_.join();
    close(fd_);
  }
  std::uint16_t port() const { return port_of(fd_); }
  std::atomic<int> greeted{0};

private:
  void run() {
    while (!stop_) {
      if (!readable(fd_, 20ms)) continue;
      const int client = accept(fd_, nullptr, nullptr);
      frame_splitter splitter(link_kind::client);
      std::array<byte, 4096> buffer;
      while (!stop_ && readable(client, 1000ms)) {
        const auto got = read(client, buffer.data(), buffer.size());
        if (got <= 0) break;
        splitter.feed({buffer.data(), static_cast<std::size_t>(got)});
        const auto packet = splitter.next();
        if (!packet || !*packet || (*packet)->opcode != opcode::hello) continue;
        hello answer;
        answer.user_hash = user_hash_;
        bytes out;
        append_hello(out, answer, true);
        if (write(client, out.data(), out.size()) > 0) ++greeted;
      }
      close(client);
    }
  }

  md4_digest user_hash_;
  int fd_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

/// A client of a server on loopback with a plain blocking socket.
class raw_client {
public:
  explicit raw_client(std::uint16_t server_port) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    const auto at = loopback(server_port);
    REQUIRE(connect(fd_, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
  }
  ~raw_client() { close(fd_); }
  raw_client(const raw_client&) = delete;
  raw_client& operator=(const raw_client&) = delete;

  void send_bytes(const bytes& data) { (void)!::send(fd_, data.data(), data.size(), MSG_NOSIGNAL); }
  void send(const server_request& request, bool pack = false) {
    bytes out;
    append_server_request(out, request, pack);
    send_bytes(out);
  }

  /// The next answer of that kind, others skipped; nothing when it does not come in time.
  template <class Answer>
  std::optional<Answer> wait(std::chrono::milliseconds limit = 5s) {
    const auto end = std::chrono::steady_clock::now() + limit;
    for (;;) {
      while (auto answer = next()) {
        if (auto* found = std::get_if<Answer>(&*answer)) return std::move(*found);
      }
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          end - std::chrono::steady_clock::now());
      if (left <= 0ms || closed_ || !readable(fd_, left)) return std::nullopt;
      receive();
    }
  }
  /// True when the server ends the connection in time.
  bool wait_closed(std::chrono::milliseconds limit = 5s) {
    return eventually(
        [&] {
          if (!closed_ && readable(fd_, 10ms)) receive();
          return closed_;
        },
        limit);
  }
  /// Logs in and gives the id.
  client_id log_in(unsigned hash, std::uint16_t port, std::uint32_t flags = 0x119) {
    send(
        login_request{digest(hash), {}, port, {tag(tag_name::server_flags, std::uint64_t{flags})}});
    const auto change = wait<id_change_answer>(15s);
    REQUIRE(change);
    return change->id;
  }
  bool saw_packed() const { return saw_packed_; }

private:
  void receive() {
    std::array<byte, 65536> buffer;
    const auto got = recv(fd_, buffer.data(), buffer.size(), 0);
    if (got <= 0) {
      closed_ = true;
      return;
    }
    saw_packed_ = saw_packed_ || buffer[0] == static_cast<byte>(protocol::packed);
    splitter_.feed({buffer.data(), static_cast<std::size_t>(got)});
  }
  std::optional<server_answer> next() {
    const auto packet = splitter_.next();
    REQUIRE(packet);
    if (!*packet) return std::nullopt;
    const auto answer = read_server_answer((*packet)->opcode, (*packet)->payload);
    REQUIRE(answer);
    return *answer;
  }

  int fd_;
  frame_splitter splitter_{link_kind::server};
  bool closed_ = false;
  bool saw_packed_ = false;
};

inline file_entry complete_file(const file_key& file, std::string_view name) {
  return {file.hash, complete_marker_id, complete_marker_port, file_tags(name, file.size)};
}

inline msg::name_record record_of(const file_key& file, std::string name) {
  file_link link;
  link.name = std::move(name);
  link.size = file.size;
  link.hash = file.hash;
  return make_record(link);
}

} // namespace interswarm::ed2k::test
