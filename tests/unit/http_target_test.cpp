#include "actors/services/http/limits.hpp"
#include "actors/services/http/request_target.hpp"
#include "schema/base/encoding.hpp"
#include "tests/catch.hpp"

using namespace interswarm;
using namespace interswarm::http;

namespace {

using kind = request_target::kind;

std::string name_of(std::string_view target) {
  const auto out = parse_target(target);
  INFO(target);
  REQUIRE(out.what == kind::content);
  return out.name;
}

const std::string ed2k_link = "ed2k://|file|a b.iso|734003200|0123456789ABCDEF0123456789ABCDEF|/";

} // namespace

TEST_CASE("http target: names") {
  CHECK(name_of("/content/00ff") == "00ff");
  CHECK(name_of("/content/magnet%3A%3Fxt%3Durn%3Abtih%3Aabc%26dn%3Dx") ==
        "magnet:?xt=urn:btih:abc&dn=x");
  CHECK(name_of("/content/" + percent_encode(as_bytes(ed2k_link))) == ed2k_link);
  CHECK(name_of("/content/a+b") == "a+b");
  CHECK(name_of("/content/%C3%A4%ff") == "\xc3\xa4\xff");
  CHECK(name_of("/content/00ff?x=1&y") == "00ff");
}

TEST_CASE("http target: a file name may follow a name") {
  CHECK(name_of("/content/00ff/film.mkv") == "00ff");
  CHECK(name_of("/content/00ff/") == "00ff");
  CHECK(name_of("/content/" + percent_encode(as_bytes(ed2k_link)) + "/a%20b.iso") == ed2k_link);
  // Slashes of a name are encoded: more segments mean nothing.
  CHECK(parse_target("/content/00ff/a/b").what == kind::unknown);
  CHECK(parse_target("/content/00ff//").what == kind::unknown);
}

TEST_CASE("http target: a link with a scheme as it is") {
  CHECK(name_of("/content/ed2k://|file|a%20b.iso|734003200|0123456789ABCDEF0123456789ABCDEF|/") ==
        ed2k_link);
  CHECK(name_of("/content/http://example.org/a/b") == "http://example.org/a/b");
  // Only a first segment that ends in ':' is a scheme.
  CHECK(name_of("/content/a:b/c") == "a:b");
  CHECK(name_of("/content/a%3A/c") == "a:");
}

TEST_CASE("http target: forms and other paths") {
  CHECK(name_of("http://example.org/content/00ff") == "00ff");
  CHECK(name_of("HTTPS://example.org:8443/content/00ff?x") == "00ff");
  CHECK(parse_target("http://example.org").what == kind::unknown);
  CHECK(parse_target("http://example.org?/content/00ff").what == kind::malformed);
  CHECK(parse_target("/health").what == kind::health);
  CHECK(parse_target("/health?x").what == kind::health);
  CHECK(parse_target("*").what == kind::server);
  for (const auto* target : {"/", "/content", "/content/", "/content//", "/content//x",
                             "/Content/x", "/healthy", "/contents/x", "/../content/x"}) {
    INFO(target);
    CHECK(parse_target(target).what == kind::unknown);
  }
}

TEST_CASE("http target: malformed") {
  for (const auto* target :
       {"", "content/x", "/content/%", "/content/%4", "/content/%zz", "/content/a%00b",
        "/content/a%0d%0ab", "/content/a%7f", "/content/x?sig=%zz", "/content/x?sig=a&sig=b",
        "/content/x?key=a&expires=1&key=a", "ftp://example.org/content/x"}) {
    INFO(target);
    CHECK(parse_target(target).what == kind::malformed);
  }
}

TEST_CASE("http target: a name longer than the limit") {
  CHECK(name_of("/content/" + std::string(limits::name_bytes, 'a')).size() == limits::name_bytes);
  CHECK(parse_target("/content/" + std::string(limits::name_bytes + 1, 'a')).what ==
        kind::malformed);
  std::string escaped;
  for (std::size_t i = 0; i < limits::name_bytes; ++i) escaped += "%61";
  CHECK(name_of("/content/" + escaped).size() == limits::name_bytes);
  CHECK(parse_target("/content/" + escaped + "%61").what == kind::malformed);
}

TEST_CASE("http target: signatures") {
  CHECK_FALSE(parse_target("/content/x?a=b").signature);
  const auto whole = parse_target("/content/x/y.mkv?expires=5&key=k1&sig=00ff&t=3");
  REQUIRE(whole.signature);
  CHECK(*whole.signature == url_signature{"5", "k1", "00ff"});
  const auto half = parse_target("/content/x?sig=00ff");
  REQUIRE(half.signature);
  CHECK(*half.signature == url_signature{"", "", "00ff"});
  // An empty parameter is a part of a signature too, and not as if there were none.
  CHECK(parse_target("/content/x?sig=").signature);
}
