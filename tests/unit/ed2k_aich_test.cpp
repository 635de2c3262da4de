#include "schema/base/encoding.hpp"
#include "schema/ed2k/aich.hpp"
#include "schema/ed2k/frame.hpp"
#include "schema/ed2k/limits.hpp"
#include "tests/catch.hpp"

using namespace interswarm;
using namespace interswarm::ed2k;

namespace {

/// z: zeros, p: byte i modulo 251.
bytes content(char kind, std::uint64_t size) {
  bytes out(size);
  if (kind == 'p') {
    for (std::uint64_t i = 0; i < size; ++i) out[i] = static_cast<byte>(i % 251);
  }
  return out;
}

std::vector<sha1_digest> leaves_of(byte_view data) {
  std::vector<sha1_digest> out;
  for (std::uint64_t part = 0; part < part_count(data.size()); ++part) {
    for (std::uint64_t block = 0; block < block_count(data.size(), part); ++block) {
      const auto r = block_range(data.size(), {part, block});
      out.push_back(sha1(data.subspan(r.begin, r.size())));
    }
  }
  if (out.empty()) out.push_back(sha1({}));
  return out;
}

/// Leaves without bytes, for files that are too big to make.
std::vector<sha1_digest> invented_leaves(std::uint64_t size) {
  std::vector<sha1_digest> out(aich_leaf_count(size));
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = {static_cast<byte>(i), static_cast<byte>(i >> 8), 1};
  return out;
}

bytes packet_payload(const aich_recovery& r, std::uint64_t size) {
  bytes wire;
  append_aich_answer(wire, r, size);
  return {wire.begin() + 6, wire.end()};
}

} // namespace

TEST_CASE("AICH roots agree with alcc and rhash") {
  const std::tuple<char, std::uint64_t, const char*> vectors[] = {
      {'z', 0, "3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ"},
      {'z', 1, "LOUTZHNQZ74T6UVVEHLUEDSD63W2E6CP"},
      {'z', 9727999, "L6SPMD2CM6PRZBGRQ6UFC4HJFFOATRA4"},
      {'z', 9728000, "5D3N4HQHIUMQ7IU7A5QLPLI6RHSWOR7B"},
      {'z', 9728001, "HL3TFXORIUEPXUWFPY3JLR7SMKGTO4IH"},
      {'z', 19456000, "EEXRXRAV5SIJN5I2EITKIBPCXQ6QWG4E"},
      {'p', 9727999, "SLR3I7UA5V6YG4QQJP4QMGZPMZONYN24"},
      {'p', 9728000, "MYQ3BRL6UGOL7WQ5RRELBQBIEHHEOLA2"},
      {'p', 9728001, "G2TH6EG22NJPRLF333AQ33DFRW2EJQDF"},
      {'p', 19456000, "ECCJUQRMCAPGZOS23YY3JGWLDB3BZQCX"}};
  for (const auto& [kind, size, root] : vectors) {
    INFO(kind << size);
    const auto data = content(kind, size);
    const auto leaves = leaves_of(data);
    CHECK(leaves.size() == aich_leaf_count(size));
    CHECK(to_base32(aich_root(leaves, size)) == root);
  }
}

TEST_CASE("AICH recovery data proves each part and nothing else") {
  const std::uint64_t gib = 1u << 30;
  for (const std::uint64_t size :
       {std::uint64_t{1}, block_bytes, block_bytes + 1, part_bytes, part_bytes + 1, 2 * part_bytes,
        7 * part_bytes + 5 * block_bytes + 3, 5 * gib}) {
    const auto leaves = invented_leaves(size);
    const auto root = aich_root(leaves, size);
    for (std::uint64_t part = 0; part<part_count(size); part += size> gib ? 97 : 1) {
      INFO("size " << size << " part " << part);
      const auto made = make_aich_recovery(leaves, size, {}, static_cast<std::uint16_t>(part));
      CHECK(made.nodes.size() <= limits::max_aich_nodes);
      const auto payload = packet_payload(made, size);
      if (size <= block_bytes) {
        // The root is the only leaf: there is nothing to prove it by, and id 1 is forbidden on the
        // wire.
        CHECK_FALSE(decode_aich_answer(payload));
        continue;
      }
      const auto r = decode_aich_answer(payload);
      REQUIRE(r);
      CHECK(*r == made);
      const auto got = verify_aich_recovery(*r, size, root);
      REQUIRE(got);
      const auto expected = aich_part_leaves(leaves, size, part);
      CHECK(std::equal(got->begin(), got->end(), expected.begin(), expected.end()));
      auto forged = *r;
      forged.nodes.back().hash[3] ^= 1;
      CHECK(verify_aich_recovery(forged, size, root).error().code == errc::refuted);
      forged.nodes.pop_back();
      CHECK(verify_aich_recovery(forged, size, root).error().code == errc::malformed);
    }
    auto beyond = make_aich_recovery(leaves, size, {}, 0);
    beyond.part = static_cast<std::uint16_t>(part_count(size));
    CHECK_FALSE(verify_aich_recovery(beyond, size, root));
  }
}

TEST_CASE("AICH packets: truncations, refusals and limits") {
  const auto size = 3 * part_bytes;
  const auto leaves = invented_leaves(size);
  const auto payload = packet_payload(make_aich_recovery(leaves, size, md4_digest{7}, 1), size);
  for (std::size_t n = 0; n < payload.size(); ++n) {
    // A refusal is the hash alone; old clients leave the second count out.
    const bool whole = n == 16 || n == payload.size() - 2;
    CHECK(decode_aich_answer(byte_view(payload).first(n)).has_value() == whole);
  }
  bytes wire;
  append_aich_refusal(wire, md4_digest{7});
  CHECK(decode_aich_answer(byte_view(wire).subspan(6))->nodes.empty());
  aich_recovery many{
      {}, 0, {}, std::vector<aich_node>(limits::max_aich_nodes + 1, aich_node{2, {}})};
  CHECK_FALSE(decode_aich_answer(packet_payload(many, size)));
  many.nodes.pop_back();
  CHECK(decode_aich_answer(packet_payload(many, size)));

  wire.clear();
  append_aich_request(wire, {md4_digest{1}, 5, sha1_digest{2}});
  const auto request = decode_aich_request(byte_view(wire).subspan(6));
  REQUIRE(request);
  CHECK(request->part == 5);
  for (std::size_t n = 0; n < 38; ++n)
    CHECK_FALSE(decode_aich_request(byte_view(wire).subspan(6, n)));
  wire.clear();
  append_aich_file_hash(wire, {md4_digest{1}, sha1_digest{2}});
  CHECK(decode_aich_file_hash(byte_view(wire).subspan(6))->root == sha1_digest{2});
  for (std::size_t n = 0; n < 36; ++n)
    CHECK_FALSE(decode_aich_file_hash(byte_view(wire).subspan(6, n)));
}

TEST_CASE("ed2k geometry: last blocks and exact multiples") {
  CHECK(blocks_per_part == 53);
  CHECK(block_range(2 * part_bytes, {0, 52}).size() == 143'360);
  CHECK(block_range(part_bytes + 1, {1, 0}) == byte_range{part_bytes, part_bytes + 1});
  CHECK(block_range(part_bytes + 1, {1, 1}).empty());
  CHECK(part_range(part_bytes, 1).empty());
  CHECK(block_count(part_bytes, 1) == 0);
  CHECK(block_at(part_bytes + block_bytes - 1) == block_index{1, 0});
  CHECK(block_at(part_bytes - 1) == block_index{0, 52});
}
