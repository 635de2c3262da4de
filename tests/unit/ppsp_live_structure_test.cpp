#include "tests/catch.hpp"
#include "tests/unit/ppsp_broadcast.hpp"

using namespace interswarm;
using namespace interswarm::ppsp;
using namespace interswarm::ppsp::testing;
using namespace std::chrono_literals;

TEST_CASE("ppsp live swarm: who finds no place is choked, and served when one is free") {
  live_swarm::limits l;
  l.slots = 1;
  broadcast b(integrity_method::unified_merkle_tree, signature_algorithm::ecdsa_p256_sha256,
              chunk_addressing::chunk_ranges_32, l);
  b.pass(2s);
  auto& one = b.add("192.0.2.3:1", {&b.origin});
  b.pass(2s);
  auto& two = b.add("192.0.2.3:2", {&b.origin});
  std::size_t asked = 0;
  b.net.meddle = [&](const endpoint& from, bytes& datagram) {
    if (from != two.at()) return;
    datagram_reader in(datagram, b.terms.speech());
    for (auto next = in.next(); next && *next; next = in.next())
      asked += std::holds_alternative<request>(**next) ? 1 : 0;
  };
  b.pass(5s);
  CHECK(b.keeps_up(one));
  CHECK(two.order.empty());
  const auto before = asked;
  b.pass(5s);
  CHECK(asked == before);
  one.live_party->close();
  b.pass(5s);
  CHECK(b.is_true(two));
  CHECK(b.keeps_up(two));
}

TEST_CASE("ppsp live swarm: trees push, and a parent that dies is made up for") {
  for (const std::size_t count : {1, 3}) {
    broadcast b;
    std::vector<host*> relays;
    for (int i = 1; i <= 3; ++i)
      relays.push_back(&b.add("192.0.2.2:" + std::to_string(i), {&b.origin}, {},
                              std::make_unique<trees>(count)));
    b.pass(3s);
    auto& viewer = b.add("192.0.2.3:1", relays, {}, std::make_unique<trees>(count));
    b.pass(5s);
    // From the source's signing to the viewer's screen.
    std::vector<instant> delays;
    viewer.plays = [&](std::uint64_t chunk) {
      delays.push_back(b.net.now - b.signed_at[chunk / 32 * 32]);
    };
    const auto got = [](const host* h) { return h->live_party->counted().bytes_sent; };
    std::vector<std::uint64_t> before;
    for (const auto* r : relays) before.push_back(got(r));
    b.pass(10s);
    INFO(count);
    REQUIRE(delays.size() > 500);
    std::sort(delays.begin(), delays.end());
    CHECK(delays[delays.size() / 2] < 200ms);
    std::size_t givers = 0;
    for (std::size_t i = 0; i < relays.size(); ++i) givers += got(relays[i]) > before[i] ? 1 : 0;
    CHECK(givers == count);
    CHECK(b.is_true(viewer));
    CHECK(no_gap(viewer) == 0);
    for (std::size_t i = 0; i < relays.size(); ++i) {
      if (got(relays[i]) == before[i]) continue;
      relays[i]->is_dead = true;
      break;
    }
    b.pass(15s);
    CHECK(b.is_true(viewer));
    CHECK(b.keeps_up(viewer));
    CHECK(no_gap(viewer) == 0);
  }
}

TEST_CASE("ppsp live swarm: peers tell of each other, and spoofed handshakes keep little") {
  broadcast b;
  auto& one = b.add("192.0.2.3:1", {&b.origin});
  b.pass(1s);
  auto& two = b.add("192.0.2.3:2", {&b.origin});
  b.pass(2s);
  CHECK(two.heard == 1);
  // Both dial each other at once: one connection, whoever dialled.
  one.live_party->dial(two.at(), b.net.now);
  two.live_party->dial(one.at(), b.net.now);
  b.pass(5s);
  CHECK(one.live_party->peers() == 2);
  CHECK(two.live_party->peers() == 2);
  const auto spoofed = *endpoint::parse("203.0.113.9:9");
  for (std::uint32_t i = 1; i <= 2'000; ++i) {
    bytes wire;
    append_channel(wire, 0);
    append_message(wire, handshake{i, b.terms.opening()}, b.terms.speech());
    const auto before = b.net.carried;
    b.origin.live_party->greet(endpoint{spoofed.address, static_cast<std::uint16_t>(i)},
                               handshake{i, b.terms.opening()}, wire.size(), b.net.now);
    CHECK(b.net.carried - before <= wire.size());
  }
  CHECK(b.origin.live_party->peers() == 2);
  CHECK(b.origin.live_party->counted().refused > 1'900);
}
