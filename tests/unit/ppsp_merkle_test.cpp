#include "schema/base/encoding.hpp"
#include "schema/ppsp/merkle.hpp"
#include "storage/hash_trees.hpp"
#include "tests/catch.hpp"

#include <bit>

using namespace interswarm;
using namespace interswarm::ppsp;

namespace {

/// p: byte i modulo 251. z: zeroes.
bytes pattern(std::size_t size) {
  bytes out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<byte>(i % 251);
  return out;
}

std::vector<tree_digest> leaves_of(merkle_hash f, byte_view content, std::size_t chunk = 1024) {
  std::vector<tree_digest> out;
  for (std::size_t at = 0; at < content.size(); at += chunk)
    out.push_back(chunk_hash(f, content.subspan(at, std::min(chunk, content.size() - at))));
  return out;
}

tree_digest node_of(merkle_hash f, const std::vector<tree_digest>& leaves, const chunk_range& r) {
  if (r.size() == 1) return r.begin < leaves.size() ? leaves[r.begin] : tree_digest(f);
  const auto middle = r.begin + r.size() / 2;
  return parent_hash(f, node_of(f, leaves, {r.begin, middle}), node_of(f, leaves, {middle, r.end}));
}

std::vector<tree_node> peaks(merkle_hash f, const std::vector<tree_digest>& leaves) {
  std::vector<tree_node> out;
  for (const auto& r : peaks_of(leaves.size())) out.push_back({r, node_of(f, leaves, r)});
  return out;
}

std::string hex(const tree_digest& d) { return to_hex(d.view()); }

constexpr merkle_hash functions[] = {merkle_hash::sha1, merkle_hash::sha224, merkle_hash::sha256,
                                     merkle_hash::sha384, merkle_hash::sha512};

} // namespace

TEST_CASE("ppsp merkle: roots and peaks agree with libswift's and a second implementation's") {
  const auto content = pattern(7162);
  const auto sha1_leaves = leaves_of(merkle_hash::sha1, content);
  REQUIRE(sha1_leaves.size() == 7);
  CHECK(hex(sha1_leaves[6]) == "94b6085940925df5713b4dfad52dfdf7708ddb06");
  const auto seven = peaks(merkle_hash::sha1, sha1_leaves);
  REQUIRE(seven.size() == 3);
  CHECK(hex(seven[0].hash) == "616f0d42dccd13461bcb6c31921e412388c67e84");
  CHECK(hex(seven[1].hash) == "bce8b406240356a871ed47d6e289b69ee157f19e");
  CHECK(hex(*root_of(merkle_hash::sha1, seven)) == "771baa14ad60d82025d037c350f26942bd5b7f5a");
  const auto strong = peaks(merkle_hash::sha256, leaves_of(merkle_hash::sha256, content));
  CHECK(hex(*root_of(merkle_hash::sha256, strong)) ==
        "1140e810b61f13f887a6626b32b07d4cd44731481b8ac911dd1ba12f75bd9d2d");
  CHECK(hex(strong[0].hash) == "d18de59f8a76162d3b459102f1af74b72f0ba9cd35cce23a86081457e1987ecd");
  const bytes zero(1);
  CHECK(hex(*root_of(merkle_hash::sha1,
                     peaks(merkle_hash::sha1, leaves_of(merkle_hash::sha1, zero)))) ==
        "5ba93c9db0cff93f52b521d7420e43f6eda2784f");
}

TEST_CASE("ppsp merkle: the same trees as those that name contents") {
  for (const std::size_t chunks : {1, 2, 3, 5, 64, 65, 100, 127, 200}) {
    const auto content = pattern(chunks * 1024 - 7);
    const auto leaves = leaves_of(merkle_hash::sha256, content);
    bytes flat;
    for (const auto& leaf : leaves) append(flat, leaf.view());
    const auto root = root_of(merkle_hash::sha256, peaks(merkle_hash::sha256, leaves));
    REQUIRE(root);
    CHECK(equal(root->view(), ppspp_root(hash_algorithm::sha256, flat)));
  }
}

TEST_CASE("ppsp merkle: uncles prove each chunk, whatever the function") {
  for (const auto f : functions) {
    const auto leaves = leaves_of(f, pattern(11 * 1024 + 1));
    for (std::uint64_t chunk = 0; chunk < leaves.size(); ++chunk) {
      const auto top = peak_above(chunk, leaves.size());
      REQUIRE(top.contains(chunk));
      const auto uncles = uncles_of(chunk, top);
      CHECK(uncles.size() == static_cast<std::size_t>(std::countr_zero(top.size())));
      auto node = leaves[chunk];
      for (auto u = uncles.rbegin(); u != uncles.rend(); ++u) {
        const auto beside = node_of(f, leaves, *u);
        node = u->begin > chunk ? parent_hash(f, node, beside) : parent_hash(f, beside, node);
      }
      CHECK(node == node_of(f, leaves, top));
    }
  }
}

TEST_CASE("ppsp merkle: the example of the RFC's figure") {
  // RFC 7574 §5.5, figure 4: of 7 chunks, the first one is proved by its sibling 1, then [2, 3];
  // peaks are [0, 3], [4, 5] and [6].
  CHECK(peaks_of(7) == std::vector<chunk_range>{{0, 4}, {4, 6}, {6, 7}});
  CHECK(uncles_of(0, {0, 4}) == std::vector<chunk_range>{{2, 4}, {1, 2}});
  CHECK(uncles_of(5, {4, 6}) == std::vector<chunk_range>{{4, 5}});
  CHECK(uncles_of(6, {6, 7}).empty());
}

TEST_CASE("ppsp merkle: what are no peaks has no root") {
  const tree_digest d(merkle_hash::sha256);
  CHECK_FALSE(root_of(merkle_hash::sha256, {}));
  CHECK_FALSE(root_of(merkle_hash::sha256, {{{1, 2}, d}}));
  CHECK_FALSE(root_of(merkle_hash::sha256, {{{0, 3}, d}}));
  CHECK_FALSE(root_of(merkle_hash::sha256, {{{0, 2}, d}, {{2, 4}, d}}));
  CHECK_FALSE(root_of(merkle_hash::sha256, {{{0, 2}, d}, {{3, 4}, d}}));
  CHECK_FALSE(root_of(merkle_hash::sha256, {{{0, 0}, d}}));
  CHECK_FALSE(tree_digest::from_bytes(merkle_hash::sha1, bytes(32)));
  // The largest tree that can be named is climbed in as many steps as it has layers.
  const std::uint64_t top = std::uint64_t{1} << 61;
  const tree_digest one = chunk_hash(merkle_hash::sha256, bytes(1));
  CHECK(root_of(merkle_hash::sha256, {{{0, top}, one}, {{top, top + 1}, one}}));
}
