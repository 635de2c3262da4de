#include "tests/integration/bittorrent_peer/scripted_seed.hpp"

#include "schema/base/wire.hpp"

#include <algorithm>
#include <deque>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>

namespace interswarm::bittorrent::testing {

namespace {

constexpr std::string_view protocol = "\x13"
                                      "BitTorrent protocol";

bool take(int fd, std::span<byte> out, const std::atomic<bool>& stop) {
  while (!out.empty()) {
    pollfd p{fd, POLLIN, 0};
    const auto ready = ::poll(&p, 1, 50);
    if (stop) return false;
    if (ready == 0) continue;
    const auto n = ::recv(fd, out.data(), out.size(), 0);
    if (n <= 0) return false;
    out = out.subspan(static_cast<std::size_t>(n));
  }
  return true;
}

void give(int fd, byte_view data) { (void)!::send(fd, data.data(), data.size(), MSG_NOSIGNAL); }

} // namespace

scripted_seed::scripted_seed(byte_view info_hash, bytes data, std::uint32_t piece_length,
                             script faults)
    : hash_(info_hash.begin(), info_hash.end()), data_(std::move(data)),
      piece_length_(piece_length), faults_(faults) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof where;
  auto* address = reinterpret_cast<sockaddr*>(&where);
  if (::bind(listener_, address, size) != 0 || ::listen(listener_, 8) != 0 ||
      ::getsockname(listener_, address, &size) != 0)
    throw std::runtime_error("no listener on 127.0.0.1");
  at_ = {ip_address::v4(INADDR_LOOPBACK), ntohs(where.sin_port)};
  thread_ = std::thread([this] { run(); });
}

scripted_seed::~scripted_seed() {
  stop_ = true;
  thread_.join();
  ::close(listener_);
}

void scripted_seed::run() {
  while (!stop_) {
    pollfd p{listener_, POLLIN, 0};
    if (::poll(&p, 1, 50) <= 0) continue;
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    serve(fd);
    ::close(fd);
  }
}

void scripted_seed::serve(int fd) {
  bytes head(68);
  if (!take(fd, head, stop_)) return;
  if (!equal(byte_view(head).first(protocol.size()), as_bytes(protocol)) ||
      !equal(byte_view(head).subspan(28, 20), hash_))
    return; // an encrypted attempt: the plain one follows
  int answers = ++connections_ == 1 ? faults_.answers : script{}.answers;
  const auto polite_at = std::chrono::steady_clock::now() + faults_.shy_for;
  while (std::chrono::steady_clock::now() < polite_at) {
    if (stop_) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  bytes hello;
  big_endian_writer(hello)
      .put(as_bytes(protocol))
      .u64(0x100004)
      .put(hash_)
      .put(as_bytes("-XX0000-forgetfulsee"));
  constexpr std::string_view extended = "d1:mde4:reqqi64ee";
  big_endian_writer(hello).u32(1).u8(14).u32(1).u8(1); // BEP 6 have all, unchoke
  big_endian_writer(hello).u32(2 + extended.size()).u8(20).u8(0).put(as_bytes(extended));
  give(fd, hello);
  std::deque<bytes> waiting;
  for (;;) {
    pollfd p{fd, POLLIN, 0};
    if (!waiting.empty() && ::poll(&p, 1, 20) == 0) {
      if (answers-- > 0) answer(fd, waiting.front());
      waiting.pop_front();
      continue;
    }
    std::array<byte, 4> size{};
    if (!take(fd, size, stop_)) return;
    bytes body(big_endian_reader(size).u32());
    if (body.size() > 1u << 20 || !take(fd, body, stop_)) return;
    if (body.size() == 13 && body[0] == 6) waiting.push_back(std::move(body));
    most_waiting_ = std::max<int>(most_waiting_, static_cast<int>(waiting.size()));
  }
}

void scripted_seed::answer(int fd, byte_view request) {
  big_endian_reader in(request.subspan(1));
  const auto piece = in.u32();
  const auto begin = in.u32();
  const auto length = in.u32();
  bytes out;
  big_endian_writer w(out);
  w.u32(9 + length).u8(7).u32(piece).u32(begin);
  w.put(byte_view(data_).subspan(std::size_t{piece} * piece_length_ + begin, length));
  give(fd, out);
}

} // namespace interswarm::bittorrent::testing
