#pragma once

#include "schema/base/bytes.hpp"
#include "schema/base/encoding.hpp"
#include "tests/catch.hpp"

#include <arpa/inet.h>
#include <atomic>
#include <functional>
#include <mutex>
#include <netinet/in.h>
#include <optional>
#include <set>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

/// An HTTP server on plain sockets whose answers a test writes byte by byte, so that it can lie,
/// stall and break off in ways that no HTTP library lets a server do.
namespace interswarm::origin::test {

struct seen_request {
  std::string target;
  /// Lower-case, "name: value\r\n" each.
  std::string headers;

  std::optional<std::string> header(const std::string& name) const {
    const auto at = headers.find("\r\n" + name + ": ");
    if (at == headers.npos) return std::nullopt;
    const auto from = at + name.size() + 4;
    return headers.substr(from, headers.find("\r\n", from) - from);
  }
  /// Where its Range begins, 0 without one.
  std::uint64_t from() const {
    const auto range = header("range");
    return range ? std::stoull(range->substr(range->find('=') + 1)) : 0;
  }
  /// One past the last byte that its Range asks for.
  std::uint64_t to(std::uint64_t size) const {
    const auto range = header("range");
    const auto last = range ? range->substr(range->find('-') + 1) : std::string();
    return last.empty() ? size : std::stoull(last) + 1;
  }
};

class scripted_origin {
public:
  /// The server's end of one connection.
  class answer {
  public:
    answer(scripted_origin& server, int fd) : server_(server), fd_(fd) {}
    /// False when the client or the server is gone.
    bool send(std::string_view text) {
      while (!text.empty()) {
        const auto n = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
        if (n <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(n));
      }
      return true;
    }
    /// Body bytes, which are counted by their place in the content.
    bool body(const bytes& content, std::uint64_t from, std::uint64_t to) {
      server_.count(from, to);
      return send(as_text(byte_view(content).subspan(from, to - from)));
    }
    /// False when the server is to end.
    bool wait(std::chrono::milliseconds time) {
      const auto until = std::chrono::steady_clock::now() + time;
      while (std::chrono::steady_clock::now() < until) {
        if (server_.stop_) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
      return !server_.stop_;
    }

  private:
    scripted_origin& server_;
    int fd_;
  };
  /// Called for each request with its number, on a thread of the connection; the connection ends
  /// with it.
  using script = std::function<void(std::size_t number, const seen_request&, answer&)>;

  explicit scripted_origin(script s) : script_(std::move(s)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(listener_, reinterpret_cast<sockaddr*>(&a), sizeof a) == 0);
    REQUIRE(::listen(listener_, 16) == 0);
    socklen_t length = sizeof a;
    REQUIRE(::getsockname(listener_, reinterpret_cast<sockaddr*>(&a), &length) == 0);
    port_ = ntohs(a.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~scripted_origin() {
    stop_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    {
      const std::lock_guard guard(mutex_);
      for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
    }
    for (auto& t : threads_) t.join();
  }
  scripted_origin(const scripted_origin&) = delete;
  scripted_origin& operator=(const scripted_origin&) = delete;

  std::uint16_t port() const { return port_; }
  std::string server() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::string url(const std::string& target = "/file.bin") const { return server() + target; }
  std::vector<seen_request> requests() const {
    const std::lock_guard guard(mutex_);
    return requests_;
  }
  std::size_t connections() const { return connections_; }
  /// Body bytes that it handed to its sockets, and the most often that any one of them was.
  std::uint64_t bytes_sent() const {
    const std::lock_guard guard(mutex_);
    std::uint64_t out = 0;
    for (const auto n : sent_) out += n;
    return out;
  }
  unsigned most_often_sent() const {
    const std::lock_guard guard(mutex_);
    return sent_.empty() ? 0 : *std::max_element(sent_.begin(), sent_.end());
  }

private:
  void count(std::uint64_t from, std::uint64_t to) {
    const std::lock_guard guard(mutex_);
    if (sent_.size() < to) sent_.resize(to);
    for (auto i = from; i < to; ++i) ++sent_[i];
  }
  void accept_all() {
    for (;;) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      ++connections_;
      const std::lock_guard guard(mutex_);
      open_.insert(fd);
      threads_.emplace_back([this, fd] {
        serve(fd);
        const std::lock_guard inner(mutex_);
        open_.erase(fd);
        ::close(fd);
      });
    }
  }
  void serve(int fd) {
    std::string text;
    while (text.find("\r\n\r\n") == text.npos) {
      char part[4096];
      const auto n = ::recv(fd, part, sizeof part, 0);
      if (n <= 0) return;
      text.append(part, static_cast<std::size_t>(n));
    }
    seen_request r;
    const auto blank = text.find(' ');
    r.target = text.substr(blank + 1, text.find(' ', blank + 1) - blank - 1);
    r.headers = text.substr(text.find("\r\n"));
    // Names only; values keep their case.
    for (std::size_t i = 0; i < r.headers.size();) {
      const auto end = r.headers.find("\r\n", i + 2);
      const auto colon = std::min(r.headers.find(':', i), end);
      for (; i < std::min(colon, r.headers.size()); ++i)
        r.headers[i] = static_cast<char>(std::tolower(static_cast<unsigned char>(r.headers[i])));
      i = end;
    }
    std::size_t number = 0;
    {
      const std::lock_guard guard(mutex_);
      number = requests_.size();
      requests_.push_back(r);
    }
    answer a(*this, fd);
    script_(number, r, a);
    ::shutdown(fd, SHUT_WR);
  }

  script script_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stop_{false};
  std::atomic<std::size_t> connections_{0};
  mutable std::mutex mutex_;
  std::vector<seen_request> requests_;
  std::vector<std::uint8_t> sent_;
  std::set<int> open_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

/// The head of a right answer to `r`, with `more` header lines.
inline std::string head_for(const seen_request& r, std::uint64_t size,
                            const std::string& more = "") {
  const auto from = r.from();
  const auto to = r.to(size);
  const auto length = "Content-Length: " + std::to_string(to - from) + "\r\n";
  if (!r.header("range")) return "HTTP/1.1 200 OK\r\n" + length + more + "\r\n";
  return "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes " + std::to_string(from) + "-" +
         std::to_string(to - 1) + "/" + std::to_string(size) + "\r\n" + length + more + "\r\n";
}

} // namespace interswarm::origin::test
