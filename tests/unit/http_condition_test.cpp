#include "actors/services/http/conditions.hpp"
#include "actors/services/http/http_date.hpp"
#include "actors/services/http/limits.hpp"
#include "tests/catch.hpp"

using namespace interswarm::http;

namespace {

constexpr std::int64_t now = 1'800'000'000;
constexpr std::int64_t modified = 784'111'777; // Sun, 06 Nov 1994 08:49:37 GMT
const std::string at = "Sun, 06 Nov 1994 08:49:37 GMT";
const std::string before = "Sun, 06 Nov 1994 08:49:36 GMT";
const std::string after = "Sun, 06 Nov 1994 08:49:38 GMT";
const validators has{"\"xyzzy\"", modified};

condition_outcome when(const conditions& c, const validators& v = has) {
  return evaluate(c, v, now);
}

} // namespace

// RFC 9110 section 5.6.7.
TEST_CASE("http date: the three forms of one time") {
  CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT", now) == modified);
  CHECK(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", now) == modified);
  CHECK(parse_http_date("Sun Nov  6 08:49:37 1994", now) == modified);
  CHECK(parse_http_date("Wed Nov 16 08:49:37 1994", now) == modified + 10 * 86'400);
  CHECK(format_http_date(modified) == at);
  CHECK(format_http_date(0) == "Thu, 01 Jan 1970 00:00:00 GMT");
  CHECK(format_http_date(1'709'210'096) == "Thu, 29 Feb 2024 12:34:56 GMT");
  // A year that would be more than 50 years ahead is of the past century.
  CHECK(parse_http_date("Thursday, 01-Jan-70 00:00:00 GMT", 1'600'000'000) == 3'155'760'000);
  CHECK(parse_http_date("Friday, 01-Jan-71 00:00:00 GMT", 1'600'000'000) == 31'536'000);
}

TEST_CASE("http date: what is none") {
  for (const auto* text :
       {"", "Sun", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 30 Feb 1994 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT", "Xxx, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nox 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 CET", "784111777",
        "Sun Nov 6 08:49:37 1994", "Sun Nov  6 08:49:37 1994 GMT"}) {
    INFO(text);
    CHECK_FALSE(parse_http_date(text, now));
  }
}

TEST_CASE("http date: text and number, there and back") {
  for (std::int64_t t = -60'000'000'000; t < 250'000'000'000; t += 4'999'999'937) {
    INFO(t);
    CHECK(parse_http_date(format_http_date(t), now) == t);
  }
}

// RFC 9110 section 8.8.3.2: the table of comparisons.
TEST_CASE("http condition: strong and weak comparison of entity tags") {
  const auto strong = [](const std::string& tag, const std::string& own) {
    return when({.if_match = tag}, {own, 0}) == condition_outcome::proceed;
  };
  const auto weak = [](const std::string& tag, const std::string& own) {
    return when({.if_none_match = tag}, {own, 0}) == condition_outcome::not_modified;
  };
  CHECK_FALSE(strong("W/\"1\"", "\"1\""));
  CHECK(weak("W/\"1\"", "\"1\""));
  CHECK(strong("\"1\"", "\"1\""));
  CHECK(weak("\"1\"", "\"1\""));
  CHECK_FALSE(strong("\"2\"", "\"1\""));
  CHECK_FALSE(weak("W/\"2\"", "\"1\""));
}

TEST_CASE("http condition: lists of entity tags") {
  using enum condition_outcome;
  CHECK(when({.if_match = "\"xyzzy\", \"r2d2xxxx\", \"c3piozzzz\""}) == proceed);
  CHECK(when({.if_match = "\"r2d2xxxx\",\"xyzzy\""}) == proceed);
  CHECK(when({.if_match = "\"a,b\" , ,\"xyzzy\""}) == proceed);
  CHECK(when({.if_match = "*"}) == proceed);
  CHECK(when({.if_match = "\"other\""}) == failed);
  CHECK(when({.if_match = ""}) == failed);
  CHECK(when({.if_match = "xyzzy"}) == failed);
  CHECK(when({.if_match = "\"other\" \"xyzzy\""}) == failed);
  CHECK(when({.if_match = "\"xyzzy"}) == failed);
  CHECK(when({.if_none_match = "*"}) == not_modified);
  CHECK(when({.if_none_match = "W/\"xyzzy\", \"r2d2xxxx\""}) == not_modified);
  CHECK(when({.if_none_match = "\"other\""}) == proceed);
  CHECK(when({.if_none_match = "w/\"xyzzy\""}) == proceed);
  CHECK(when({.if_none_match = "\"\""}, {"", 0}) == proceed);
}

TEST_CASE("http condition: what stands behind too many entity tags does not count") {
  std::string list;
  for (std::size_t i = 1; i < limits::entity_tags; ++i) list += "\"t\",";
  CHECK(when({.if_none_match = list + "\"xyzzy\""}) == condition_outcome::not_modified);
  CHECK(when({.if_none_match = list + "\"t\",\"xyzzy\""}) == condition_outcome::proceed);
}

TEST_CASE("http condition: times") {
  using enum condition_outcome;
  CHECK(when({.if_modified_since = at}) == not_modified);
  CHECK(when({.if_modified_since = after}) == not_modified);
  CHECK(when({.if_modified_since = before}) == proceed);
  CHECK(when({.if_modified_since = "yesterday"}) == proceed);
  CHECK(when({.if_unmodified_since = at}) == proceed);
  CHECK(when({.if_unmodified_since = before}) == failed);
  CHECK(when({.if_unmodified_since = "yesterday"}) == proceed);
  // Without a known time of change conditions of time say nothing.
  CHECK(when({.if_modified_since = after}, {"\"a\"", 0}) == proceed);
  CHECK(when({.if_unmodified_since = before}, {"\"a\"", 0}) == proceed);
}

// RFC 9110 section 13.2.2.
TEST_CASE("http condition: precedence") {
  using enum condition_outcome;
  CHECK(when({.if_match = "\"xyzzy\"", .if_unmodified_since = before}) == proceed);
  CHECK(when({.if_match = "\"other\"", .if_unmodified_since = after}) == failed);
  CHECK(when({.if_none_match = "\"other\"", .if_modified_since = after}) == proceed);
  CHECK(when({.if_none_match = "\"xyzzy\"", .if_modified_since = before}) == not_modified);
  CHECK(when({.if_match = "\"xyzzy\"", .if_none_match = "\"xyzzy\""}) == not_modified);
  CHECK(when({.if_match = "\"other\"", .if_none_match = "\"xyzzy\""}) == failed);
  CHECK(when({.if_modified_since = after, .if_unmodified_since = before}) == failed);
}

TEST_CASE("http condition: If-Range needs a strong tag or the very date") {
  const auto applies = [](const std::string& value, const validators& v = has) {
    return range_applies({.if_range = value}, v, now);
  };
  CHECK(range_applies({}, has, now));
  CHECK(applies("\"xyzzy\""));
  CHECK(applies(at));
  CHECK(applies("Sunday, 06-Nov-94 08:49:37 GMT"));
  CHECK_FALSE(applies("W/\"xyzzy\""));
  CHECK_FALSE(applies("\"other\""));
  CHECK_FALSE(applies("\"xyzzy\", \"other\""));
  CHECK_FALSE(applies(before));
  CHECK_FALSE(applies(after));
  CHECK_FALSE(applies(""));
  CHECK_FALSE(applies("*"));
  CHECK_FALSE(applies(at, {"\"xyzzy\"", 0}));
  CHECK_FALSE(applies("\"\"", {"", modified}));
}

TEST_CASE("http condition: entity tags that can be made") {
  CHECK(make_entity_tag("00ff") == "\"00ff\"");
  CHECK(make_entity_tag("").empty());
  CHECK(make_entity_tag("a\"b").empty());
  CHECK(make_entity_tag("a b").empty());
  CHECK(make_entity_tag("a\r\nb").empty());
  CHECK(make_entity_tag("\xc3\xa4").empty());
}
