#include "schema/base/encoding.hpp"
#include "schema/ppsp/record.hpp"
#include "tests/catch.hpp"

using namespace interswarm;
using namespace interswarm::ppsp;

namespace {

const std::string sha1_root = "771baa14ad60d82025d037c350f26942bd5b7f5a";
const std::string sha256_root = "1140e810b61f13f887a6626b32b07d4cd44731481b8ac911dd1ba12f75bd9d2d";

swarm_link sample() {
  swarm_link out;
  out.key.id = *from_hex(sha256_root);
  out.size = 7162;
  out.name = "A film, 50 %.ts";
  out.peers = {*endpoint::parse("192.0.2.1:7574"), *endpoint::parse("[2001:db8::1]:80")};
  return out;
}

} // namespace

TEST_CASE("ppsp link: what is written is read again") {
  const auto text = to_string(sample());
  CHECK(text == "ppspp://" + sha256_root +
                    "?hash=sha256&chunk=1024&size=7162&name=A%20film%2C%2050%20%25.ts"
                    "&peer=192.0.2.1:7574&peer=[2001:db8::1]:80");
  CHECK(parse_link(text) == sample());
  auto live = sample();
  live.key.integrity = integrity_method::unified_merkle_tree;
  live.key.id.insert(live.key.id.begin(), 13);
  live.size.reset();
  CHECK(to_string(live).starts_with("ppspp://0d1140"));
  CHECK(parse_link(to_string(live)) == live);
}

TEST_CASE("ppsp link: what it leaves out has a value all the same") {
  const auto old = parse_link("PPSPP://" + sha1_root + "/");
  REQUIRE(old);
  CHECK(old->key.hash == merkle_hash::sha1);
  CHECK(old->key.chunk_bytes == 1024);
  CHECK_FALSE(old->size);
  const auto odd = parse_link("ppspp://" + sha256_root + "?colour=blue&peer=192.0.2.1:0#part");
  REQUIRE(odd);
  CHECK(odd->key.hash == merkle_hash::sha256);
  CHECK(odd->peers.empty());
}

TEST_CASE("ppsp link: what makes no sense is refused") {
  const auto bad =
      GENERATE(as<std::string>{}, "ppspp://", "ppspp://xyz", "ppspp://00",
               "ppspp://" + sha1_root + "?hash=sha256", "ppspp://" + sha1_root + "?hash=md5",
               "ppspp://" + sha1_root + "?chunk=0", "ppspp://" + sha1_root + "?chunk=60001",
               "ppspp://" + sha1_root + "?chunk=-1", "ppspp://" + sha1_root + "?size",
               "ppspp://" + sha1_root + "?integrity=0", "ppspp://" + sha1_root + "?integrity=9",
               "ppspp://" + sha1_root + "?peer=nowhere", "ppspp://" + sha1_root + "?name=%4",
               "ppspp://" + std::string(40, '0'), "tswift://" + sha1_root,
               "ppspp://" + std::string(20'000, 'a'));
  INFO(bad);
  const auto read = parse_link(bad);
  REQUIRE_FALSE(read);
  CHECK(read.error().code == errc::malformed);
  CHECK(read.error().text.size() < 200);
}

TEST_CASE("ppsp link: so many peers and no more") {
  auto link = sample();
  for (std::uint16_t p = 1; p < 100; ++p) link.peers.push_back({ip_address::v4(0x7F000001), p});
  CHECK(parse_link(to_string(link))->peers.size() == 16);
}

TEST_CASE("ppsp record: a name keeps all that identifies a swarm") {
  const auto link = sample();
  const auto record = make_record(link);
  CHECK(record.name.overlay == "ppsp");
  CHECK(record.name.key.size() == 38);
  CHECK(read_name(record.name) == link.key);
  CHECK(record.size == 7162);
  CHECK(make_link(record) == link);
  auto other = link.key;
  other.chunk_bytes = 2048;
  CHECK(make_name(other) != record.name);
  auto foreign = record.name;
  foreign.overlay = "ed2k";
  CHECK(read_name(foreign).error().code == errc::malformed);
  for (const std::size_t length : {0, 5, 6, 37}) {
    auto cut = record.name;
    cut.key = slice::copy_of(record.name.key.view().first(length));
    CHECK(read_name(cut).error().code == errc::malformed);
  }
}

TEST_CASE("ppsp record: a tree that comes with it has to hash up to the name") {
  const auto f = merkle_hash::sha256;
  std::vector<tree_digest> groups;
  for (byte i = 0; i < 3; ++i) groups.push_back(chunk_hash(f, bytes{i}));
  const auto root = parent_hash(f, parent_hash(f, groups[0], groups[1]),
                                parent_hash(f, groups[2], tree_digest(f)));
  swarm_link link;
  link.key.id = {root.view().begin(), root.view().end()};
  auto record = make_record(link);
  record.metadata = write_groups(groups);
  CHECK(read_groups(record, link.key, 3 * 64) == groups);
  CHECK(read_groups(record, link.key, 2 * 64 + 1) == groups);
  CHECK_FALSE(read_groups(record, link.key, 2 * 64));
  CHECK_FALSE(read_groups(record, link.key, 0));
  auto torn = bytes(record.metadata.view().begin(), record.metadata.view().end());
  torn.back() ^= 1;
  record.metadata = slice(std::move(torn));
  CHECK_FALSE(read_groups(record, link.key, 3 * 64));
  record.metadata = {};
  CHECK_FALSE(read_groups(record, link.key, 3 * 64));
}

TEST_CASE("ppsp record: a tree no higher than a group follows from its root") {
  const auto f = merkle_hash::sha1;
  const auto left = chunk_hash(f, bytes{1}), right = chunk_hash(f, bytes{2});
  const auto root = parent_hash(f, left, right);
  swarm_link link;
  link.key.hash = f;
  link.key.id = {root.view().begin(), root.view().end()};
  auto top = root;
  for (int width = 2; width < 64; width *= 2) top = parent_hash(f, top, tree_digest(f));
  CHECK(read_groups(make_record(link), link.key, 2) == std::vector{top});
  CHECK(groups_fit(std::vector{top}, link.key, 2));
  CHECK_FALSE(groups_fit(std::vector{top}, link.key, 64));
  CHECK_FALSE(groups_fit(std::vector{root}, link.key, 2));
}
