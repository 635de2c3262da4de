#include "schema/base/encoding.hpp"
#include "storage/hash_trees.hpp"
#include "tests/catch.hpp"

using namespace interswarm;

namespace {

bytes p_bytes(std::size_t size) {
  bytes out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<byte>(i % 251);
  return out;
}

bytes chunk_hashes(hash_algorithm a, byte_view data) {
  bytes out;
  for (std::size_t at = 0; at < data.size(); at += ppspp_chunk_size) {
    const auto chunk = data.subspan(at, std::min<std::size_t>(ppspp_chunk_size, data.size() - at));
    a == hash_algorithm::sha1 ? append(out, sha1(chunk)) : append(out, sha256(chunk));
  }
  return out;
}

std::string hex_at(const bytes& nodes, std::size_t i, std::size_t size = 20) {
  return to_hex(byte_view(nodes).subspan(i * size, size));
}

} // namespace

TEST_CASE("a PPSPP tree of 7 chunks has the nodes that libswift sends") {
  const auto data = p_bytes(7162);
  const auto leaves = chunk_hashes(hash_algorithm::sha1, data);
  CHECK(hex_at(leaves, 0) == "0ac28084ff74933d05123496dafd3791684d9b53");
  CHECK(hex_at(leaves, 1) == "12cb9b5124006e2075855a436aa9774ff8c00467");
  CHECK(hex_at(leaves, 6) == "94b6085940925df5713b4dfad52dfdf7708ddb06");
  const auto one = ppspp_parents(hash_algorithm::sha1, leaves);
  REQUIRE(one.size() == 4 * 20);
  CHECK(hex_at(one, 0) == "a43ccf0e830f045806ac8da973c9dce22bf6b146");
  CHECK(hex_at(one, 1) == "5d138c64c79e7be423517f929b11a8933aaf51fb");
  CHECK(hex_at(one, 2) == "bce8b406240356a871ed47d6e289b69ee157f19e");
  CHECK(hex_at(one, 3) == "0d93916827a7b7248e8da4a62d64bae7eb5252c0");
  const auto two = ppspp_parents(hash_algorithm::sha1, one);
  CHECK(hex_at(two, 0) == "616f0d42dccd13461bcb6c31921e412388c67e84");
  CHECK(hex_at(two, 1) == "a59f3fdccea2b03a793558bc63e3fe8e624c8f26");
  CHECK(to_hex(ppspp_root(hash_algorithm::sha1, leaves)) ==
        "771baa14ad60d82025d037c350f26942bd5b7f5a");

  const auto wide = chunk_hashes(hash_algorithm::sha256, data);
  CHECK(to_hex(ppspp_root(hash_algorithm::sha256, wide)) ==
        "1140e810b61f13f887a6626b32b07d4cd44731481b8ac911dd1ba12f75bd9d2d");
  const auto peaks = ppspp_peaks(hash_algorithm::sha256, wide);
  REQUIRE(peaks.size() == 3);
  CHECK(to_hex(peaks[0].hash) ==
        "d18de59f8a76162d3b459102f1af74b72f0ba9cd35cce23a86081457e1987ecd");
  CHECK(to_hex(peaks[1].hash) ==
        "fd8c72804d37f7141454c577000d7b0460e6e84ba61c19932b70af44b809a64f");
  CHECK(peaks[2] == ppspp_node{6, 1, bytes(wide.end() - 32, wide.end())});
  CHECK(peaks[1].first_chunk == 4);
}

TEST_CASE("PPSPP peaks hash up to the root for every small chunk count") {
  for (std::size_t chunks = 1; chunks < 70; ++chunks) {
    const auto leaves = chunk_hashes(hash_algorithm::sha1, p_bytes(chunks * 1024 - 3));
    const auto peaks = ppspp_peaks(hash_algorithm::sha1, leaves);
    REQUIRE(ppspp_root_of_peaks(hash_algorithm::sha1, peaks) ==
            ppspp_root(hash_algorithm::sha1, leaves));
    auto swapped = peaks;
    std::reverse(swapped.begin(), swapped.end());
    if (peaks.size() > 1) CHECK_FALSE(ppspp_root_of_peaks(hash_algorithm::sha1, swapped));
  }
  CHECK_FALSE(ppspp_root_of_peaks(hash_algorithm::sha1, {}));
  CHECK_FALSE(ppspp_root_of_peaks(hash_algorithm::sha1, {{0, 3, bytes(20)}}));
  CHECK_FALSE(ppspp_root_of_peaks(hash_algorithm::sha1, {{0, 2, bytes(19)}}));
}

TEST_CASE("absent PPSPP chunks are zero hashes that are never hashed") {
  const bytes zeros(4 * 20);
  CHECK(ppspp_parents(hash_algorithm::sha1, zeros) == bytes(2 * 20));
}

TEST_CASE("a BEP 52 root is the same from leaves and from any layer") {
  for (const std::size_t leaves : {1u, 2u, 3u, 5u, 8u, 13u, 600u}) {
    const auto nodes = bep52_leaves(p_bytes(leaves * bep52_leaf_size - 77));
    REQUIRE(nodes.size() == leaves * 32);
    const auto root = bep52_root(nodes);
    for (std::uint64_t unit = bep52_leaf_size; unit < leaves * bep52_leaf_size; unit *= 2) {
      const auto layer = bep52_layer(nodes, unit);
      CHECK(layer.size() == (nodes.size() / 32 * bep52_leaf_size + unit - 1) / unit * 32);
      CHECK(bep52_root_of_layer(layer, unit) == root);
    }
  }
  CHECK(to_hex(bep52_root({})) == to_hex(sha256({})));
}

TEST_CASE("a wider BEP 52 tree is padded with zero leaves") {
  const auto leaf = bep52_leaves(p_bytes(5));
  auto four = leaf;
  four.resize(4 * 32);
  CHECK(bep52_root(leaf, 4) == bep52_root(four));
  CHECK(bep52_root(leaf, 3) == bep52_root(four));
  CHECK(bep52_root(leaf, std::uint64_t{1} << 50) != bep52_root(leaf, std::uint64_t{1} << 49));
}

TEST_CASE("AICH has no root over a wrong number of leaves") {
  CHECK(aich_leaf_count(0) == 0);
  CHECK(aich_leaf_count(ed2k_part_size) == 53);
  CHECK(aich_leaf_count(ed2k_part_size + aich_leaf_size + 1) == 55);
  CHECK(aich_root(bytes(20), ed2k_part_size) == sha1_digest{});
  CHECK(aich_root(bytes(19), 5) == sha1_digest{});
  CHECK(to_base32(aich_root({}, 0)) == "3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ");
}
