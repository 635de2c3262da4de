#include "actors/runtime/datagram.hpp"

#include "actors/runtime/log.hpp"

namespace interswarm::runtime {

kj::Promise<void> send_datagram(kj::DatagramPort& port, kj::Array<kj::byte> data,
                                kj::NetworkAddress& to) {
  auto sent = kj::evalNow([&] { return port.send(data.begin(), data.size(), to).ignoreResult(); });
  return sent
      .catch_([](kj::Exception&& e) {
        log().debug("a datagram was not sent: {}", e.getDescription().cStr());
      })
      .attach(kj::mv(data));
}

} // namespace interswarm::runtime
