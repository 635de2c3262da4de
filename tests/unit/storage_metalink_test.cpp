#include "schema/base/encoding.hpp"
#include "storage/hash_list.hpp"
#include "storage/limits.hpp"
#include "storage/metalink.hpp"
#include "tests/catch.hpp"

using namespace interswarm;

namespace {

// RFC 5854 §1.1, its example, with pieces and the links that join systems.
const std::string example = R"(<?xml version="1.0" encoding="UTF-8"?>
<metalink xmlns="urn:ietf:params:xml:ns:metalink">
  <published>2009-05-15T12:23:23Z</published>
  <file name="example.ext">
    <size>14471447</size>
    <identity>Example</identity>
    <version>1.0</version>
    <language>en</language>
    <description>A description of the example file for download.</description>
    <hash type="sha-256">f0ad929cd259957e160ea442eb80986b5f0ad929cd259957e160ea442eb80986</hash>
    <hash type="sha-1">a97fcf6ba9358f8a6f62beee4421863d3e52b080</hash>
    <hash type="whirlpool">00</hash>
    <pieces length="8000000" type="sha-1">
      <hash>a97fcf6ba9358f8a6f62beee4421863d3e52b080</hash>
      <hash> A97FCF6BA9358F8A6F62BEEE4421863D3E52B081
      </hash>
    </pieces>
    <url location="de" priority="2">ftp://ftp.example.com/example.ext</url>
    <url location="fr" priority="1">http://example.com/example.ext</url>
    <url>ed2k://|file|example.ext|14471447|22155255a2ed92712ccd01ad0eb9e8cb|/</url>
    <url>magnet:?xt=urn:btih:7b18b9aa32743e40250d35655b22e0f5e79d5fa3&amp;dn=example.ext</url>
    <metaurl mediatype="torrent" priority="2" name="dir/example.ext">http://example.com/example.ext.torrent</metaurl>
  </file>
</metalink>
)";

std::string around(const std::string& inside) {
  return "<metalink xmlns=\"urn:ietf:params:xml:ns:metalink\"><file name=\"a\">" + inside +
         "</file></metalink>";
}

errc refusal(const std::string& text) {
  const auto parsed = parse_metalink(as_bytes(text));
  return parsed ? errc::internal : parsed.error().code;
}

std::string repeated(std::size_t count, const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

} // namespace

TEST_CASE("RFC 5854's example is read") {
  const auto files = parse_metalink(as_bytes(example)).value();
  REQUIRE(files.size() == 1);
  const auto& f = files[0];
  CHECK(f.name == "example.ext");
  CHECK(f.size == 14471447);
  CHECK(to_hex(*f.sha256) == "f0ad929cd259957e160ea442eb80986b5f0ad929cd259957e160ea442eb80986");
  CHECK(to_hex(*f.sha1) == "a97fcf6ba9358f8a6f62beee4421863d3e52b080");
  CHECK_FALSE(f.md5);
  REQUIRE(f.urls.size() == 4);
  CHECK(f.urls[0] == metalink_url{"http://example.com/example.ext", 1, "fr"});
  CHECK(f.urls[1].priority == 2);
  CHECK(f.urls[2].url == "ed2k://|file|example.ext|14471447|22155255a2ed92712ccd01ad0eb9e8cb|/");
  CHECK(f.urls[3].url ==
        "magnet:?xt=urn:btih:7b18b9aa32743e40250d35655b22e0f5e79d5fa3&dn=example.ext");
  REQUIRE(f.metaurls.size() == 1);
  CHECK(f.metaurls[0] == metalink_metaurl{"http://example.com/example.ext.torrent", "torrent", 2,
                                          "dir/example.ext"});
  REQUIRE(f.pieces.size() == 1);
  CHECK(f.pieces[0].length == 8'000'000);
  CHECK(f.pieces[0].digests.size() == 40);
  const auto lists = metalink_hash_lists(f);
  REQUIRE(lists.size() == 3);
  for (const auto& list : lists) CHECK(checked_hash_list::make(list));
  CHECK(lists[2].unit == 14471447);
}

TEST_CASE("prefixes, CDATA and other vocabularies are fine") {
  const auto files = parse_metalink(as_bytes(std::string(
      R"(<m:metalink xmlns:m="urn:ietf:params:xml:ns:metalink" xmlns:x="urn:x"><x:thing/><m:file name="d/e">)"
      R"(<m:size>0</m:size><m:url><![CDATA[http://e/?a&b]]></m:url><m:hash type="md5">d41d8cd98f00b204e9800998ecf8427e</m:hash>)"
      R"(<m:hash type="ed2k">31d6cfe0d16ae931b73c59d7e0c089c0</m:hash></m:file></m:metalink>)")));
  REQUIRE(files);
  CHECK(files->at(0).urls.at(0).url == "http://e/?a&b");
  CHECK(files->at(0).md5);
  CHECK(files->at(0).ed2k);
  CHECK(metalink_hash_lists(files->at(0)).empty());
}

TEST_CASE("every truncation of a document is refused") {
  const auto whole = example.size() - 1; // without the last newline
  for (std::size_t n = 0; n < whole; ++n) CHECK(refusal(example.substr(0, n)) == errc::malformed);
}

TEST_CASE("what is no Metalink 4 is refused with what it is") {
  CHECK(refusal("") == errc::malformed);
  CHECK(refusal("<html/>") == errc::malformed);
  CHECK(refusal("<metalink/>") == errc::malformed);
  CHECK(refusal("<metalink xmlns=\"urn:ietf:params:xml:ns:metalink\"/>") == errc::malformed);
  const auto three =
      parse_metalink(as_bytes("<metalink version=\"3.0\" xmlns=\"http://www.metalinker.org/\"/>"));
  CHECK(three.error().text == "metalink: this is Metalink 3; only version 4 (RFC 5854) is read");
}

TEST_CASE("bad values inside a document are refused") {
  CHECK(refusal(around("")) == errc::internal);
  CHECK(refusal(around("<size>-1</size>")) == errc::malformed);
  CHECK(refusal(around("<size>1x</size>")) == errc::malformed);
  CHECK(refusal(around("<size>99999999999999999999</size>")) == errc::malformed);
  CHECK(refusal(around("<hash type=\"sha-1\">zz</hash>")) == errc::malformed);
  CHECK(refusal(around("<hash type=\"md5\">d41d8cd98f00b204e9800998ecf8427e</hash>"
                       "<hash type=\"md5\">d41d8cd98f00b204e9800998ecf8427f</hash>")) ==
        errc::malformed);
  CHECK(refusal(around("<url>no url</url>")) == errc::malformed);
  CHECK(refusal(around("<url>http://a/\nb</url>")) == errc::malformed);
  CHECK(refusal(around("<url priority=\"0\">http://a/</url>")) == errc::malformed);
  CHECK(refusal(around("<url priority=\"1000000\">http://a/</url>")) == errc::malformed);
  CHECK(refusal(around("<pieces type=\"sha-1\"><hash/></pieces>")) == errc::malformed);
  CHECK(refusal(around("<pieces type=\"sha-1\" length=\"0\"></pieces>")) == errc::malformed);
  CHECK(refusal(around("<pieces type=\"sha-1\" length=\"5\"><hash>00</hash></pieces>")) ==
        errc::malformed);
  CHECK(refusal(around("<size>10</size><pieces type=\"sha-1\" length=\"5\"></pieces>")) ==
        errc::malformed);
  for (const auto* name :
       {"", "/etc/passwd", "../a", "a/../b", "a//b", "a/", ".", "a\\b", "a&#10;b"}) {
    CAPTURE(name);
    CHECK(refusal("<metalink xmlns=\"urn:ietf:params:xml:ns:metalink\"><file name=\"" +
                  std::string(name) + "\"/></metalink>") == errc::malformed);
  }
}

TEST_CASE("entities of a document type are never expanded") {
  const std::string bomb =
      R"(<!DOCTYPE m [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
    <!ENTITY c SYSTEM "file:///etc/passwd">]>)" +
      around("<url>http://a/&b;&c;</url>");
  const auto files = parse_metalink(as_bytes(bomb));
  REQUIRE(files);
  CHECK(files->at(0).urls.at(0).url == "http://a/&b;&c;");
}

TEST_CASE("a Metalink is bounded") {
  CHECK(refusal(std::string(limits::metalink_bytes + 1, ' ')) == errc::too_large);
  const std::string url = "<url>a:</url>", meta = "<metaurl>a:</metaurl>";
  CHECK(refusal(around(repeated(limits::metalink_urls, url))) == errc::internal);
  CHECK(refusal(around(repeated(limits::metalink_urls + 1, url))) == errc::too_large);
  CHECK(refusal(around(repeated(limits::metalink_urls + 1, meta))) == errc::too_large);
  CHECK(refusal(around("<url>a:" + std::string(limits::metalink_url_bytes, 'x') + "</url>")) ==
        errc::malformed);
  const std::string pieces = "<pieces type=\"sha-1\" length=\"5\"/>";
  CHECK(refusal(around(repeated(limits::metalink_piece_lists + 1, pieces))) == errc::too_large);
  const auto files = [](std::size_t count) {
    return "<metalink xmlns=\"urn:ietf:params:xml:ns:metalink\">" +
           repeated(count, "<file name=\"a\"/>") + "</metalink>";
  };
  CHECK(refusal(files(limits::metalink_files)) == errc::internal);
  CHECK(refusal(files(limits::metalink_files + 1)) == errc::too_large);
  CHECK(refusal("<metalink xmlns=\"urn:ietf:params:xml:ns:metalink\"><file name=\"" +
                std::string(limits::title_bytes + 1, 'x') + "\"/></metalink>") == errc::too_large);
  // Depth alone must not exhaust the stack.
  CHECK(refusal(repeated(200'000, "<a>") + repeated(200'000, "</a>")) == errc::malformed);
}
