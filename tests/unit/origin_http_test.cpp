#include "actors/services/origin/http_fields.hpp"
#include "actors/services/origin/http_url.hpp"
#include "actors/services/origin/limits.hpp"
#include "tests/catch.hpp"

using namespace interswarm;
using namespace interswarm::origin;
using namespace std::chrono_literals;

TEST_CASE("origin url: parts, default ports and what is sent") {
  const auto u = http_url::parse("HTTP://Files.Example.org/a%20b/c.iso?key=1#part");
  REQUIRE(u);
  CHECK_FALSE(u->tls);
  CHECK(u->host == "files.example.org");
  CHECK(u->port == 80);
  CHECK(u->target == "/a%20b/c.iso?key=1");
  CHECK(u->authority() == "files.example.org");
  CHECK(u->server() == "http://files.example.org:80");
  CHECK(u->file_name() == "c.iso");
  const auto s = http_url::parse("https://[2001:DB8::1]:8443?x");
  REQUIRE(s);
  CHECK(s->tls);
  CHECK(s->host == "2001:db8::1");
  CHECK(s->port == 8443);
  CHECK(s->target == "/?x");
  CHECK(s->authority() == "[2001:db8::1]:8443");
  CHECK(http_url::parse("https://h")->port == 443);
  CHECK(http_url::parse("http://h:/x")->port == 80);
  CHECK(http_url::parse("http://h/\xC3\xA4")->target == "/%C3%A4");
}

TEST_CASE("origin url: what is none") {
  for (const auto* bad : {"",
                          "ftp://h/",
                          "http:/h/",
                          "http://",
                          "http:///x",
                          "http://user:pw@h/",
                          "http://h:0/",
                          "http://h:65536/",
                          "http://h:8x/",
                          "http://a b/",
                          "http://h/a b",
                          "http://h/\r\nX: y",
                          "http://[1.2.3.4]/",
                          "http://[::1",
                          "http://[::1]x/",
                          "http://.h/",
                          "http://h%00/",
                          "//h/x",
                          "/x",
                          "unix:/tmp/x",
                          "http://*/"}) {
    INFO(bad);
    const auto u = http_url::parse(bad);
    REQUIRE_FALSE(u);
    CHECK(u.error().code == errc::malformed);
  }
  const std::string longest = "http://h/" + std::string(limits::url_bytes - 9, 'a');
  CHECK(http_url::parse(longest));
  CHECK(http_url::parse(longest + "a").error().code == errc::too_large);
  CHECK(http_url::parse("http://" + std::string(253, 'a') + "/"));
  CHECK_FALSE(http_url::parse("http://" + std::string(254, 'a') + "/"));
}

TEST_CASE("origin url: references are resolved as RFC 3986 section 5.4 lists them") {
  const auto base = *http_url::parse("http://a/b/c/d;p?q");
  const std::vector<std::pair<std::string, std::string>> examples{{"g", "http://a/b/c/g"},
                                                                  {"./g", "http://a/b/c/g"},
                                                                  {"g/", "http://a/b/c/g/"},
                                                                  {"/g", "http://a/g"},
                                                                  {"//g", "http://g/"},
                                                                  {"?y", "http://a/b/c/d;p?y"},
                                                                  {"g?y", "http://a/b/c/g?y"},
                                                                  {"#s", "http://a/b/c/d;p?q"},
                                                                  {"g#s", "http://a/b/c/g"},
                                                                  {";x", "http://a/b/c/;x"},
                                                                  {"", "http://a/b/c/d;p?q"},
                                                                  {".", "http://a/b/c/"},
                                                                  {"..", "http://a/b/"},
                                                                  {"../g", "http://a/b/g"},
                                                                  {"../..", "http://a/"},
                                                                  {"../../../g", "http://a/g"},
                                                                  {"/./g", "http://a/g"},
                                                                  {"/../g", "http://a/g"},
                                                                  {"g;x=1/../y", "http://a/b/c/y"},
                                                                  {"https://x/y", "https://x/y"}};
  for (const auto& [reference, expected] : examples) {
    INFO(reference);
    const auto r = base.resolve(reference);
    REQUIRE(r);
    CHECK(r->to_string() == expected);
  }
  CHECK_FALSE(base.resolve("mailto:x"));
  CHECK_FALSE(base.resolve("file:///etc/passwd"));
  CHECK_FALSE(base.resolve("//user@h/"));
  CHECK_FALSE(base.resolve(std::string(limits::url_bytes + 1, 'a')));
}

TEST_CASE("origin url: addresses that are not public") {
  const auto is = [](const char* text) { return is_public(*ip_address::parse(text)); };
  for (const auto* own : {"127.0.0.1",
                          "127.9.9.9",
                          "0.0.0.0",
                          "0.1.2.3",
                          "10.0.0.1",
                          "100.64.0.1",
                          "169.254.169.254",
                          "172.16.0.1",
                          "172.31.255.255",
                          "192.168.1.1",
                          "192.0.0.1",
                          "192.0.2.1",
                          "198.18.0.1",
                          "198.51.100.1",
                          "203.0.113.9",
                          "224.0.0.1",
                          "255.255.255.255",
                          "::",
                          "::1",
                          "::ffff:10.0.0.1",
                          "::127.0.0.1",
                          "fe80::1",
                          "fec0::1",
                          "fc00::1",
                          "fd12::1",
                          "ff02::1",
                          "64:ff9b::7f00:1",
                          "64:ff9b:1::1",
                          "2002:7f00:1::",
                          "2002:a00:1::1",
                          "2001:db8::1",
                          "2001::1",
                          "100::1"}) {
    INFO(own);
    CHECK_FALSE(is(own));
  }
  for (const auto* outside :
       {"1.1.1.1", "172.32.0.1", "100.128.0.1", "192.0.1.1", "198.20.0.1", "2606:4700::1111",
        "2a00:1450::1", "64:ff9b::101:101", "2002:101:101::1", "::ffff:8.8.8.8"}) {
    INFO(outside);
    CHECK(is(outside));
  }
}

TEST_CASE("origin fields: Content-Range and lengths") {
  using range = std::optional<byte_range>;
  const auto r = content_range::parse("bytes 0-499/1234");
  REQUIRE(r);
  CHECK(r->range == range(byte_range{0, 500}));
  CHECK(r->size == 1234u);
  CHECK(content_range::parse("Bytes 42-1233/1234")->range == range(byte_range{42, 1234}));
  CHECK(content_range::parse("bytes 42-1233/*")->size == std::nullopt);
  CHECK(content_range::parse("bytes */1234")->range == std::nullopt);
  for (const auto* bad :
       {"", "bytes", "bytes 0-1", "bytes */*", "bytes 1-0/5", "bytes 0-5/5", "bytes -1/5",
        "bytes 0-/5", "items 0-1/5", "bytes 0-1/5x", "bytes 0-18446744073709551615/*",
        "bytes 0-99999999999999999999/*", "bytes 0 - 1/5", "bytes +0-1/5"}) {
    INFO(bad);
    CHECK_FALSE(content_range::parse(bad));
  }
  CHECK(parse_length("0") == 0u);
  CHECK(parse_length("18446744073709551615") == UINT64_MAX);
  for (const auto* bad : {"", "-1", "+1", " 1", "1 ", "1, 1", "0x1", "18446744073709551616"})
    CHECK_FALSE(parse_length(bad));
}

TEST_CASE("origin fields: entity tags") {
  CHECK(entity_tag::parse("\"xyzzy\"") == entity_tag{false, "xyzzy"});
  CHECK(entity_tag::parse("W/\"xyzzy\"") == entity_tag{true, "xyzzy"});
  CHECK(entity_tag::parse("\"\"") == entity_tag{false, ""});
  for (const auto* bad :
       {"", "xyzzy", "\"", "W/xyzzy", "w/\"a\"", "\"a\"b\"", "\"a b\"", "\"a\", \"b\""})
    CHECK_FALSE(entity_tag::parse(bad));
}

TEST_CASE("origin fields: the three forms of a date") {
  constexpr std::int64_t now = 1'700'000'000;
  constexpr std::int64_t then = 784'111'777;
  CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT", now) == then);
  CHECK(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", now) == then);
  CHECK(parse_http_date("Sun Nov  6 08:49:37 1994", now) == then);
  CHECK(http_date(then) == "Sun, 06 Nov 1994 08:49:37 GMT");
  // In 2023 "73" is at most 50 years ahead, "74" is not.
  CHECK(*parse_http_date("Monday, 06-Nov-73 08:49:37 GMT", now) > now);
  CHECK(*parse_http_date("Monday, 06-Nov-74 08:49:37 GMT", now) < now);
  for (const auto* bad : {"", "Sun", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 24:49:37 GMT",
                          "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT",
                          "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, -6 Nov 1994 08:49:37 GMT",
                          "Sun Nov  6 08:49:37 19944", "Sun, 06 Nov 1994 08:49:37 GMTx"}) {
    INFO(bad);
    CHECK_FALSE(parse_http_date(bad, now));
  }
}

TEST_CASE("origin fields: Retry-After in seconds and as a date, bounded") {
  constexpr std::int64_t now = 784'111'777;
  CHECK(parse_retry_after("120", now) == 120s);
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:50:37 GMT", now) == 60s);
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:40:00 GMT", now) == 0s);
  CHECK(parse_retry_after("99999999999", now) == limits::retry_after);
  CHECK(parse_retry_after("Sun, 06 Nov 2094 08:50:37 GMT", now) == limits::retry_after);
  CHECK_FALSE(parse_retry_after("soon", now));
}

TEST_CASE("origin fields: a file's name is a bare one") {
  CHECK(disposition_file_name("attachment; filename=\"a b.iso\"") == "a b.iso");
  CHECK(disposition_file_name("Attachment;FileName=plain.txt") == "plain.txt");
  CHECK(disposition_file_name("attachment; filename=\"x.txt\"; filename*=UTF-8''na%C3%AFve.txt") ==
        "na\xC3\xAFve.txt");
  CHECK(disposition_file_name("attachment; filename*=ISO-8859-1''x; filename=y") == "y");
  CHECK(disposition_file_name("attachment; filename=\"a\\\"b;c\"; x=1") == "a\"b;c");
  CHECK(disposition_file_name("attachment; filename=\"../../etc/passwd\"") == "passwd");
  CHECK(disposition_file_name("attachment; filename=\"C:\\\\x\\\\y.exe\"") == "y.exe");
  CHECK(disposition_file_name("attachment; filename*=UTF-8''..%2F..%2F.ssh%2Fid") == "id");
  CHECK(disposition_file_name("attachment; filename=\"..\"").empty());
  CHECK(disposition_file_name("inline").empty());
  CHECK(disposition_file_name("attachment; filename").empty());
  CHECK(disposition_file_name("attachment; filename=\"unclosed") == "unclosed");
  CHECK(disposition_file_name("attachment; filename=\"a\nb\"").find('\n') == std::string::npos);
  CHECK(bare_file_name(std::string(1000, 'a')).size() <= 255);
  CHECK(http_url::parse("http://h/a/b%2Fc")->file_name() == "c");
  CHECK(http_url::parse("http://h/a/")->file_name().empty());
}

TEST_CASE("origin fields: media types") {
  CHECK(media_type("Text/HTML; charset=utf-8") == "text/html");
  CHECK(media_type(" application/x-iso9660-image ") == "application/x-iso9660-image");
  for (const auto* bad : {"", "text", "/x", "a/b/c", "a b/c", "text/\"x\""})
    CHECK(media_type(bad).empty());
}

TEST_CASE("origin fields: what validators say, by RFC 9110 section 8.8") {
  using said = validators::verdict;
  const validators none;
  const validators strong{entity_tag{false, "a"}, 100, true};
  const validators other{entity_tag{false, "b"}, 100, true};
  const validators weak{entity_tag{true, "a"}, 100, true};
  const validators dated{std::nullopt, 100, true};
  const validators later{std::nullopt, 101, true};
  const validators fresh{std::nullopt, 100, false};
  CHECK(strong.compare(strong) == said::same);
  CHECK(strong.compare(other) == said::changed);
  CHECK(strong.compare(validators{entity_tag{false, "a"}, 200, true}) == said::same);
  CHECK(weak.compare(weak) == said::unproven);
  CHECK(strong.compare(weak) == said::unproven);
  CHECK(weak.compare(validators{entity_tag{true, "b"}, 100, true}) == said::changed);
  CHECK(dated.compare(dated) == said::same);
  CHECK(dated.compare(later) == said::changed);
  CHECK(dated.compare(fresh) == said::unproven);
  CHECK(strong.compare(none) == said::unproven);
  CHECK(none.compare(none) == said::unproven);
  // Section 13.1.5: only strong ones are sent.
  CHECK(strong.if_range() == "\"a\"");
  CHECK_FALSE(weak.if_range());
  CHECK(dated.if_range() == http_date(100));
  CHECK_FALSE(fresh.if_range());
  CHECK_FALSE(none.if_range());
}
