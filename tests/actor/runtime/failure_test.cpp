#include "actors/runtime/datagram.hpp"
#include "actors/runtime/loop_actor.hpp"
#include "tests/actor/runtime/fixture.hpp"

#include <algorithm>
#include <stdexcept>

namespace interswarm::runtime {

namespace {

/// Fails while it ends.
class poor_loser final : public loop_actor<caf::actor> {
public:
  poor_loser(caf::actor_config& config, loop& home) : loop_actor(config, home) {}
  const char* name() const override { return "poor-loser"; }
  caf::behavior make_behavior() override {
    return {[](int x) { return x + 1; }};
  }
  void on_exit() override { throw std::runtime_error("never"); }
};

} // namespace

TEST_CASE("runtime: an actor that fails as it ends takes nobody with it", "[runtime]") {
  world w;
  auto& home = w.new_loop("home");
  auto loser = spawn_on<poor_loser>(home);
  auto other = probe::spawn_probe(home);
  caf::anon_send_exit(loser, caf::exit_reason::user_shutdown);
  loser = nullptr;
  for (int i = 0; i < 3; ++i) CHECK(on(home, [i] { return i; }) == i);
  const auto told = ask<msg::probe_echo_result>(w.system, other, msg::probe_echo{});
  REQUIRE(told);
}

TEST_CASE("runtime: a datagram that the system refuses is lost and no failure", "[runtime]") {
  auto io = kj::setupAsyncIo();
  auto& network = io.provider->getNetwork();
  const auto address = [&](const char* text) {
    return network.parseAddress(text, 9).wait(io.waitScope);
  };
  auto port = network.parseAddress("0.0.0.0", 0).wait(io.waitScope)->bindDatagramPort();
  // Without SO_BROADCAST: EACCES.
  auto forbidden = address("255.255.255.255");
  CHECK_THROWS(port->send("x", 1, *forbidden));
  CHECK_NOTHROW(send_datagram(*port, kj::heapArray<kj::byte>(3), *forbidden).wait(io.waitScope));
  auto receiver_port = network.parseAddress("127.0.0.1", 0).wait(io.waitScope)->bindDatagramPort();
  auto receiver = receiver_port->makeReceiver();
  auto to = network.parseAddress("127.0.0.1", receiver_port->getPort()).wait(io.waitScope);
  auto data = kj::heapArray<kj::byte>(3);
  std::fill(data.begin(), data.end(), 7);
  send_datagram(*port, kj::mv(data), *to).wait(io.waitScope);
  receiver->receive().wait(io.waitScope);
  CHECK(receiver->getContent().value.size() == 3);
}

} // namespace interswarm::runtime
