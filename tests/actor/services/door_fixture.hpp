#pragma once

#include "actors/services/http/http_door.hpp"
#include "tests/actor/runtime/fixture.hpp"
#include "tests/scratch.hpp"

#include <arpa/inet.h>
#include <atomic>
#include <fcntl.h>
#include <fstream>
#include <map>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace interswarm::http {

using namespace std::chrono_literals;

inline std::string some_bytes(std::size_t size) {
  std::string out(size, '\0');
  std::uint32_t x = 12345;
  for (auto& c : out) {
    x = x * 1664525u + 1013904223u;
    c = static_cast<char>(x >> 24);
  }
  return out;
}

/// What a test makes of a source, and what it sees of it; from any thread.
struct source_script {
  std::string content;
  /// From here on reads fail so, or are not answered at all.
  std::atomic<std::uint64_t> fails_from{~0ull};
  std::atomic<errc> failure{errc::unavailable};
  std::atomic<std::uint64_t> silent_from{~0ull};
  /// Reads that begin here give one byte less.
  std::atomic<std::uint64_t> short_at{~0ull};
  std::atomic<std::uint64_t> reads{0};
  std::atomic<std::uint64_t> highest{0};
  std::mutex mutex;
  std::vector<msg::source_read> asked;
};

class scripted_source final : public runtime::loop_actor<msg::source_actor> {
public:
  scripted_source(caf::actor_config& config, runtime::loop& home,
                  std::shared_ptr<source_script> script)
      : loop_actor(config, home), script_(std::move(script)) {}

  behavior_type make_behavior() override {
    return {
        [](const msg::source_info&) { return msg::source_info_result{}; },
        [](const msg::source_have&) { return msg::source_have_result{}; },
        [this](const msg::source_read& x) { return read(x); },
        [](const msg::source_judge&) {},
        [](const msg::source_genuine&) { return msg::source_genuine_result{}; },
    };
  }

private:
  caf::result<msg::source_read_result> read(const msg::source_read& x) {
    auto& s = *script_;
    ++s.reads;
    s.highest = std::max(s.highest.load(), x.range.end);
    {
      const std::lock_guard guard(s.mutex);
      s.asked.push_back(x);
    }
    if (x.range.end > s.silent_from) {
      held_.push_back(make_response_promise<msg::source_read_result>());
      return held_.back();
    }
    if (x.range.end > s.fails_from) return runtime::make_caf_error(s.failure, "as told");
    auto size = x.range.end - x.range.begin;
    if (x.range.begin == s.short_at) --size;
    return msg::source_read_result{
        slice(script_, as_bytes(std::string_view(s.content).substr(x.range.begin, size)))};
  }

  std::shared_ptr<source_script> script_;
  std::vector<caf::typed_response_promise<msg::source_read_result>> held_;
};

/// A door over scripted contents, on a loop of its own; the sources are on another.
struct door_world {
  runtime::world world;
  runtime::loop& home = world.new_loop("door");
  runtime::loop& away = world.new_loop("source");
  std::mutex mutex;
  std::map<std::string, http_content> contents;
  std::vector<http_question> asked;
  std::atomic<std::uint64_t> sent{0};
  /// Instead of the contents, if set.
  http_lookup lookup;
  http_door door;

  /// No lookup may run when what it uses goes.
  ~door_world() {
    for (auto& l : world.loops) l->stop();
  }

  std::shared_ptr<source_script> add(const std::string& name, std::string bytes) {
    auto script = std::make_shared<source_script>();
    script->content = std::move(bytes);
    http_content c;
    c.size = script->content.size();
    c.file_name = name + ".mkv";
    c.etag = "00ff" + name;
    c.modified = 784'111'777;
    c.open = true;
    c.source = runtime::spawn_on<scripted_source>(away, script);
    c.sent = [this](std::uint64_t n) { sent += n; };
    const std::lock_guard guard(mutex);
    contents[name] = std::move(c);
    return script;
  }
  void open(http_door_options options = {}) {
    options.listen = {*endpoint::parse("127.0.0.1:0")};
    auto opened = spawn_http_door(home, options, [this](http_question q, http_answer answer) {
      {
        const std::lock_guard guard(mutex);
        asked.push_back(q);
      }
      if (lookup) return lookup(std::move(q), std::move(answer));
      const std::lock_guard guard(mutex);
      const auto it = contents.find(q.name);
      if (it == contents.end()) return answer(fail(errc::not_found, "SECRET TEXT"));
      answer(it->second);
    });
    if (!opened) FAIL(opened.error().text);
    door = *opened;
  }
  std::string url(const std::string& rest, const std::string& scheme = "http") const {
    return scheme + "://127.0.0.1:" + std::to_string(door.listening.at(0).port) + rest;
  }
};

struct curl_result {
  /// curl's own: 0 is good, 18 a body that ended early.
  int code = -1;
  std::string out;
};

/// Runs the curl of the machine, at most 20 seconds.
inline curl_result curl(std::vector<std::string> args) {
  args.insert(args.begin(), {"curl", "-sS", "--max-time", "20"});
  std::vector<char*> argv;
  for (auto& a : args) argv.push_back(a.data());
  argv.push_back(nullptr);
  int out[2];
  REQUIRE(::pipe2(out, O_CLOEXEC) == 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  pid_t pid = 0;
  REQUIRE(posix_spawnp(&pid, "curl", &actions, nullptr, argv.data(), environ) == 0);
  posix_spawn_file_actions_destroy(&actions);
  ::close(out[1]);
  curl_result r;
  std::array<char, 65536> buffer{};
  for (ssize_t n = 0; (n = ::read(out[0], buffer.data(), buffer.size())) > 0;)
    r.out.append(buffer.data(), static_cast<std::size_t>(n));
  ::close(out[0]);
  int status = 0;
  ::waitpid(pid, &status, 0);
  r.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return r;
}

/// A client that does as it likes. Reads wait five seconds.
class raw_client {
public:
  explicit raw_client(const endpoint& to, int receive_buffer = 0)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0)
      ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    const timeval limit{5, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_port = htons(to.port);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(fd_, reinterpret_cast<sockaddr*>(&a), sizeof a) == 0);
  }
  ~raw_client() { ::close(fd_); }
  raw_client(const raw_client&) = delete;
  raw_client& operator=(const raw_client&) = delete;

  bool send(const std::string& text) {
    return ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }
  void end_output() { ::shutdown(fd_, SHUT_WR); }
  /// Until so much is there, the other side ends, or the time is over.
  std::string receive(std::size_t most = 1u << 30) {
    std::string out;
    std::array<char, 65536> buffer{};
    ended_ = false;
    while (out.size() < most) {
      const auto n = ::recv(fd_, buffer.data(), std::min(buffer.size(), most - out.size()), 0);
      if (n <= 0) {
        ended_ = n == 0 || errno == ECONNRESET;
        break;
      }
      out.append(buffer.data(), static_cast<std::size_t>(n));
    }
    return out;
  }
  /// Whether the last `receive` came to the end of the connection.
  bool ended() const { return ended_; }

private:
  int fd_;
  bool ended_ = false;
};

inline std::size_t count(const std::string& text, const std::string& part) {
  std::size_t out = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size()))
    ++out;
  return out;
}

} // namespace interswarm::http
