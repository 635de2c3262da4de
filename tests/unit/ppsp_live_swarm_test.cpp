#include "tests/catch.hpp"
#include "tests/unit/ppsp_broadcast.hpp"

using namespace interswarm;
using namespace interswarm::ppsp;
using namespace interswarm::ppsp::testing;
using namespace std::chrono_literals;

TEST_CASE("ppsp live swarm: every algorithm, method and address carries a stream") {
  using a = signature_algorithm;
  for (const auto m : {integrity_method::unified_merkle_tree, integrity_method::sign_all}) {
    for (const auto algorithm : {a::rsa_sha1, a::ecdsa_p256_sha256, a::ecdsa_p384_sha384}) {
      broadcast b(m, algorithm);
      b.pass(3s);
      auto& viewer = b.add("192.0.2.2:1000", {&b.origin});
      b.pass(10s);
      INFO(static_cast<int>(m) << ' ' << static_cast<int>(algorithm));
      CHECK(b.is_true(viewer));
      CHECK(b.keeps_up(viewer, 64));
      CHECK(no_gap(viewer) == 0);
      CHECK(viewer.live_party->counted().refuted == 0);
      CHECK(b.origin.live_party->counted().refuted == 0);
    }
  }
  for (int method = 0; method < 5; ++method) {
    broadcast b(integrity_method::unified_merkle_tree, a::ecdsa_p256_sha256,
                static_cast<chunk_addressing>(method));
    b.pass(3s);
    auto& viewer = b.add("192.0.2.2:1000", {&b.origin});
    b.pass(10s);
    INFO(method);
    CHECK(b.is_true(viewer));
    CHECK(b.keeps_up(viewer, 64));
    CHECK(no_gap(viewer) == 0);
  }
}

TEST_CASE("ppsp live swarm: relays feed viewers that never meet the source") {
  for (const auto m : {integrity_method::unified_merkle_tree, integrity_method::sign_all}) {
    for (const double loss : {0.0, 0.05}) {
      broadcast b(m);
      b.net.loss = loss;
      std::vector<host*> relays;
      for (int i = 1; i <= 3; ++i)
        relays.push_back(&b.add("192.0.2.2:" + std::to_string(i), {&b.origin}));
      b.pass(3s);
      std::vector<host*> viewers;
      for (int i = 1; i <= 6; ++i)
        viewers.push_back(&b.add("192.0.2.3:" + std::to_string(i),
                                 {relays[static_cast<std::size_t>(i) % 3],
                                  relays[static_cast<std::size_t>(i + 1) % 3]}));
      b.pass(25s);
      INFO(static_cast<int>(m) << ' ' << loss);
      CHECK(b.origin.live_party->peers() == 3);
      for (const auto* v : viewers) {
        CHECK(b.is_true(*v));
        // A chunk that is lost on both ways holds up what plays after it, three seconds at most.
        CHECK(b.keeps_up(*v, loss > 0 ? 400 : 64));
        CHECK(no_gap(*v) == 0);
        CHECK(v->live_party->counted().refuted == 0);
      }
      // Each relay took the stream from the source about once.
      CHECK(static_cast<double>(b.origin.live_party->counted().bytes_sent) <
            3.0 * static_cast<double>(b.sent.size()) * (1.1 + 4 * loss));
    }
  }
}

TEST_CASE("ppsp live swarm: who joins begins near the newest, not at the first") {
  broadcast b;
  b.pass(30s);
  live_swarm::options o;
  o.start_offset = 96;
  auto& viewer = b.add("192.0.2.2:1000", {&b.origin}, o);
  const auto edge = b.newest;
  b.pass(3s);
  REQUIRE_FALSE(viewer.order.empty());
  CHECK(viewer.order.front() + 96 >= edge);
  CHECK(viewer.order.front() <= edge);
  CHECK(b.keeps_up(viewer, 64));
}

TEST_CASE(
    "ppsp live swarm: forged bytes, hashes and signatures are refused and their sender left") {
  for (const auto m : {integrity_method::unified_merkle_tree, integrity_method::sign_all}) {
    for (int what = 0; what < 3; ++what) {
      broadcast b(m);
      auto& liar = b.add("192.0.2.2:1", {&b.origin});
      b.pass(2s);
      auto& viewer = b.add("192.0.2.3:1", {&liar});
      b.net.meddle = [&](const endpoint& from, bytes& datagram) {
        if (from != liar.at()) return;
        datagram_reader in(datagram, b.terms.speech());
        bytes changed;
        append_channel(changed, in.destination());
        while (true) {
          auto next = in.next();
          if (!next || !*next) break;
          auto one = **next;
          bytes own;
          const auto spoil = [&](byte_view& view) {
            own.assign(view.begin(), view.end());
            own[own.size() / 2] ^= 1;
            view = own;
          };
          if (auto* d = std::get_if<data>(&one); d && what == 0) spoil(d->payload);
          if (auto* i = std::get_if<integrity>(&one); i && what == 1) spoil(i->hash);
          if (auto* s = std::get_if<signed_integrity>(&one); s && what != 0) spoil(s->signature);
          append_message(changed, one, b.terms.speech());
        }
        datagram = changed;
      };
      b.pass(5s);
      INFO(static_cast<int>(m) << ' ' << what);
      CHECK(viewer.order.empty());
      CHECK(viewer.live_party->counted().refuted >= 3);
      CHECK(viewer.live_party->peers() == 0);
      viewer.live_party->dial(liar.at(), b.net.now);
      viewer.live_party->dial(b.origin.at(), b.net.now);
      b.pass(5s);
      CHECK(b.is_true(viewer));
      CHECK(b.keeps_up(viewer, 64));
    }
  }
}

TEST_CASE("ppsp live swarm: a source that stops and returns is taken up again") {
  for (const auto m : {integrity_method::unified_merkle_tree, integrity_method::sign_all}) {
    for (const bool restarts : {false, true}) {
      broadcast b(m);
      auto& relay = b.add("192.0.2.2:1", {&b.origin});
      b.pass(2s);
      auto& viewer = b.add("192.0.2.3:1", {&relay});
      b.pass(5s);
      b.on_air = false;
      // What waits is signed as it is.
      if (auto rest = *b.source->flush(b.net.clock())) b.put({*rest});
      b.pass(40s);
      const auto stopped = b.newest;
      INFO(static_cast<int>(m) << ' ' << restarts);
      REQUIRE(viewer.order.back() + 1 == stopped);
      CHECK(no_gap(viewer) == 0);
      CHECK(viewer.skipped.empty());
      if (restarts) {
        // Another process with the key that was kept, further on.
        live_source::options o;
        o.first_chunk = b.source->next_chunk() + 333;
        const auto kept = *b.signer.private_key();
        const auto again = *live_signer::from_private_key(b.signer.verifier().algorithm(), kept);
        b.origin.live_party->close();
        b.pass(1s);
        b.origin.live(b.terms, again.verifier(), b.options);
        b.source = std::make_unique<live_source>(*live_source::make(b.terms, again, o));
        relay.live_party->dial(b.origin.at(), b.net.now);
      }
      b.on_air = true;
      b.pass(20s);
      CHECK(b.newest > stopped + 500);
      CHECK(b.is_true(viewer));
      CHECK(b.keeps_up(viewer));
    }
  }
}

TEST_CASE("ppsp live swarm: a peer that lies about what it has delays nobody for long") {
  for (const auto m : {integrity_method::unified_merkle_tree, integrity_method::sign_all}) {
    broadcast b(m);
    b.pass(2s);
    auto& viewer = b.add("192.0.2.3:1", {&b.origin});
    // It shakes hands, says that it has all there ever will be, and gives nothing.
    const auto liar = *endpoint::parse("192.0.2.9:9");
    channel_id theirs = 0;
    b.net.meddle = [&](const endpoint& from, bytes& datagram) {
      if (from != viewer.at()) return;
      datagram_reader in(datagram, b.terms.speech());
      if (in.destination() != 77 && in.destination() != 0) return;
      if (const auto first = in.next(); first && *first)
        if (const auto* h = std::get_if<handshake>(&**first); h && in.destination() == 77)
          theirs = h->source;
    };
    bytes wire;
    append_channel(wire, 0);
    append_message(wire, handshake{77, b.terms.opening()}, b.terms.speech());
    viewer.arrive(liar, wire);
    REQUIRE(theirs != 0);
    for (int i = 0; i < 100; ++i) {
      b.net.later(i * 100ms, [&] {
        bytes says;
        append_channel(says, theirs);
        append_message(says, have{{0, std::uint64_t{1} << 31}}, b.terms.speech());
        append_message(says, have{{b.newest, b.newest + 500}}, b.terms.speech());
        viewer.arrive(liar, says);
      });
    }
    b.pass(12s);
    INFO(static_cast<int>(m));
    CHECK(b.is_true(viewer));
    CHECK(b.keeps_up(viewer));
    CHECK(no_gap(viewer) == 0);
    CHECK(viewer.live_party->counted().late > 0);
  }
}

TEST_CASE("ppsp live swarm: the window moves on and what is kept stays bounded") {
  for (const auto m : {integrity_method::unified_merkle_tree, integrity_method::sign_all}) {
    broadcast b(m);
    auto& relay = b.add("192.0.2.2:1", {&b.origin});
    auto& viewer = b.add("192.0.2.3:1", {&relay});
    b.net.loss = 0.01;
    b.pass(40s);
    INFO(static_cast<int>(m));
    REQUIRE(b.newest > 3 * window);
    for (const auto* h : {&b.origin, &relay, &viewer}) {
      const auto& book = h->live_party->book();
      CHECK(book.munros() <= (m == integrity_method::sign_all ? window : window / 32 + 1));
      CHECK(book.nodes() <= 2 * (window + 32));
      CHECK(h->live_party->held().bytes() <= window + 32);
      CHECK(book.floor() + window == book.edge());
    }
    // What has slid out is not given any more, and nothing is answered.
    channel_id theirs = 0;
    std::uint64_t chunks_sent = 0;
    const auto late = *endpoint::parse("192.0.2.9:9");
    b.net.meddle = [&](const endpoint& from, bytes& datagram) {
      datagram_reader in(datagram, b.terms.speech());
      if (from != b.origin.at() || in.destination() != 77) return;
      for (auto next = in.next(); next && *next; next = in.next()) {
        if (const auto* h = std::get_if<handshake>(&**next)) theirs = h->source;
        chunks_sent += std::holds_alternative<data>(**next) ? 1 : 0;
      }
    };
    bytes wire;
    append_channel(wire, 0);
    append_message(wire, handshake{77, b.terms.opening()}, b.terms.speech());
    b.origin.arrive(late, wire);
    bytes ask;
    append_channel(ask, theirs);
    append_message(ask, request{{0, b.origin.live_party->book().floor() - window}},
                   b.terms.speech());
    b.origin.arrive(late, ask);
    b.pass(2s);
    CHECK(chunks_sent == 0);
  }
}

TEST_CASE("ppsp live swarm: a viewer that was away skips what is gone") {
  broadcast b;
  b.pass(2s);
  auto& viewer = b.add("192.0.2.3:1", {&b.origin});
  b.pass(5s);
  // Nothing reaches it for longer than a window lasts.
  b.net.meddle = [&](const endpoint&, bytes& datagram) { datagram.clear(); };
  b.pass(12s);
  b.net.meddle = nullptr;
  b.pass(8s);
  CHECK(b.is_true(viewer));
  CHECK(b.keeps_up(viewer));
  std::uint64_t skipped = 0;
  for (const auto& r : viewer.skipped) skipped += r.size();
  CHECK(skipped > 0);
  CHECK(skipped == no_gap(viewer));
  CHECK(skipped == viewer.live_party->counted().skipped);
}
