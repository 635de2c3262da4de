#include "tests/catch.hpp"
#include "tests/unit/ppsp_network.hpp"

using namespace interswarm;
using namespace interswarm::ppsp;
using namespace interswarm::ppsp::testing;
using namespace std::chrono_literals;
using tier = chunk_picker::tier;

namespace {

const char* const seed_address = "192.0.2.1:1000";
const char* const leech_address = "192.0.2.2:1000";

/// One that has it and one that wants it.
struct pair {
  explicit pair(std::uint64_t size, const swarm_terms& terms = {})
      : content(size, terms), seed(net.add(seed_address)), leech(net.add(leech_address)) {
    seed.serve(content);
    leech.fetch(content);
  }
  bool get_all(instant limit) {
    leech.fetching->dial(seed.at(), net.now);
    leech.fetching->want({0, content.chunks()}, tier::asked, net.now);
    return net.run([&] { return leech.has_all(); }, limit) && leech.taken == content.data;
  }

  network net;
  sample content;
  host& seed;
  host& leech;
};

} // namespace

TEST_CASE("ppsp swarm: a content crosses, whatever its size") {
  for (const std::uint64_t size : {1, 1000, 1024, 1025, 7162, 65'536, 65'537, 1'000'000}) {
    pair p(size);
    INFO(size);
    REQUIRE(p.get_all(30s));
    CHECK(p.leech.fetching->chunks() == p.content.chunks());
    CHECK(p.leech.fetching->counted().refuted == 0);
    CHECK(p.seed.serving->counted().bytes_sent == size);
    // The last acknowledgement is on its way.
    p.net.run([&] { return p.seed.serving->counted().completed == 1; }, 1s);
    CHECK(p.seed.serving->counted().completed == 1);
  }
}

TEST_CASE("ppsp swarm: with every hash function, addressing method and some sizes of chunks") {
  for (const auto hash : {merkle_hash::sha1, merkle_hash::sha224, merkle_hash::sha512}) {
    for (int method = 0; method < 5; ++method) {
      for (const std::uint32_t chunk_bytes : {512, 1024, 8192}) {
        swarm_terms t;
        t.hash = hash;
        t.addressing = static_cast<chunk_addressing>(method);
        t.chunk_bytes = chunk_bytes;
        pair p(150'001, t);
        INFO(static_cast<int>(hash) << ' ' << method << ' ' << chunk_bytes);
        CHECK(p.get_all(30s));
      }
    }
  }
}

TEST_CASE("ppsp swarm: an answer that has no room for all that is there is followed by the rest") {
  swarm_terms t;
  t.addressing = chunk_addressing::bins_32;
  // Seven bins.
  pair p(1'500'000, t);
  p.leech.fetching->dial(p.seed.at(), p.net.now);
  p.net.run([] { return false; }, 1s);
  CHECK(p.leech.fetching->obtainable() == range_set{{0, p.content.chunks()}});
  CHECK(p.get_all(30s));
}

TEST_CASE("ppsp swarm: nothing is read or sent that nobody asked for") {
  pair p(1'000'000);
  p.leech.fetching->dial(p.seed.at(), p.net.now);
  p.net.run([] { return false; }, 10s);
  CHECK(p.leech.fetching->peers() == 1);
  CHECK(p.leech.fetching->obtainable() == range_set{{0, p.content.chunks()}});
  CHECK(p.seed.reads == 0);
  CHECK(p.net.carried < 500);
  // In the middle, as a player seeks.
  p.leech.fetching->want({500, 510}, tier::urgent, p.net.now);
  CHECK(p.net.run([&] { return p.leech.order.size() == 10; }, 1s));
  CHECK(p.leech.order.front() == 500);
  CHECK(p.seed.reads <= 2);
  p.net.run([] { return false; }, 5s);
  CHECK(p.leech.order.size() == 10);
}

TEST_CASE("ppsp swarm: losses cost what was lost and little more") {
  for (const double loss : {0.01, 0.05}) {
    pair p(2'000'000);
    p.net.loss = loss;
    INFO(loss);
    REQUIRE(p.get_all(300s));
    CHECK(static_cast<double>(p.seed.serving->counted().bytes_sent) < 2e6 * (1 + 4 * loss));
    CHECK(p.leech.fetching->counted().refuted == 0);
  }
}

TEST_CASE("ppsp swarm: a line is filled") {
  // 100 Mbit/s, 10 ms each way.
  pair p(20'000'000);
  const auto begun = p.net.now;
  REQUIRE(p.get_all(60s));
  const auto seconds = static_cast<double>((p.net.now - begun).count()) / 1e6;
  CHECK(seconds < 1.25 * 20e6 / 12.5e6);
}

TEST_CASE("ppsp swarm: hashes and headers cost a tenth at most") {
  pair p(3'000'000);
  REQUIRE(p.get_all(60s));
  CHECK(static_cast<double>(p.net.carried) < 1.1 * 3e6);
}

TEST_CASE("ppsp swarm: urgent chunks come before the others") {
  pair p(4'000'000);
  p.net.bytes_per_us = 1.25;
  p.leech.fetching->dial(p.seed.at(), p.net.now);
  p.leech.fetching->want({0, p.content.chunks()}, tier::asked, p.net.now);
  p.net.run([&] { return p.leech.order.size() > 300; }, 20s);
  p.leech.fetching->want({3000, 3020}, tier::urgent, p.net.now);
  const auto since = p.net.now;
  const auto there = [&] { return p.leech.fetching->held().contains(byte_range{3000, 3020}); };
  REQUIRE(p.net.run(there, 10s));
  CHECK(p.net.now - since < 3s);
}

TEST_CASE("ppsp swarm: several peers share the work, and one that dies is made up for") {
  network net;
  const sample content(3'000'000, {});
  std::vector<host*> seeds;
  for (int i = 1; i <= 3; ++i) {
    seeds.push_back(&net.add("192.0.2.1:" + std::to_string(i)));
    seeds.back()->serve(content);
  }
  net.bytes_per_us = 1.25;
  auto& leech = net.add(leech_address);
  leech.fetch(content);
  for (const auto* s : seeds) leech.fetching->dial(s->at(), net.now);
  leech.fetching->want({0, content.chunks()}, tier::asked, net.now);
  net.run([&] { return leech.got > 1'000'000; }, 60s);
  for (const auto* s : seeds) CHECK(s->serving->counted().bytes_sent > 100'000);
  seeds[0]->is_dead = true;
  REQUIRE(net.run([&] { return leech.has_all(); }, 120s));
  CHECK(leech.taken == content.data);
}

TEST_CASE("ppsp swarm: no wrong byte is taken, and who sends them is left") {
  network net;
  const sample content(500'000, {});
  auto& liar = net.add("192.0.2.1:1");
  auto& honest = net.add("192.0.2.1:2");
  liar.serve(content);
  honest.serve(content);
  auto& leech = net.add(leech_address);
  leech.fetch(content);
  net.meddle = [&](const endpoint& from, bytes& datagram) {
    if (from == liar.at() && datagram.size() > 1000) datagram.back() ^= 1;
  };
  leech.fetching->dial(liar.at(), net.now);
  leech.fetching->want({0, content.chunks()}, tier::asked, net.now);
  net.run([] { return false; }, 5s);
  CHECK(leech.got == 0);
  CHECK(leech.fetching->counted().refuted >= 3);
  CHECK(leech.fetching->peers() == 0);
  leech.fetching->dial(liar.at(), net.now);
  CHECK(leech.fetching->peers() == 0);
  leech.fetching->dial(honest.at(), net.now);
  REQUIRE(net.run([&] { return leech.has_all(); }, 30s));
  CHECK(leech.taken == content.data);
}

TEST_CASE("ppsp swarm: spoofed handshakes keep little and are not answered with more") {
  network net;
  const sample content(200'000, {});
  auto& seed = net.add(seed_address);
  seed.serve(content);
  const auto spoofed = *endpoint::parse("203.0.113.9:9");
  for (std::uint32_t i = 1; i <= 10'000; ++i) {
    bytes wire;
    append_channel(wire, 0);
    append_message(wire, handshake{i, content.terms.opening()}, content.terms.speech());
    const auto before = net.carried;
    seed.arrive(spoofed, wire);
    CHECK(net.carried - before <= wire.size());
  }
  CHECK(seed.serving->clients() <= serving_swarm::limits{}.half_open);
  CHECK(seed.reads == 0);
  // They go when their time is over, and others come in.
  auto& leech = net.add(leech_address);
  leech.fetch(content);
  net.run([] { return false; }, 15s);
  leech.fetching->dial(seed.at(), net.now);
  leech.fetching->want({0, content.chunks()}, tier::asked, net.now);
  CHECK(net.run([&] { return leech.has_all(); }, 30s));
}

TEST_CASE("ppsp swarm: who never acknowledges gets a window and then less and less") {
  network net;
  const sample content(4'000'000, {});
  auto& seed = net.add(seed_address);
  seed.serve(content);
  const auto mute = *endpoint::parse(leech_address);
  bytes wire;
  append_channel(wire, 0);
  append_message(wire, handshake{77, content.terms.opening()}, content.terms.speech());
  channel_id channel = 0;
  net.meddle = [&](const endpoint&, bytes& datagram) {
    datagram_reader in(datagram, content.terms.speech());
    if (const auto m = in.next(); m && *m)
      if (const auto* h = std::get_if<handshake>(&**m)) channel = h->source;
  };
  seed.arrive(mute, wire);
  REQUIRE(channel != 0);
  bytes ask;
  append_channel(ask, channel);
  append_message(ask, request{{0, content.chunks()}}, content.terms.speech());
  seed.arrive(mute, ask);
  net.run([] { return false; }, 60s);
  CHECK(seed.serving->counted().bytes_sent < 20'000);
  net.run([] { return false; }, 200s);
  CHECK(seed.serving->clients() == 0);
}

TEST_CASE("ppsp swarm: a holder dials who looks for it, and tells peers of each other") {
  network net;
  const sample content(300'000, {});
  auto& seed = net.add(seed_address);
  seed.serve(content);
  auto& one = net.add("192.0.2.3:1");
  one.fetch(content);
  one.fetching->want({0, content.chunks()}, tier::asked, net.now);
  seed.serving->dial(one.at(), net.now);
  CHECK(net.run([&] { return one.has_all(); }, 30s));
  CHECK(one.heard == 0);
  auto& two = net.add("192.0.2.3:2");
  two.fetch(content);
  two.fetching->dial(seed.at(), net.now);
  two.fetching->want({0, content.chunks()}, tier::asked, net.now);
  CHECK(net.run([&] { return two.has_all(); }, 30s));
  CHECK(two.heard == 1);
  seed.serving->close();
  net.run([&] { return one.fetching->peers() == 0; }, 1s);
  CHECK(one.fetching->peers() == 0);
  CHECK(seed.serving->clients() == 0);
}

TEST_CASE("ppsp swarm: a peer that tells of half the world is believed for a few") {
  network net;
  const sample content(300'000, {});
  auto& seed = net.add(seed_address);
  seed.serve(content);
  auto& leech = net.add(leech_address);
  leech.fetch(content);
  std::uint16_t port = 0;
  net.meddle = [&](const endpoint& from, bytes& datagram) {
    datagram_reader in(datagram, content.terms.speech());
    if (from != seed.at() || in.destination() == 0) return;
    bytes told(datagram.begin(), datagram.begin() + 4);
    for (int i = 0; i < 20; ++i)
      append_message(told, pex_response{{ip_address::v4(0xC6336401), ++port}},
                     content.terms.speech());
    told.insert(told.end(), datagram.begin() + 4, datagram.end());
    datagram = std::move(told);
  };
  leech.fetching->dial(seed.at(), net.now);
  leech.fetching->want({0, content.chunks()}, tier::asked, net.now);
  CHECK(net.run([&] { return leech.has_all(); }, 30s));
  CHECK(port > 1000);
  CHECK(leech.heard == 32);
}
