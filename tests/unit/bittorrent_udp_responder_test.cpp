#include "actors/overlays/bittorrent/udp_responder.hpp"
#include "schema/base/encoding.hpp"
#include "schema/bittorrent/udp_tracker.hpp"
#include "tests/catch.hpp"

using namespace interswarm;
using namespace interswarm::bittorrent;

namespace {

constexpr std::uint64_t start_ms = 3'600'000;
const auto client = *ip_address::parse("192.0.2.1");
const auto client6 = *ip_address::parse("2001:db8::1");

struct responder_fixture {
  explicit responder_fixture(swarm_store_options o = {}, std::uint32_t rate = 0)
      : store(o, {1, 2}), responder(store, connection_ids({3, 4}), rate, 5) {}

  bytes ask(byte_view packet, const ip_address& from) {
    std::array<byte, 1500> out{};
    const auto n = responder.respond(packet, {from}, now_ms, out);
    return {out.begin(), out.begin() + static_cast<std::ptrdiff_t>(n)};
  }
  std::uint64_t connect(const ip_address& from) {
    const auto r =
        udp_tracker::decode_response(ask(udp_tracker::encode_connect_request(9), from), false);
    REQUIRE(r);
    CHECK(r->transaction == 9);
    return r->connection_id;
  }
  bytes announce(std::uint64_t id, const ip_address& from, std::uint16_t port, std::uint64_t left) {
    announce_request a;
    a.hash[0] = 7;
    a.port = port;
    a.left = left;
    return ask(udp_tracker::encode_announce_request(id, 10, a, "/announce"), from);
  }

  swarm_store store;
  udp_responder responder;
  std::uint64_t now_ms = start_ms;
};

} // namespace

TEST_CASE("siphash: the authors' vectors") {
  // Key 00…0f, input 00…n-1; from the paper's appendix and the reference implementation's table.
  bytes data;
  const std::array<std::uint64_t, 2> key{0x0706050403020100ull, 0x0f0e0d0c0b0a0908ull};
  CHECK(siphash(key, data) == 0x726fdb47dd0e0e31ull);
  for (byte i = 0; i < 15; ++i) data.push_back(i);
  CHECK(siphash(key, data) == 0xa129ca6149be45e5ull);
}

TEST_CASE("connection ids: good for 120 s, for one address, under one secret") {
  const connection_ids ids({1, 2});
  for (std::uint64_t now = start_ms; now < start_ms + 70'000; now += 1000) {
    const auto id = ids.issue(client, now);
    CHECK(ids.is_good(id, client, now));
    CHECK(ids.is_good(id, client, now + 120'000));
    CHECK_FALSE(ids.is_good(id, client, now + 180'000));
    CHECK_FALSE(ids.is_good(id, client, now + 300'000));
    CHECK_FALSE(ids.is_good(id, client, now - 60'000));
    CHECK_FALSE(ids.is_good(id, *ip_address::parse("192.0.2.2"), now));
    CHECK_FALSE(ids.is_good(id ^ 4, client, now));
    CHECK_FALSE(ids.is_good(id ^ 1, client, now));
    CHECK_FALSE(connection_ids({1, 3}).is_good(id, client, now));
  }
}

TEST_CASE("address limiter: a burst, then a rate, each address for itself") {
  runtime::address_limiter limiter(10, 1024, 99);
  const auto admitted = [&](const ip_address& from, std::uint64_t now) {
    int n = 0;
    for (int i = 0; i < 100; ++i) n += limiter.admit(from, now);
    return n;
  };
  CHECK(admitted(client, start_ms) == 20);
  CHECK(admitted(client, start_ms) == 0);
  CHECK(admitted(client6, start_ms) == 20);
  CHECK(admitted(*ip_address::parse("2001:db8::ffff"), start_ms) == 0); // the same /64
  CHECK(admitted(client, start_ms + 500) == 5);
  CHECK(admitted(client, start_ms + 3'600'000) == 20);
  runtime::address_limiter none(0, 1024, 99);
  CHECK(none.admit(client, 0));
}

TEST_CASE("udp responder: connect, announce, scrape in both families") {
  responder_fixture f;
  const auto id = f.connect(client);
  CHECK(to_hex(f.announce(id, client, 0x1AE1, 0)).starts_with("000000010000000a"));
  const auto other = *ip_address::parse("192.0.2.2");
  const auto r = udp_tracker::decode_response(f.announce(f.connect(other), other, 80, 5), false);
  REQUIRE(r);
  CHECK(r->announce.seeders == 1);
  CHECK(r->announce.leechers == 1);
  REQUIRE(r->announce.peers.size() == 1);
  CHECK(r->announce.peers[0].address.to_string() == "192.0.2.1:6881");

  const auto id6 = f.connect(client6);
  CHECK(f.announce(id6, client6, 80, 0).size() == 20); // no IPv4 peers over IPv6
  const auto other6 = *ip_address::parse("2001:db8:1::1");
  const auto r6 = udp_tracker::decode_response(f.announce(f.connect(other6), other6, 80, 5), true);
  REQUIRE(r6->announce.peers.size() == 1);
  CHECK(r6->announce.peers[0].address.to_string() == "[2001:db8::1]:80");

  info_hash known{};
  known[0] = 7;
  const auto scrape = udp_tracker::decode_response(
      f.ask(udp_tracker::encode_scrape_request(id, 4, {known, {}}), client), false);
  REQUIRE(scrape->scrape.entries.size() == 2);
  CHECK(scrape->scrape.entries[0].seeders == 2);
  CHECK(scrape->scrape.entries[0].leechers == 2);
  CHECK(scrape->scrape.entries[1].seeders == 0);
  CHECK(f.responder.counters().announces == 4);
  CHECK(f.responder.counters().scrapes == 1);
}

TEST_CASE("udp responder: an unproved address gets nothing that is longer than what it sent") {
  responder_fixture f;
  CHECK(f.announce(12345, client, 80, 0).empty());
  CHECK(f.ask(udp_tracker::encode_scrape_request(12345, 4, {info_hash{}}), client).empty());
  CHECK(f.store.totals().swarms == 0);
  const auto id = f.connect(client);
  CHECK(f.announce(id, client6, 80, 0).empty()); // somebody else's id
  const auto connect = udp_tracker::encode_connect_request(1);
  CHECK(f.ask(connect, client).size() == connect.size());
  for (std::size_t n = 0; n < 16; ++n) CHECK(f.ask(byte_view(connect).first(n), client).empty());
  bytes odd = connect;
  odd[11] = 77; // unknown action under no good id
  CHECK(f.ask(odd, client).empty());
  CHECK(f.responder.counters().dropped > 17);
  f.now_ms += 180'000;
  CHECK(f.announce(id, client, 80, 0).empty()); // expired
}

TEST_CASE("udp responder: refusals are BEP 15 errors with a reason") {
  swarm_store_options o;
  o.allow_list = true;
  responder_fixture f(o);
  const auto id = f.connect(client);
  const auto r = udp_tracker::decode_response(f.announce(id, client, 80, 0), false);
  REQUIRE(r);
  CHECK(r->what == udp_tracker::action::error);
  CHECK(r->error_text == refusal_text(swarm_store::verdict::not_listed));
  announce_request a;
  const auto port_0 = udp_tracker::decode_response(
      f.ask(udp_tracker::encode_announce_request(id, 1, a, ""), client), false);
  CHECK(port_0->error_text == "port 0");
}

TEST_CASE("udp responder: answers stay within a datagram and rates are bounded") {
  swarm_store_options o;
  o.max_want = 1000;
  o.peers_per_address = 0;
  responder_fixture f(o);
  const auto id = f.connect(client);
  const auto id6 = f.connect(client6);
  for (std::uint16_t port = 1; port <= 500; ++port) {
    f.announce(id, client, port, 5);
    f.announce(id6, client6, port, 5);
  }
  announce_request a;
  a.hash[0] = 7;
  a.port = 1;
  a.left = 1;
  a.want = 1000;
  CHECK(f.ask(udp_tracker::encode_announce_request(id, 1, a, ""), client).size() == 20 + 6 * 200);
  CHECK(f.ask(udp_tracker::encode_announce_request(id6, 1, a, ""), client6).size() == 20 + 18 * 70);

  responder_fixture slow({}, 10);
  int answered = 0;
  for (int i = 0; i < 100; ++i)
    answered += !slow.ask(udp_tracker::encode_connect_request(1), client).empty();
  CHECK(answered == 20);
}
