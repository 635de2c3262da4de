#include "actors/overlays/ppsp/merkle_book.hpp"
#include "tests/catch.hpp"

using namespace interswarm;
using namespace interswarm::ppsp;
using judgement = merkle_book::judgement;

namespace {

constexpr auto f = merkle_hash::sha256;

/// A whole content with its tree, as its first holder has it.
struct whole {
  explicit whole(std::uint64_t chunks) {
    for (std::uint64_t i = 0; i < chunks; ++i) {
      data.emplace_back(i + 1 == chunks ? 100 : 1024, static_cast<byte>(i));
      data.back()[0] = static_cast<byte>(i >> 8);
    }
    std::vector<tree_node> peaks;
    for (const auto& r : peaks_of(chunks)) peaks.push_back({r, node(r)});
    root = *root_of(f, peaks);
  }
  tree_digest node(const chunk_range& r) const {
    if (r.begin >= data.size()) return tree_digest(f);
    if (r.size() == 1) return chunk_hash(f, data[r.begin]);
    const auto middle = r.begin + r.size() / 2;
    return parent_hash(f, node({r.begin, middle}), node({middle, r.end}));
  }
  void tell(merkle_book& book, heard_hashes& from, const chunk_range& r) const {
    CHECK(book.hear(from, r, node(r)));
  }
  void tell_peaks(merkle_book& book, heard_hashes& from) const {
    for (const auto& r : peaks_of(data.size())) tell(book, from, r);
  }
  void tell_uncles(merkle_book& book, heard_hashes& from, std::uint64_t chunk) const {
    for (const auto& r : uncles_of(chunk, peak_above(chunk, data.size()))) tell(book, from, r);
  }

  std::vector<bytes> data;
  tree_digest root;
};

} // namespace

TEST_CASE("ppsp merkle book: a content is proved chunk by chunk, in any order") {
  for (const std::uint64_t chunks : {1, 2, 3, 7, 8, 31, 100}) {
    const whole w(chunks);
    merkle_book book(f, w.root);
    heard_hashes peer;
    CHECK(book.judge(peer, 0, w.data[0]) == judgement::unproved);
    w.tell_peaks(book, peer);
    REQUIRE(book.chunks() == chunks);
    for (std::uint64_t i = 0; i < chunks; ++i) {
      const auto chunk = i * 37 % chunks;
      w.tell_uncles(book, peer, chunk);
      CHECK(book.judge(peer, chunk, w.data[chunk]) == judgement::good);
      // Again, as what is resent.
      CHECK(book.judge(peer, chunk, w.data[chunk]) == judgement::good);
    }
    CHECK(peer.size() == 0);
    CHECK(book.judge(peer, chunks, w.data[0]) == judgement::refuted);
  }
}

TEST_CASE("ppsp merkle book: what one peer proved serves the chunks of another") {
  const whole w(64);
  merkle_book book(f, w.root);
  heard_hashes one;
  heard_hashes two;
  w.tell_peaks(book, one);
  w.tell_uncles(book, one, 0);
  CHECK(book.judge(one, 0, w.data[0]) == judgement::good);
  // Its sibling's hash was an uncle.
  CHECK(book.judge(two, 1, w.data[1]) == judgement::good);
  CHECK(book.judge(two, 2, w.data[2]) == judgement::unproved);
}

TEST_CASE("ppsp merkle book: wrong bytes and wrong hashes are refuted and poison nobody else") {
  const whole w(16);
  merkle_book book(f, w.root);
  heard_hashes liar;
  heard_hashes honest;
  w.tell_peaks(book, honest);
  w.tell_uncles(book, liar, 5);
  auto wrong = w.data[5];
  wrong[9] ^= 1;
  CHECK(book.judge(liar, 5, wrong) == judgement::refuted);
  CHECK(book.hear(liar, {4, 5}, chunk_hash(f, wrong)));
  CHECK(book.judge(liar, 5, w.data[5]) == judgement::refuted);
  w.tell_uncles(book, honest, 5);
  CHECK(book.judge(honest, 5, w.data[5]) == judgement::good);
  // What is proved is not said otherwise.
  CHECK_FALSE(book.hear(liar, {4, 5}, chunk_hash(f, wrong)));
  CHECK_FALSE(book.hear(liar, {0, 3}, w.node({0, 2})));
}

TEST_CASE("ppsp merkle book: the smallest size that hashes up to the root counts") {
  const whole w(7);
  merkle_book book(f, w.root);
  heard_hashes liar;
  heard_hashes honest;
  // The root is a node of eight chunks, and anybody can say that it is one of sixteen.
  CHECK(book.hear(liar, {0, 16}, w.root));
  CHECK(book.chunks() == 16);
  CHECK(book.hear(liar, {0, 8}, w.root));
  CHECK(book.chunks() == 8);
  CHECK(book.generation() == 1);
  w.tell_peaks(book, honest);
  CHECK(book.chunks() == 7);
  // As high as before: what was proved stays so.
  CHECK(book.generation() == 1);
  for (std::uint64_t i = 0; i < 7; ++i) {
    w.tell_uncles(book, honest, i);
    CHECK(book.judge(honest, i, w.data[i]) == judgement::good);
  }
  // Fewer cannot be claimed.
  heard_hashes another;
  w.tell(book, another, {0, 4});
  CHECK(book.hear(another, {4, 5}, w.node({4, 6})) == false);
  CHECK(book.chunks() == 7);
}

TEST_CASE(
    "ppsp merkle book: what a peer says is bounded, and so is what is kept of settled trees") {
  const whole w(128);
  merkle_book book(f, w.root);
  heard_hashes flood;
  for (std::uint64_t i = 0; i < 3 * heard_hashes::max_nodes; ++i)
    book.hear(flood, {2 * i, 2 * i + 1}, tree_digest(f));
  CHECK(flood.size() == heard_hashes::max_nodes);
  heard_hashes peer;
  w.tell_peaks(book, peer);
  for (std::uint64_t i = 0; i < 128; ++i) {
    w.tell_uncles(book, peer, i);
    REQUIRE(book.judge(peer, i, w.data[i]) == judgement::good);
    if (i % 64 == 63) book.settle({i - 63, i + 1});
  }
  // The root and its two children.
  CHECK(book.held() == 3);
  CHECK(*book.find({64, 128}) == w.node({64, 128}));
}
