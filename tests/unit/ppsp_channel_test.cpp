#include "actors/overlays/ppsp/channel.hpp"
#include "tests/catch.hpp"

using namespace interswarm;
using namespace interswarm::ppsp;
using namespace std::chrono_literals;
using phase = channel::phase;
using errand = channel::errand;

namespace {

const auto left = *endpoint::parse("192.0.2.1:1000");
const auto right = *endpoint::parse("192.0.2.2:2000");

swarm_terms terms() {
  swarm_terms out;
  out.id = bytes(32, 7);
  return out;
}

/// The handshake at the beginning of a datagram.
handshake first_of(byte_view datagram) {
  datagram_reader in(datagram, {});
  const auto m = in.next();
  REQUIRE(m);
  REQUIRE(*m);
  return std::get<handshake>(**m);
}

bytes begun(channel& c) {
  bytes out;
  c.begin(out);
  return out;
}

} // namespace

TEST_CASE("ppsp channel: two sides agree in three datagrams") {
  const auto t = terms();
  auto a = channel::dial(t, 11, right, 0s);
  CHECK(a.deadline() == 0s);
  const auto opening = begun(a);
  a.sent(0s);
  datagram_reader in(opening, {});
  CHECK(in.destination() == 0);
  const auto h = first_of(opening);
  CHECK(h.source == 11);
  CHECK(h.options.swarm_id == t.id);
  CHECK(h.options.chunk_bytes == 1024);
  CHECK_FALSE(t.refuses(h.options));

  auto b = channel::answer(t, 22, left, h, 10ms);
  CHECK(b.state() == phase::answered);
  const auto answer = begun(b);
  b.sent(10ms);
  CHECK(answer.size() <= opening.size());
  CHECK(datagram_reader(answer, {}).destination() == 11);
  REQUIRE(a.heard(right, 20ms));
  REQUIRE(a.accept(first_of(answer)));
  CHECK(a.state() == phase::open);
  CHECK(a.theirs() == 22);
  // Nothing more is shaken.
  CHECK(begun(a) == bytes{0, 0, 0, 22});
  CHECK(b.heard(left, 30ms));
  CHECK(b.state() == phase::open);
  CHECK(begun(b) == bytes{0, 0, 0, 11});
}

TEST_CASE(
    "ppsp channel: a silent peer is asked four times, every other time as libswift needs it") {
  const auto t = terms();
  auto c = channel::dial(t, 11, right, 0s);
  std::vector<instant> at;
  std::vector<bool> told;
  for (auto now = instant{0}; c.deadline(); now = *c.deadline()) {
    if (c.tick(now) != errand::handshake) continue;
    at.push_back(now);
    told.push_back(first_of(begun(c)).options.chunk_bytes.has_value());
    c.sent(now);
  }
  CHECK(at == std::vector<instant>{0s, 1s, 3s, 7s});
  CHECK(told == std::vector<bool>{true, false, true, false});
  CHECK(c.state() == phase::closed);
}

TEST_CASE("ppsp channel: chunks that are not of 1024 bytes are always told") {
  auto t = terms();
  t.chunk_bytes = 8192;
  CHECK(t.opening(false).chunk_bytes == 8192);
}

TEST_CASE(
    "ppsp channel: who does not come back is forgotten, who goes silent dies, who lives is kept") {
  const auto t = terms();
  const handshake theirs{5, t.opening()};
  auto half = channel::answer(t, 22, left, theirs, 0s);
  half.sent(0s);
  CHECK(half.tick(10s) == errand::nothing);
  CHECK(half.state() == phase::closed);

  auto c = channel::answer(t, 22, left, theirs, 0s);
  c.sent(0s);
  REQUIRE(c.heard(left, 1s));
  std::vector<instant> alive;
  for (auto now = instant{1s}; c.deadline(); now = *c.deadline()) {
    if (c.tick(now) != errand::keep_alive) continue;
    alive.push_back(now);
    c.sent(now);
  }
  CHECK(alive == std::vector<instant>{55s, 110s, 165s});
  CHECK(c.state() == phase::closed);
  CHECK_FALSE(c.heard(left, 200s));

  auto lively = channel::answer(t, 22, left, theirs, 0s);
  for (auto now = instant{1s}; now < 1h; now += 50s) {
    REQUIRE(lively.heard(left, now));
    if (lively.tick(now) == errand::keep_alive) lively.sent(now);
  }
  CHECK(lively.state() == phase::open);
}

TEST_CASE("ppsp channel: others' datagrams and changed channels are not taken") {
  const auto t = terms();
  auto c = channel::answer(t, 22, left, {5, t.opening()}, 0s);
  CHECK_FALSE(c.heard(right, 1s));
  CHECK(c.state() == phase::answered);
  REQUIRE(c.heard(left, 1s));
  REQUIRE(c.accept({5, t.opening()}));
  CHECK_FALSE(c.accept({6, t.opening()}));
  CHECK(c.state() == phase::closed);
}

TEST_CASE("ppsp channel: goodbyes are said and heard") {
  const auto t = terms();
  auto c = channel::answer(t, 22, left, {5, t.opening()}, 0s);
  bytes out;
  c.close(out);
  CHECK(out == bytes{0, 0, 0, 5, 0, 0, 0, 0, 0, 0xFF});
  CHECK_FALSE(c.deadline());
  out.clear();
  c.close(out);
  CHECK(out.empty());
  auto d = channel::answer(t, 22, left, {5, t.opening()}, 0s);
  REQUIRE(d.heard(left, 1s));
  CHECK(d.accept({0, {}}));
  CHECK(d.state() == phase::closed);
  // Who never answered needs none.
  auto e = channel::dial(t, 11, right, 0s);
  out.clear();
  e.close(out);
  CHECK(out.empty());
}

TEST_CASE("ppsp terms: who cannot be one of the swarm is told from who speaks otherwise") {
  auto t = terms();
  const auto good = t.opening();
  auto o = good;
  o.addressing = chunk_addressing::bins_32;
  o.chunk_bytes.reset();
  o.hash.reset();
  o.integrity.reset();
  o.swarm_id.reset();
  CHECK_FALSE(t.refuses(o));
  o = good;
  o.swarm_id = bytes(32, 8);
  CHECK(t.refuses(o));
  o = good;
  o.hash = merkle_hash::sha1;
  CHECK(t.refuses(o));
  o = good;
  o.integrity = integrity_method::none;
  CHECK(t.refuses(o));
  o = good;
  o.chunk_bytes = 2048;
  CHECK(t.refuses(o));
  o = good;
  o.version = 2;
  o.minimum_version = 2;
  CHECK(t.refuses(o));
  o.minimum_version = 1;
  CHECK_FALSE(t.refuses(o));
  o.minimum_version.reset();
  CHECK(t.refuses(o));
}

TEST_CASE("ppsp channel: a live peer says how much it keeps, in its addresses' unit") {
  for (const auto method : {chunk_addressing::chunk_ranges_32, chunk_addressing::byte_ranges_64}) {
    const auto key = *live_signer::generate(signature_algorithm::ecdsa_p256_sha256);
    auto live = swarm_terms::live(key.verifier(), integrity_method::unified_merkle_tree, 512);
    live.addressing = method;
    const auto options = live.opening();
    CHECK(options.live_window ==
          (method == chunk_addressing::byte_ranges_64 ? 512 * std::uint64_t{1024} : 512));
    const auto peer = *endpoint::parse("192.0.2.7:7");
    CHECK(channel::answer(live, 1, peer, handshake{2, options}, instant{0}).keeps() == 512);
    live.live_window = everything;
    CHECK_FALSE(channel::answer(live, 1, peer, handshake{2, live.opening()}, instant{0}).keeps());
  }
}
