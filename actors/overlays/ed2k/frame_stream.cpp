#include "actors/overlays/ed2k/frame_stream.hpp"

#include <algorithm>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace interswarm::ed2k {

namespace {

constexpr std::size_t min_read_bytes = 4'096;
constexpr std::size_t max_read_bytes = 65'536;

void set_option(kj::AsyncIoStream& stream, int level, int option, int value) {
  // A stream of a test need not be a socket.
  kj::runCatchingExceptions([&] { stream.setsockopt(level, option, &value, sizeof value); });
}

/// A peer whose machine went away is noticed within four minutes.
void watch_over(kj::AsyncIoStream& stream) {
  set_option(stream, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(stream, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(stream, IPPROTO_TCP, TCP_KEEPIDLE, 120);
  set_option(stream, IPPROTO_TCP, TCP_KEEPINTVL, 30);
  set_option(stream, IPPROTO_TCP, TCP_KEEPCNT, 4);
}

} // namespace

endpoint endpoint_of(const struct sockaddr* address, unsigned length) {
  if (address->sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    return {ip_address::v4(ntohl(v4.sin_addr.s_addr)), ntohs(v4.sin_port)};
  }
  if (address->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, address, sizeof v6);
    const auto parsed = ip_address::from_bytes({v6.sin6_addr.s6_addr, 16});
    return {parsed.value_or(ip_address{}), ntohs(v6.sin6_port)};
  }
  return {};
}

endpoint peer_of(kj::AsyncIoStream& stream) {
  sockaddr_storage storage{};
  kj::uint length = sizeof storage;
  endpoint out;
  kj::runCatchingExceptions([&] {
    stream.getpeername(reinterpret_cast<sockaddr*>(&storage), &length);
    out = endpoint_of(reinterpret_cast<sockaddr*>(&storage), length);
  });
  return out;
}

kj::Own<kj::NetworkAddress> kj_address(kj::Network& network, const endpoint& e) {
  if (e.address.is_v4()) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(e.port);
    v4.sin_addr.s_addr = htonl(e.address.to_v4());
    return network.getSockaddr(&v4, sizeof v4);
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(e.port);
  std::memcpy(v6.sin6_addr.s6_addr, e.address.mapped().data(), 16);
  return network.getSockaddr(&v6, sizeof v6);
}

frame_stream::frame_stream(kj::Own<kj::AsyncIoStream> stream, link_kind kind,
                           std::size_t max_frame_bytes, listener& owner)
    : stream_(kj::mv(stream)), splitter_(kind), max_frame_bytes_(max_frame_bytes), owner_(&owner) {
  watch_over(*stream_);
}

void frame_stream::start() { tasks_.add(read_on()); }

kj::Promise<void> frame_stream::read_on() {
  const auto room = splitter_.room(std::clamp(splitter_.missing(), min_read_bytes, max_read_bytes));
  return stream_->tryRead(room.data(), 1, room.size())
      .then([this](std::size_t got) -> kj::Promise<void> {
        if (got == 0) {
          end("closed by the other side");
          return kj::READY_NOW;
        }
        splitter_.commit(got);
        while (owner_ != nullptr) {
          const auto packet = splitter_.next();
          if (!packet) {
            end(packet.error().text);
          } else if (*packet) {
            owner_->on_frame(**packet);
          } else if (splitter_.buffered() + splitter_.missing() > max_frame_bytes_) {
            end("a packet longer than " + std::to_string(max_frame_bytes_) + " bytes");
          } else {
            return read_on();
          }
        }
        return kj::READY_NOW;
      });
}

void frame_stream::end(std::string why) {
  broken_ = true;
  KJ_IF_MAYBE (waiting, flushed_) {
    (*waiting)->fulfill();
  }
  if (auto* owner = std::exchange(owner_, nullptr)) owner->on_end(std::move(why));
}

void frame_stream::send(bytes packets) {
  if (broken_) return;
  unsent_ += packets.size();
  append(queued_, packets);
  if (writing_) return;
  writing_ = true;
  tasks_.add(write_on());
}

kj::Promise<void> frame_stream::write_on() {
  if (queued_.empty() || broken_) {
    writing_ = false;
    KJ_IF_MAYBE (waiting, flushed_) {
      (*waiting)->fulfill();
    }
    return kj::READY_NOW;
  }
  auto now = kj::heap<bytes>(std::exchange(queued_, {}));
  const auto* data = now->data();
  const auto size = now->size();
  return stream_->write(data, size).attach(kj::mv(now)).then([this, size] {
    unsent_ -= size;
    return write_on();
  });
}

kj::Promise<void> frame_stream::finish() {
  owner_ = nullptr;
  if (!writing_ || broken_) return kj::READY_NOW;
  auto paf = kj::newPromiseAndFulfiller<void>();
  flushed_ = kj::mv(paf.fulfiller);
  return kj::mv(paf.promise);
}

} // namespace interswarm::ed2k
