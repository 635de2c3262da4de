#include "schema/base/encoding.hpp"
#include "schema/ed2k/limits.hpp"
#include "schema/ed2k/tag.hpp"
#include "tests/catch.hpp"

using namespace interswarm;
using namespace interswarm::ed2k;

namespace {

bytes hex(std::string_view text) { return *from_hex(text); }

decoded<std::vector<tag>> read(byte_view data) {
  little_endian_reader in(data);
  return read_tag_list(in);
}

} // namespace

TEST_CASE("ed2k tags: captured login tags of aMule 2.3.3") {
  const auto wire = hex("040000000201000106"
                        "00616d74657374"
                        "030100113c000000"
                        "030100201d070000"
                        "030100fb800d0403");
  const auto tags = read(wire);
  REQUIRE(tags);
  REQUIRE(tags->size() == 4);
  CHECK(tag_text(*tags, tag_name::name) == "amtest");
  CHECK(tag_integer(*tags, tag_name::version) == 0x3C);
  CHECK(tag_integer(*tags, tag_name::server_flags) == 0x71D);
  CHECK(tag_integer(*tags, tag_name::emule_version) == 0x03040D80);
  CHECK(tag_integer(*tags, 0x99, 5) == 5);
  bytes again;
  write_tag_list(again, *tags);
  CHECK(to_hex(again) == to_hex(wire));
  for (std::size_t n = 0; n < wire.size(); ++n) CHECK_FALSE(read(byte_view(wire).first(n)));
}

TEST_CASE("ed2k tags: captured compact tags of an offer") {
  // 9c01"p9728001.bin" 83 02 size 93 03 "Pro", from a packed OFFERFILES.
  const auto wire = hex("030000009c0170393732383030312e62696e830201709400"
                        "930350726f");
  const auto tags = read(wire);
  REQUIRE(tags);
  CHECK(tag_text(*tags, tag_name::name) == "p9728001.bin");
  CHECK(tag_integer(*tags, tag_name::size) == 9'728'001);
  CHECK(tag_text(*tags, tag_name::type) == "Pro");
  bytes again;
  write_tag_list(again, *tags, tag_form::compact);
  CHECK(to_hex(again) == to_hex(wire));
  for (std::size_t n = 0; n < wire.size(); ++n) CHECK_FALSE(read(byte_view(wire).first(n)));
}

TEST_CASE("ed2k tags: every type round-trips in both forms") {
  const std::vector<tag> tags{{std::uint8_t{0x10}, std::uint64_t{7}},
                              {std::uint8_t{0x11}, std::uint64_t{0x1234}},
                              {std::uint8_t{0x12}, std::uint64_t{0x12345678}},
                              {std::uint8_t{0x13}, std::uint64_t{0x123456789Aull}},
                              {std::uint8_t{0x14}, std::string("a string above sixteen")},
                              {std::uint8_t{0x15}, std::string("short")},
                              {std::uint8_t{0x16}, std::string()},
                              {std::uint8_t{0x17}, 1.5f},
                              {std::uint8_t{0x18}, true},
                              {std::uint8_t{0x19}, md4_digest{1, 2, 3}},
                              {std::uint8_t{0x1A}, bytes{9, 8, 7}},
                              {std::string("Artist"), std::string("someone")}};
  for (const auto form : {tag_form::classic, tag_form::compact}) {
    bytes wire;
    write_tag_list(wire, tags, form);
    const auto got = read(wire);
    REQUIRE(got);
    CHECK(*got == tags);
    for (std::size_t n = 0; n < wire.size(); ++n) CHECK_FALSE(read(byte_view(wire).first(n)));
  }
}

TEST_CASE("ed2k tags: odd types are read as the field reads them") {
  const auto one = [](std::string_view text) {
    const auto raw = hex(text);
    little_endian_reader in(raw);
    auto out = read_tag(in);
    CHECK((!out || in.done()));
    return out;
  };
  CHECK(one("8903"
            "07")
            ->integer() == 7u);
  CHECK(one("8803"
            "0701")
            ->integer() == 0x107u);
  CHECK(one("8503"
            "01")
            ->integer() == 1u);
  CHECK(std::get<bytes>(one("8a03"
                            "02aabb")
                            ->value) == bytes{0xAA, 0xBB});
  CHECK(std::get<bytes>(one("8603"
                            "0800"
                            "aabb")
                            ->value)
            .size() == 2); // 8 bits take 8/8+1 bytes
  CHECK(one("a603" + std::string(44, '6'))->text()->size() == 22);
  CHECK(one("8203"
            "0600"
            "efbbbf616263")
            ->text() == "abc");
  CHECK(one("020200"
            "4142"
            "0100"
            "78")
            ->name == "AB");
  CHECK(one("020000"
            "0100"
            "78")
            ->text() == "x");
  CHECK_FALSE(one("a703" + std::string(60, '6')));
  CHECK_FALSE(one("8003"
                  "00"));
  CHECK_FALSE(one("8c03"
                  "00"));
}

TEST_CASE("ed2k tags: limits") {
  bytes wire;
  write_tag_list(wire, std::vector<tag>(limits::max_tags, tag(std::uint8_t{1}, true)));
  CHECK(read(wire)->size() == limits::max_tags);
  wire.clear();
  write_tag_list(wire, std::vector<tag>(limits::max_tags + 1, tag(std::uint8_t{1}, true)));
  CHECK_FALSE(read(wire));
  CHECK_FALSE(read(hex("ffffffff")));
  wire.clear();
  write_tag_list(wire, {tag(std::uint8_t{1}, bytes(limits::max_tag_blob_bytes, 1))});
  CHECK(read(wire));
  wire.clear();
  write_tag_list(wire, {tag(std::uint8_t{1}, bytes(limits::max_tag_blob_bytes + 1, 1))});
  CHECK_FALSE(read(wire));
  wire.clear();
  write_tag_list(wire, {tag(std::string(limits::max_tag_name_bytes, 'n'), true)});
  CHECK(read(wire));
  wire.clear();
  write_tag_list(wire, {tag(std::string(limits::max_tag_name_bytes + 1, 'n'), true)});
  CHECK_FALSE(read(wire));
}

TEST_CASE("ed2k strings: a long one is cut at a character") {
  bytes wire;
  write_string(wire, std::string(0xFFFE, 'a') + "\xC3\xA9");
  little_endian_reader in(wire);
  CHECK(read_string(in) == std::string(0xFFFE, 'a'));
  CHECK(in.done());
}
