#include "schema/base/encoding.hpp"
#include "schema/ed2k/limits.hpp"
#include "schema/ed2k/link.hpp"
#include "schema/ed2k/part_hashes.hpp"
#include "tests/catch.hpp"

using namespace interswarm;
using namespace interswarm::ed2k;

namespace {

md4_digest digest(std::string_view hex) {
  const auto raw = from_hex(hex).value();
  md4_digest out{};
  std::copy(raw.begin(), raw.end(), out.begin());
  return out;
}

// p19456000 (byte i mod 251): part hashes and file hashes computed with rhash and aMule's alcc.
constexpr auto p1 = "91c008dff530be53d16bdf71ee9ba342";
constexpr auto p2 = "54f7576746e704fd5c2903ddb7e96acb";
constexpr auto none = "31d6cfe0d16ae931b73c59d7e0c089c0";
constexpr auto red = "b22937d7a5bb74050fb54037fe573649";
constexpr auto blue = "90955b3afd7d14b68b672c584f88dd93";
constexpr auto aich = "ECCJUQRMCAPGZOS23YY3JGWLDB3BZQCX";

std::string file(std::string_view hash, std::string_view rest) {
  return "ed2k://|file|p%2019456000.bin|19456000|" + std::string(hash) + "|" + std::string(rest);
}

errc failure(std::string_view text) {
  const auto parsed = parse_link(text);
  return parsed ? errc{} : parsed.error().code;
}

} // namespace

TEST_CASE("an ed2k file link is read with its fields in any order") {
  const std::string parts = "p=" + std::string(p1) + ":" + p2 + ":" + none;
  const std::string root = std::string("h=") + aich;
  for (const auto& rest :
       {parts + "|" + root + "|/", root + "|x=1|" + parts + "|/", root + "|" + parts + "|"}) {
    const auto parsed = parse_file_link(file(red, rest));
    REQUIRE(parsed);
    CHECK(parsed->name == "p 19456000.bin");
    CHECK(parsed->size == 19456000);
    CHECK(parsed->hash == digest(red));
    REQUIRE(parsed->part_hashes.size() == 3);
    CHECK(parsed->part_hashes[1] == digest(p2));
    REQUIRE(parsed->aich);
    CHECK(to_base32(*parsed->aich) == aich);
  }
}

TEST_CASE("both readings of a whole-part file's hash set are settled on one form each") {
  const std::string two = "p=" + std::string(p1) + ":" + p2;
  const std::string three = two + ":" + none;
  CHECK(parse_file_link(file(red, two + "|/"))->part_hashes.size() == 3);
  CHECK(parse_file_link(file(red, three + "|/"))->part_hashes.size() == 3);
  CHECK(parse_file_link(file(blue, two + "|/"))->part_hashes.size() == 2);
  CHECK(parse_file_link(file(blue, three + "|/"))->part_hashes.size() == 2);
  CHECK(match_part_hashes(std::vector{digest(p1), digest(p2)}, 19456000, digest(red)) ==
        hash_variant::red);
  CHECK(match_part_hashes(std::vector{digest(p1), digest(p2)}, 19456000, digest(blue)) ==
        hash_variant::blue);
  // One part exactly: red hashes the list of two, blue is the part's own hash.
  CHECK(match_part_hashes(std::vector{digest(p1)}, 9728000,
                          digest("22155255a2ed92712ccd01ad0eb9e8cb")) == hash_variant::red);
  CHECK(match_part_hashes(std::vector{digest(p1)}, 9728000, digest(p1)) == hash_variant::blue);
  // Not a multiple: the only form.
  CHECK(match_part_hashes(std::vector{digest(p1), digest("f2afb54a094c0397e996397459e0d7bb")},
                          9728001,
                          digest("07149b89efa248c03d7e2c5e734d2d88")) == hash_variant::red);
  CHECK(match_part_hashes(std::vector{digest(none)}, 0, digest(none)) == hash_variant::red);
  CHECK_FALSE(match_part_hashes(std::vector<md4_digest>{}, 0, digest(none)));
}

TEST_CASE("a link whose hash set lies is refuted") {
  CHECK(failure(file(red, "p=" + std::string(p2) + ":" + p1 + "|/")) == errc::refuted);
  CHECK(failure(file(red, "p=" + std::string(p1) + "|/")) == errc::refuted);
  CHECK(failure(file(red, "p=" + std::string(p1) + ":" + p2 + ":" + none + ":" + none + "|/")) ==
        errc::malformed);
}

TEST_CASE("sources and URLs of a link are read") {
  const auto parsed = parse_file_link(file(
      red,
      "s=http://example.org/a.bin|s=http://example.net/b|/|sources,5.5.5.2:4662,example.org:4663:3,"
      "5.5.5.3:1:131:000102030405060708090a0b0c0d0e0f|/"));
  REQUIRE(parsed);
  CHECK(parsed->urls ==
        std::vector<std::string>{"http://example.org/a.bin", "http://example.net/b"});
  REQUIRE(parsed->sources.size() == 3);
  CHECK(parsed->sources[0] == link_source{"5.5.5.2", 4662, 0, {}});
  CHECK(parsed->sources[1] == link_source{"example.org", 4663, 3, {}});
  CHECK(parsed->sources[2].crypt == 131);
  CHECK(parsed->sources[2].user_hash == digest("000102030405060708090a0b0c0d0e0f"));
}

TEST_CASE("what is printed is read back as the same link") {
  file_link l{.name = "a|b%/\xC3\xA9 ü.iso",
              .size = 19456000,
              .hash = digest(red),
              .part_hashes = {digest(p1), digest(p2), digest(none)},
              .aich = sha1_digest{1, 2, 3},
              .urls = {"http://example.org/x%20y"},
              .sources = {{"5.5.5.2", 4662, 0, {}}, {"h.example", 1, 0, digest(p1)}}};
  CHECK(parse_file_link(to_string(l)) == l);
  CHECK(parse_link(to_string(server_link{"5.5.5.1", 4661})) ==
        any_link(server_link{"5.5.5.1", 4661}));
  CHECK(parse_link(to_string(server_list_link{"http://x/server.met"})) ==
        any_link(server_list_link{"http://x/server.met"}));
  CHECK(to_string(file_link{.name = "a b",
                            .size = 0,
                            .hash = digest(none),
                            .part_hashes = {},
                            .aich = {},
                            .urls = {},
                            .sources = {}}) ==
        "ed2k://|file|a%20b|0|31d6cfe0d16ae931b73c59d7e0c089c0|/");
}

TEST_CASE("links as browsers and people mangle them are read") {
  const auto want = parse_link(file(red, "/"));
  REQUIRE(want);
  CHECK(parse_link("  " + file(red, "/") + "\n") == want);
  CHECK(parse_link("ED2K://|FILE|p%2019456000.bin|19456000|B22937D7A5BB74050FB54037FE573649|/") ==
        want);
  CHECK(parse_link("ed2k://%7Cfile%7cp%2019456000.bin%7C19456000%7C" + std::string(red) + "%7C/") ==
        want);
  CHECK(looks_like_link(" eD2K://|"));
  CHECK_FALSE(looks_like_link("magnet:?xt=urn:ed2k:"));
}

TEST_CASE("a broken link says what is wrong and every truncation is survived") {
  CHECK(failure("http://example.org") == errc::malformed);
  CHECK(failure("ed2k://|search|x|/") == errc::malformed);
  CHECK(failure("ed2k://|file|x|12|zz|/") == errc::malformed);
  CHECK(failure("ed2k://|file|x|-1|" + std::string(red) + "|/") == errc::malformed);
  CHECK(failure("ed2k://|file||1|" + std::string(red) + "|/") == errc::malformed);
  CHECK(failure("ed2k://|file|%4|1|" + std::string(red) + "|/") == errc::malformed);
  CHECK(failure(file(red, "h=SHORT|/")) == errc::malformed);
  CHECK(failure(file(red, "sources,1.2.3.4:0|/")) == errc::malformed);
  CHECK(failure("ed2k://|server|1.2.3.4|0|/") == errc::malformed);
  CHECK(failure("ed2k://|server|1.2.3.4|65536|/") == errc::malformed);
  CHECK_FALSE(parse_file_link("ed2k://|server|1.2.3.4|4661|/"));
  const auto whole =
      file(red, "p=" + std::string(p1) + ":" + p2 + "|h=" + aich + "|/|sources,5.5.5.2:4662|/");
  const auto least = file(red, "").size() - 1;
  for (std::size_t n = 0; n < whole.size(); ++n) {
    const auto parsed = parse_link(std::string_view(whole).substr(0, n));
    if (n < least) CHECK_FALSE(parsed);
    if (!parsed) CHECK(parsed.error().text.starts_with("ed2k link: "));
  }
}

TEST_CASE("limits of links hold") {
  CHECK(failure(std::string("ed2k://|file|") + std::string(limits::max_link_bytes, 'x')) ==
        errc::too_large);
  const auto with_name = [](std::size_t n) {
    return "ed2k://|file|" + std::string(n, 'x') + "|1|" + none + "|/";
  };
  CHECK(parse_link(with_name(limits::max_link_name_bytes)));
  CHECK(failure(with_name(limits::max_link_name_bytes + 1)) == errc::too_large);
  const auto with_size = [](std::uint64_t n) {
    return "ed2k://|file|x|" + std::to_string(n) + "|" + none + "|/";
  };
  CHECK(parse_link(with_size(limits::max_file_bytes)));
  CHECK(failure(with_size(limits::max_file_bytes + 1)) == errc::too_large);
  const auto repeated = [](std::string_view what, std::size_t n) {
    std::string out;
    for (std::size_t i = 0; i < n; ++i) out += what;
    return out;
  };
  CHECK(parse_link(file(red, repeated("s=u|", limits::max_link_urls) + "/")));
  CHECK(failure(file(red, repeated("s=u|", limits::max_link_urls + 1) + "/")) == errc::too_large);
  CHECK(parse_link(file(red, "sources" + repeated(",1.2.3.4:1", limits::max_link_sources) + "|/")));
  CHECK(failure(file(red, "sources" + repeated(",1.2.3.4:1", limits::max_link_sources + 1) +
                              "|/")) == errc::too_large);
  CHECK(parse_link(file(red, repeated("x|", limits::max_link_fields - 5))));
  CHECK(failure(file(red, repeated("x|", limits::max_link_fields - 4))) == errc::too_large);
}
