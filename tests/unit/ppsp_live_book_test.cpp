#include "actors/overlays/ppsp/live_source.hpp"
#include "tests/catch.hpp"

using namespace interswarm;
using namespace interswarm::ppsp;
using namespace std::chrono_literals;
using verdict = live_book::verdict;

namespace {

constexpr unix_time noon{std::int64_t{1'795'000'000} * 1'000'000};

/// A source, and what it made so far.
struct stream {
  explicit stream(integrity_method m = integrity_method::unified_merkle_tree,
                  std::uint64_t window = 256, signed_form form = signed_form::rfc7574)
      : signer(*live_signer::generate(signature_algorithm::ecdsa_p256_sha256)),
        terms(swarm_terms::live(signer.verifier(), m, window)) {
    live_source::options o;
    o.munro_chunks = 8;
    o.form = form;
    source = std::make_unique<live_source>(*live_source::make(terms, signer, o));
    options.form = form;
  }
  /// A munro each second.
  void make(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const auto whole = terms.integrity == integrity_method::sign_all ? 1U : 8U;
      const auto made =
          source->push(bytes(whole * 1024, static_cast<byte>(batches.size())), now).value();
      batches.insert(batches.end(), made.begin(), made.end());
      now += 1s;
    }
  }
  live_book book() const { return {terms, signer.verifier(), options}; }
  verdict tell(live_book& b, live_heard& from, std::size_t i, unix_time at) const {
    const auto& m = batches[i].munro;
    if (!b.signs_all()) CHECK(b.hear(from, m.chunks, m.hash.view()));
    return b.hear(from, {m.chunks, m.signed_at, m.signature}, at);
  }
  void tell_uncles(live_book& b, live_heard& from, std::uint64_t chunk) const {
    const auto& batch = batches[chunk / 8];
    for (const auto& u : uncles_of(chunk, batch.munro.chunks))
      for (const auto& n : batch.nodes)
        if (n.chunks == u) CHECK(b.hear(from, u, n.hash.view()));
  }

  live_signer signer;
  swarm_terms terms;
  live_book::options options;
  std::unique_ptr<live_source> source;
  std::vector<live_batch> batches;
  unix_time now = noon;
};

} // namespace

TEST_CASE("ppsp live book: a munro with its signature proves what is below it") {
  for (const auto form : {signed_form::rfc7574, signed_form::libswift}) {
    stream s(integrity_method::unified_merkle_tree, 256, form);
    s.make(3);
    auto book = s.book();
    live_heard peer;
    CHECK(book.edge() == 0);
    CHECK(s.tell(book, peer, 1, s.now) == verdict::accepted);
    CHECK(book.edge() == 16);
    for (std::uint64_t c = 8; c < 16; ++c) {
      s.tell_uncles(book, peer, c);
      auto wrong = s.batches[1].chunks[c - 8];
      wrong[0] ^= 1;
      CHECK(book.judge(peer, c, wrong, s.now) == judgement::refuted);
      CHECK(book.judge(peer, c, s.batches[1].chunks[c - 8], s.now) == judgement::good);
    }
    CHECK(book.judge(peer, 3, s.batches[0].chunks[3], s.now) == judgement::unproved);
    CHECK(s.tell(book, peer, 1, s.now) == verdict::known);
    // Before and behind it, in the order of their times.
    CHECK(s.tell(book, peer, 0, s.now) == verdict::accepted);
    CHECK(s.tell(book, peer, 2, s.now) == verdict::accepted);
    CHECK(book.edge() == 24);
  }
}

TEST_CASE("ppsp live book: what the source did not sign is refuted") {
  stream s;
  s.make(2);
  auto book = s.book();
  live_heard peer;
  const auto& m = s.batches[0].munro;
  CHECK(book.hear(peer, {m.chunks, m.signed_at, m.signature}, s.now) == verdict::hashless);
  auto hash = m.hash;
  hash.raw()[0] ^= 1;
  CHECK(book.hear(peer, m.chunks, hash.view()));
  CHECK(book.hear(peer, {m.chunks, m.signed_at, m.signature}, s.now) == verdict::refuted);
  CHECK(book.hear(peer, m.chunks, m.hash.view()));
  // Another time, other chunks, another signature.
  CHECK(book.hear(peer, {m.chunks, m.signed_at + 1, m.signature}, s.now) == verdict::refuted);
  CHECK(book.hear(peer, {80, 88}, m.hash.view()));
  CHECK(book.hear(peer, {{80, 88}, m.signed_at, m.signature}, s.now) == verdict::refuted);
  auto signature = m.signature;
  signature[9] ^= 1;
  CHECK(book.hear(peer, {m.chunks, m.signed_at, signature}, s.now) == verdict::refuted);
  // No nodes, and nodes of another size.
  CHECK_FALSE(book.hear(peer, {1, 3}, m.hash.view()));
  CHECK(book.hear(peer, {{1, 3}, m.signed_at, m.signature}, s.now) == verdict::refuted);
  CHECK(book.hear(peer, {{0, 1}, m.signed_at, m.signature}, s.now) == verdict::refuted);
  CHECK_FALSE(book.hear(peer, {0, 2 * live_book::max_munro_chunks}, m.hash.view()));
  CHECK(book.edge() == 0);
  CHECK(s.tell(book, peer, 0, s.now) == verdict::accepted);
  CHECK_FALSE(book.hear(peer, m.chunks, hash.view()));
  // Another key's.
  stream other;
  other.make(2);
  CHECK(other.tell(book, peer, 1, s.now) == verdict::refuted);
}

TEST_CASE("ppsp live book: times that are old, ahead or out of order move nothing") {
  for (const auto m : {integrity_method::unified_merkle_tree, integrity_method::sign_all}) {
    stream s(m);
    s.make(3);
    INFO(static_cast<int>(m));
    {
      auto book = s.book();
      live_heard peer;
      // Nobody tunes in to what was signed long ago, or will be.
      CHECK(s.tell(book, peer, 0, noon + 31s) == verdict::untimely);
      CHECK(s.tell(book, peer, 0, noon - 11s) == verdict::untimely);
      CHECK(s.tell(book, peer, 0, noon + 29s) == verdict::accepted);
    }
    // A source whose clock was set back signs something that cannot be told from a replay.
    live_source::options o;
    o.munro_chunks = 8;
    o.first_chunk = 800;
    auto again = *live_source::make(s.terms, s.signer, o);
    const auto early = (*again.push(bytes(8192, 7), noon - 10s))[0];
    auto book = s.book();
    live_heard peer;
    const auto prove = [&](const live_batch& b) {
      if (!book.signs_all()) CHECK(book.hear(peer, b.munro.chunks, b.munro.hash.view()));
      const auto v = book.hear(peer, {b.munro.chunks, b.munro.signed_at, b.munro.signature}, noon);
      if (v == verdict::accepted && book.signs_all())
        CHECK(book.judge(peer, b.munro.chunks.begin, b.chunks[0], noon) == judgement::good);
      return v;
    };
    CHECK(prove(s.batches[1]) == verdict::accepted);
    CHECK(prove(early) == verdict::untimely);
    CHECK(prove(s.batches[0]) == verdict::accepted);
    CHECK(prove(s.batches[2]) == verdict::accepted);
    CHECK(book.edge() == s.batches[2].munro.chunks.end);
  }
}

TEST_CASE("ppsp live book: where all is signed, each chunk comes with its own proof") {
  stream s(integrity_method::sign_all);
  s.make(4);
  auto book = s.book();
  live_heard peer;
  const auto& chunk = s.batches[2].chunks[0];
  CHECK(book.judge(peer, 2, chunk, s.now) == judgement::unproved);
  CHECK(s.tell(book, peer, 2, s.now) == verdict::accepted);
  CHECK(book.edge() == 0);
  auto wrong = chunk;
  wrong[5] ^= 1;
  CHECK(book.judge(peer, 2, wrong, s.now) == judgement::refuted);
  CHECK(s.tell(book, peer, 2, s.now) == verdict::accepted);
  CHECK(book.judge(peer, 2, chunk, s.now) == judgement::good);
  CHECK(book.edge() == 3);
  REQUIRE(book.munro_above(2) != nullptr);
  CHECK(book.munro_above(2)->signature == s.batches[2].munro.signature);
  // RFC 7574 §6.1.1: the signature is over the chunk itself.
  const auto& m = s.batches[3].munro;
  CHECK(s.signer.verifier().verify(signed_bytes(signed_form::rfc7574, {3, 4},
                                                s.terms.speech().address, m.signed_at,
                                                s.batches[3].chunks[0]),
                                   m.signature));
  const bytes some(64);
  for (std::uint64_t i = 10; i < 10 + 3 * live_heard::max_signatures; ++i)
    book.hear(peer, {{i, i + 1}, m.signed_at, some}, s.now);
  CHECK(peer.signatures.size() == live_heard::max_signatures);
}

TEST_CASE("ppsp live book: the window slides, and forgets what is behind it") {
  stream s(integrity_method::unified_merkle_tree, 64);
  s.make(40);
  auto book = s.book();
  live_heard peer;
  for (std::size_t i = 0; i < s.batches.size(); ++i) {
    REQUIRE(s.tell(book, peer, i, s.batches[i].munro.at) == verdict::accepted);
    for (auto c = 8 * i; c < 8 * (i + 1); ++c) {
      s.tell_uncles(book, peer, c);
      REQUIRE(book.judge(peer, c, s.batches[i].chunks[c % 8], s.now) == judgement::good);
    }
    CHECK(book.munros() <= 8);
    CHECK(book.nodes() <= 8 * 15);
  }
  CHECK(book.floor() == 320 - 64);
  CHECK(book.munro_above(100) == nullptr);
  CHECK(s.tell(book, peer, 3, s.now) == verdict::known);
  CHECK(book.munros() == 8);
}

TEST_CASE("ppsp live source: a stream that pauses leaves leaves that are proved to be empty") {
  stream s;
  s.make(1);
  CHECK(s.source->push(bytes(2500, 9), s.now)->empty());
  CHECK(s.source->waiting() == 2500);
  s.batches.push_back(**s.source->flush(s.now));
  CHECK_FALSE(s.source->flush(s.now)->has_value());
  CHECK(s.batches[1].chunks.size() == 3);
  CHECK(s.batches[1].chunks[2].size() == 2500 - 2048);
  CHECK(s.source->next_chunk() == 16);
  auto book = s.book();
  live_heard peer;
  CHECK(s.tell(book, peer, 1, s.now) == verdict::accepted);
  for (std::uint64_t c = 8; c < 11; ++c) {
    s.tell_uncles(book, peer, c);
    CHECK(book.judge(peer, c, s.batches[1].chunks[c - 8], s.now) == judgement::good);
  }
  CHECK(book.absent() == range_set{{11, 16}});
}

TEST_CASE("ppsp live source: bounds are checked, and numbers and times only grow") {
  stream s;
  live_source::options o;
  for (const std::uint64_t n :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{12}, 2 * live_book::max_munro_chunks}) {
    o.munro_chunks = n;
    CHECK_FALSE(live_source::make(s.terms, s.signer, o));
  }
  o = {};
  auto terms = s.terms;
  terms.integrity = integrity_method::merkle_tree;
  CHECK_FALSE(live_source::make(terms, s.signer, o));
  CHECK_FALSE(live_source::make(s.terms,
                                *live_signer::generate(signature_algorithm::ecdsa_p256_sha256), o));
  o.first_chunk = (std::uint64_t{1} << 32) - 31;
  CHECK_FALSE(live_source::make(s.terms, s.signer, o));
  o.first_chunk = (std::uint64_t{1} << 32) - 33;
  auto last = *live_source::make(s.terms, s.signer, o);
  CHECK(last.next_chunk() == (std::uint64_t{1} << 32) - 32);
  CHECK(last.push(bytes(32 * 1024), s.now)->size() == 1);
  CHECK(last.push(bytes(32 * 1024), s.now).error().code == errc::too_large);
  s.make(1);
  s.now = noon - 1h;
  s.make(1);
  CHECK(s.batches[1].munro.at > s.batches[0].munro.at);
  CHECK(s.batches[1].munro.signed_at > s.batches[0].munro.signed_at);
}
