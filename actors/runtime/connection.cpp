#include "actors/runtime/connection.hpp"

#include "schema/base/codec.hpp"
#include "schema/base/endpoint.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace interswarm::runtime {

namespace {

constexpr int keep_alive_idle_s = 10;
constexpr int keep_alive_interval_s = 5;
constexpr int keep_alive_probes = 4;
constexpr unsigned unacknowledged_ms = 30'000;

void set(kj::AsyncIoStream& stream, int level, int option, int value) {
  stream.setsockopt(level, option, &value, sizeof value);
}

} // namespace

connection::connection(loop& home, kj::Own<kj::AsyncIoStream> stream, link_limits limits,
                       capnp::rpc::twoparty::Side side)
    : via_(link::make(home, limits)), stream_(kj::mv(stream)),
      network_(*stream_, side, codec::reader_options()) {}

void connection::start(capnp::Capability::Client bootstrap) {
  auto& rpc = rpc_.emplace(capnp::makeRpcServer(network_, kj::mv(bootstrap)));
  rpc.setFlowLimit(max_unanswered_bytes / sizeof(capnp::word));
}

kj::Own<connection> connection::serve(loop& home, kj::Own<kj::AsyncIoStream> stream,
                                      link_limits limits, const bootstrap_factory& bootstrap) {
  auto made =
      kj::heap<connection>(home, kj::mv(stream), limits, capnp::rpc::twoparty::Side::SERVER);
  made->start(bootstrap(made->via()));
  return made;
}

kj::Own<connection> connection::dial(loop& home, kj::Own<kj::AsyncIoStream> stream,
                                     link_limits limits) {
  auto made =
      kj::heap<connection>(home, kj::mv(stream), limits, capnp::rpc::twoparty::Side::CLIENT);
  made->start(nullptr);
  return made;
}

connection::~connection() noexcept(false) {
  via_->close({errc::disconnected, "the connection is closed"});
  rpc_ = nullptr;
}

capnp::Capability::Client connection::bootstrap() {
  capnp::MallocMessageBuilder message(4);
  auto vat = message.initRoot<capnp::rpc::twoparty::VatId>();
  vat.setSide(capnp::rpc::twoparty::Side::SERVER);
  return KJ_ASSERT_NONNULL(rpc_).bootstrap(vat);
}

void tune(kj::AsyncIoStream& stream) {
  set(stream, IPPROTO_TCP, TCP_NODELAY, 1);
  set(stream, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(stream, IPPROTO_TCP, TCP_KEEPIDLE, keep_alive_idle_s);
  set(stream, IPPROTO_TCP, TCP_KEEPINTVL, keep_alive_interval_s);
  set(stream, IPPROTO_TCP, TCP_KEEPCNT, keep_alive_probes);
  set(stream, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(unacknowledged_ms));
}

bool is_loopback(const std::string& address) {
  if (address.starts_with("localhost:")) return true;
  const auto parsed = endpoint::parse(address);
  return parsed && parsed->address.is_loopback();
}

} // namespace interswarm::runtime
