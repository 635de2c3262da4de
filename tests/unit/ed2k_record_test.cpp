#include "schema/base/encoding.hpp"
#include "schema/ed2k/part_hashes.hpp"
#include "schema/ed2k/record.hpp"
#include "tests/catch.hpp"

using namespace interswarm;
using namespace interswarm::ed2k;

namespace {

// p19456000 of the fact sheet: two whole parts.
constexpr auto whole_parts =
    "ed2k://|file|p%20x.bin|19456000|b22937d7a5bb74050fb54037fe573649|"
    "p=91c008dff530be53d16bdf71ee9ba342:54f7576746e704fd5c2903ddb7e96acb:"
    "31d6cfe0d16ae931b73c59d7e0c089c0|h=ECCJUQRMCAPGZOS23YY3JGWLDB3BZQCX|/";

} // namespace

TEST_CASE("an ed2k name is hash and size, and nothing else passes for one") {
  const auto link = parse_file_link(whole_parts).value();
  const file_key key{link.hash, link.size};
  const auto name = make_name(key);
  CHECK(name.overlay == "ed2k");
  CHECK(to_hex(name.key) == "b22937d7a5bb74050fb54037fe5736490000000001"
                            "28e000");
  CHECK(read_name(name) == key);
  auto other = name;
  other.overlay = "bittorrent";
  CHECK(read_name(other).error().code == errc::malformed);
  for (std::size_t n = 0; n < name.key.size(); ++n) {
    auto cut = name;
    cut.key = name.key.sub(0, n);
    CHECK_FALSE(read_name(cut));
  }
  CHECK(read_name(make_name({link.hash, 0x4000000000})));
  CHECK_FALSE(read_name(make_name({link.hash, 0x4000000001})));
}

TEST_CASE("a link becomes a record with its hash set and comes back") {
  const auto link = parse_file_link(whole_parts).value();
  const auto record = make_record(link);
  CHECK(record.size == 19456000);
  CHECK(record.title == "p x.bin");
  CHECK(record.permission == msg::permission::allowed);
  REQUIRE(record.hashes.size() == 1);
  const auto& parts = record.hashes[0];
  CHECK(parts.algorithm == msg::hash_algorithm::md4);
  CHECK(parts.unit == part_bytes);
  CHECK(parts.end == 19456000);
  CHECK(parts.evidence == msg::evidence::structural);
  CHECK(to_hex(parts.hashes) == "91c008dff530be53d16bdf71ee9ba34254f7576746e704fd5c2903ddb7e96acb");
  CHECK(record.uri == "ed2k://|file|p%20x.bin|19456000|b22937d7a5bb74050fb54037fe573649|"
                      "h=ECCJUQRMCAPGZOS23YY3JGWLDB3BZQCX|/");
  CHECK(make_link(record) == link);
}

TEST_CASE("a small file's hash is its own hash set and its AICH root its only leaf") {
  const auto link = parse_file_link("ed2k://|file|one|1|47c61a0fa8738ba77308a8a600f88e4b|"
                                    "h=LOUTZHNQZ74T6UVVEHLUEDSD63W2E6CP|/")
                        .value();
  const auto record = make_record(link);
  REQUIRE(record.hashes.size() == 2);
  CHECK(to_hex(record.hashes[0].hashes) == "47c61a0fa8738ba77308a8a600f88e4b");
  CHECK(record.hashes[0].evidence == msg::evidence::structural);
  CHECK(record.hashes[1].algorithm == msg::hash_algorithm::sha1);
  CHECK(record.hashes[1].evidence == msg::evidence::declared);
  CHECK(to_base32(record.hashes[1].hashes) == "LOUTZHNQZ74T6UVVEHLUEDSD63W2E6CP");
  CHECK(make_link(record) == link);
  CHECK(
      make_record(parse_file_link("ed2k://|file|none|0|31d6cfe0d16ae931b73c59d7e0c089c0|/").value())
          .hashes.empty());
}

TEST_CASE("a record's false hash list or foreign uri does not get into its link") {
  auto record = make_record(parse_file_link(whole_parts).value());
  bytes wrong(record.hashes[0].hashes.view().begin(), record.hashes[0].hashes.view().end());
  wrong[3] ^= 1;
  record.hashes[0].hashes = slice(std::move(wrong));
  CHECK(make_link(record)->part_hashes.empty());
  record.uri = "ed2k://|file|evil|1|47c61a0fa8738ba77308a8a600f88e4b|/";
  record.title.clear();
  CHECK(make_link(record)->name == "b22937d7a5bb74050fb54037fe573649");
  CHECK_FALSE(make_link(record)->aich);
}
