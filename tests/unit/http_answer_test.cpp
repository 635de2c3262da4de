#include "actors/services/http/content_answer.hpp"
#include "actors/services/http/content_headers.hpp"
#include "actors/services/http/limits.hpp"
#include "tests/catch.hpp"

#include <algorithm>

using namespace interswarm;
using namespace interswarm::http;

namespace {

constexpr std::int64_t now = 1'800'000'000;

content_facts film() {
  content_facts out;
  out.size = 10'000;
  out.file_name = "film.mkv";
  out.etag = "00ff";
  out.modified = 784'111'777;
  out.open = true;
  return out;
}

content_answer ask(const content_request& asked, const content_facts& facts = film()) {
  return answer_content(asked, facts, now, "SEPARATOR");
}

std::optional<std::string> field(const content_answer& a, std::string_view name) {
  std::optional<std::string> out;
  for (const auto& [n, value] : a.headers) {
    if (n != name) continue;
    // None may be there twice.
    REQUIRE_FALSE(out);
    out = value;
  }
  return out;
}

} // namespace

TEST_CASE("http answer: the whole of an open content") {
  const auto a = ask({});
  CHECK(a.status == 200);
  CHECK(a.length == 10'000);
  REQUIRE(a.parts.size() == 1);
  CHECK(a.parts[0].range == byte_range{0, 10'000});
  CHECK(field(a, "ETag") == "\"00ff\"");
  CHECK(field(a, "Last-Modified") == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(field(a, "Date") == "Fri, 15 Jan 2027 08:00:00 GMT");
  CHECK(field(a, "Accept-Ranges") == "bytes");
  CHECK(field(a, "Content-Type") == "video/x-matroska");
  CHECK(field(a, "X-Content-Type-Options") == "nosniff");
  CHECK(field(a, "Content-Disposition") == "inline; filename=\"film.mkv\"");
  CHECK(field(a, "Cache-Control") == "public, max-age=31536000, immutable");
  CHECK(field(a, "Access-Control-Allow-Origin") == "*");
  CHECK(field(a, "Access-Control-Expose-Headers")->find("Content-Range") != std::string::npos);
  CHECK_FALSE(field(a, "Content-Range"));
  CHECK_FALSE(field(a, "Content-Security-Policy"));
}

TEST_CASE("http answer: what is not open is for nobody else") {
  auto facts = film();
  facts.open = false;
  for (const auto& asked : {content_request{}, content_request{.range = "bytes=0-1"},
                            content_request{.range = "bytes=99999-"},
                            content_request{.when = {.if_none_match = "*"}}}) {
    const auto a = ask(asked, facts);
    CHECK(field(a, "Cache-Control")->find("no-store") != std::string::npos);
    CHECK_FALSE(field(a, "Access-Control-Allow-Origin"));
  }
}

TEST_CASE("http answer: one range") {
  const auto a = ask({.range = "bytes=500-999"});
  CHECK(a.status == 206);
  CHECK(a.length == 500);
  CHECK(field(a, "Content-Range") == "bytes 500-999/10000");
  CHECK(field(a, "Content-Type") == "video/x-matroska");
  REQUIRE(a.parts.size() == 1);
  CHECK(a.parts[0].range == byte_range{500, 1000});
  CHECK(a.parts[0].text.empty());
  // Ranges that come to one are not a multipart of one.
  CHECK(field(ask({.range = "bytes=0-4,3-9"}), "Content-Range") == "bytes 0-9/10000");
}

// RFC 9110 section 14.6 shows this shape.
TEST_CASE("http answer: several ranges") {
  const auto a = ask({.range = "bytes=500-999, 7000-7999"});
  CHECK(a.status == 206);
  CHECK(field(a, "Content-Type") == "multipart/byteranges; boundary=SEPARATOR");
  CHECK_FALSE(field(a, "Content-Range"));
  REQUIRE(a.parts.size() == 3);
  CHECK(a.parts[0].text == "\r\n--SEPARATOR\r\nContent-Type: video/x-matroska\r\n"
                           "Content-Range: bytes 500-999/10000\r\n\r\n");
  CHECK(a.parts[0].range == byte_range{500, 1000});
  CHECK(a.parts[1].range == byte_range{7000, 8000});
  CHECK(a.parts[2].text == "\r\n--SEPARATOR--\r\n");
  CHECK(a.parts[2].range.empty());
  CHECK(a.length ==
        a.parts[0].text.size() + 500 + a.parts[1].text.size() + 1000 + a.parts[2].text.size());
}

TEST_CASE("http answer: a range that does not exist") {
  const auto a = ask({.range = "bytes=10000-"});
  CHECK(a.status == 416);
  CHECK(a.length == 0);
  CHECK(a.parts.empty());
  CHECK(field(a, "Content-Range") == "bytes */10000");
  CHECK(field(a, "Cache-Control") == "no-store");
}

TEST_CASE("http answer: HEAD has all but the body, and no ranges") {
  const auto get = ask({});
  const auto head = ask({.head = true, .range = "bytes=0-1"});
  CHECK(head.status == 200);
  CHECK(head.length == 10'000);
  CHECK(head.parts.empty());
  CHECK(head.headers == get.headers);
}

TEST_CASE("http answer: conditions") {
  const auto same = ask({.when = {.if_none_match = "\"00ff\""}});
  CHECK(same.status == 304);
  CHECK(same.parts.empty());
  // RFC 9110 section 15.4.5: what a 304 must say.
  CHECK(field(same, "ETag") == "\"00ff\"");
  CHECK(field(same, "Cache-Control") == "public, max-age=31536000, immutable");
  CHECK_FALSE(field(same, "Content-Type"));
  const auto failed = ask({.when = {.if_match = "\"other\""}});
  CHECK(failed.status == 412);
  CHECK(failed.length == 0);
  CHECK(field(failed, "Cache-Control") == "no-store");
  // A condition that fails counts before a range that does not exist.
  CHECK(ask({.range = "bytes=99999-", .when = {.if_none_match = "*"}}).status == 304);
  CHECK(ask({.range = "bytes=0-1", .when = {.if_range = "\"00ff\""}}).status == 206);
  CHECK(ask({.range = "bytes=0-1", .when = {.if_range = "\"other\""}}).status == 200);
  CHECK(ask({.range = "bytes=99999-", .when = {.if_range = "\"other\""}}).status == 200);
}

TEST_CASE("http answer: no bytes, no id, no time") {
  content_facts empty;
  const auto a = ask({}, empty);
  CHECK(a.status == 200);
  CHECK(a.length == 0);
  CHECK_FALSE(field(a, "ETag"));
  CHECK_FALSE(field(a, "Last-Modified"));
  CHECK(field(a, "Content-Type") == "application/octet-stream");
  CHECK(field(a, "Content-Disposition") == "attachment");
  CHECK(ask({.range = "bytes=0-0"}, empty).status == 416);
  // RFC 9110 section 8.8.2.1.
  auto future = film();
  future.modified = now + 10;
  CHECK_FALSE(field(ask({}, future), "Last-Modified"));
}

TEST_CASE("http answer: documents that run scripts are put into a sandbox") {
  for (const auto* name : {"a.html", "a.HTM", "a.svg", "a.xml"}) {
    auto facts = film();
    facts.file_name = name;
    CHECK(field(ask({}, facts), "Content-Security-Policy") == "sandbox");
  }
  CHECK(runs_scripts("application/xhtml+xml; charset=utf-8"));
  CHECK_FALSE(runs_scripts("video/mp4"));
}

TEST_CASE("http media type: told, by extension, unknown") {
  CHECK(media_type_of("", "a.tar.GZ") == "application/gzip");
  CHECK(media_type_of("", "a.unheardof") == "application/octet-stream");
  CHECK(media_type_of("", "mp4") == "application/octet-stream");
  CHECK(media_type_of("", "") == "application/octet-stream");
  CHECK(media_type_of("video/mp4; codecs=\"avc1\"", "a.txt") == "video/mp4; codecs=\"avc1\"");
  for (const auto* bad : {"video", "/", "video/", "/mp4", "a b/c", "a/b c", "a/b\r\nX: y",
                          "a/b;\x01", "a/\xc3\xa4"}) {
    INFO(bad);
    CHECK(media_type_of(bad, "a.txt") == "text/plain");
  }
  CHECK(media_type_of("a/" + std::string(limits::media_type_bytes - 2, 'b'), "a.txt") !=
        "text/plain");
  CHECK(media_type_of("a/" + std::string(limits::media_type_bytes - 1, 'b'), "a.txt") ==
        "text/plain");
  CHECK(shown_inline("video/mp4"));
  CHECK(shown_inline("application/pdf"));
  CHECK_FALSE(shown_inline("application/octet-stream"));
}

// RFC 6266 section 5, RFC 8187 section 3.2.3.
TEST_CASE("http content disposition: names") {
  CHECK(content_disposition("example.html", false) == "attachment; filename=\"example.html\"");
  CHECK(content_disposition("\xe2\x82\xac rates", false) ==
        "attachment; filename=\"_ rates\"; filename*=UTF-8''%E2%82%AC%20rates");
  CHECK(content_disposition("a\"b\\c.txt", true) == "inline; filename=\"c.txt\"");
  CHECK(content_disposition("a\"b.txt", true) ==
        "inline; filename=\"a_b.txt\"; filename*=UTF-8''a%22b.txt");
  CHECK(content_disposition("100%41.txt", true) ==
        "inline; filename=\"100_41.txt\"; filename*=UTF-8''100%2541.txt");
  CHECK(content_disposition("../../etc/passwd", false) == "attachment; filename=\"passwd\"");
  CHECK(content_disposition("..", false) == "attachment");
  CHECK(content_disposition("a/", false) == "attachment");
}

TEST_CASE("http content disposition: nothing in a name gets out of the header") {
  for (int c = 0; c < 256; ++c) {
    const auto out = content_disposition("a" + std::string(1, static_cast<char>(c)) + "b", false);
    INFO(c);
    CHECK(std::all_of(out.begin(), out.end(), [](char x) { return x >= 0x20 && x < 0x7f; }));
    CHECK(std::count(out.begin(), out.end(), '"') == 2);
    CHECK(out.find('\\') == std::string::npos);
  }
  CHECK(content_disposition("a\r\nSet-Cookie: x=y", false) ==
        "attachment; filename=\"a??Set-Cookie: x=y\"");
}

TEST_CASE("http content disposition: a name longer than the limit is cut between characters") {
  std::string name(limits::file_name_bytes - 1, 'a');
  CHECK(content_disposition(name + "b", false).find("aab\"") != std::string::npos);
  CHECK(content_disposition(name + "bc", false).find("bc") == std::string::npos);
  const auto cut = content_disposition(name + "\xc3\xa4", false);
  CHECK(cut == "attachment; filename=\"" + name + '"');
}
