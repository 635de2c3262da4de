#include "actors/services/origin/limits.hpp"
#include "actors/services/origin/mirror_set.hpp"
#include "tests/catch.hpp"

using namespace interswarm;
using namespace interswarm::origin;
using kind = verdict::kind;

namespace {

constexpr std::int64_t now = 1'700'000'000;
using fields = std::map<std::string, std::string>;

mirror_set two() { return mirror_set({{"http://a:80", "x.iso"}, {"http://b:80", "y.iso"}}); }

response_head whole(const std::string& size, fields more = {}) {
  more.emplace("content-length", size);
  return {200, std::move(more), false};
}
response_head part(const std::string& range, const std::string& length, fields more = {}) {
  more.emplace("content-range", "bytes " + range);
  more.emplace("content-length", length);
  return {206, std::move(more), false};
}
verdict ask(mirror_set& s, std::size_t m, std::uint64_t from, const response_head& head) {
  return s.judge(m, s.ask(m, from, std::nullopt), head, now);
}

} // namespace

TEST_CASE("origin mirrors: the first answer teaches the content") {
  auto s = two();
  CHECK_FALSE(s.knows());
  const auto v = ask(s, 0, 0,
                     part("0-99/100", "100",
                          {{"etag", "\"v1\""},
                           {"content-type", "Application/Zip; x=y"},
                           {"last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"},
                           {"content-disposition", "attachment; filename=\"real.zip\""}}));
  CHECK(v.what == kind::take);
  CHECK(v.begin == 0);
  CHECK(v.end == 100u);
  CHECK(s.size() == 100u);
  CHECK(s.learned().media_type == "application/zip");
  CHECK(s.learned().file_name == "real.zip");
  CHECK(s.learned().etag == "\"v1\"");
  CHECK(s.learned().last_modified == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(s.note().empty());
  const auto next = s.ask(0, 40, std::nullopt);
  CHECK(next.conditional);
  CHECK(s.if_range(0, next) == "\"v1\"");
  // Each server has validators of its own.
  CHECK_FALSE(s.ask(1, 40, std::nullopt).conditional);
}

TEST_CASE("origin mirrors: a name from the path where no other is given") {
  auto s = two();
  CHECK(ask(s, 1, 0, whole("5")).what == kind::take);
  CHECK(s.learned().file_name == "y.iso");
}

TEST_CASE("origin mirrors: a change after bytes were used is a conflict") {
  const fields v1{{"etag", "\"v1\""}};
  const fields v2{{"etag", "\"v2\""}};
  for (const auto& answer :
       {whole("100", v2), whole("90", v2), whole("100"), part("40-99/100", "60", v2),
        part("40-89/90", "50", v1), response_head{416, {{"content-range", "bytes */30"}}}}) {
    auto s = two();
    REQUIRE(ask(s, 0, 0, part("0-99/100", "100", v1)).what == kind::take);
    s.used(0);
    const auto v = ask(s, 0, 40, answer);
    CHECK(v.what == kind::conflict);
    CHECK(v.why.code == errc::conflict);
    CHECK(v.why.text.find("http://a:80") != std::string::npos);
  }
}

TEST_CASE("origin mirrors: weak validators and dates are compared, but never sent unless strong") {
  auto s = two();
  const fields weak{{"etag", "W/\"v1\""}};
  REQUIRE(ask(s, 0, 0, part("0-99/100", "100", weak)).what == kind::take);
  s.used(0);
  CHECK_FALSE(s.ask(0, 40, std::nullopt).conditional);
  CHECK(ask(s, 0, 40, part("40-99/100", "60", weak)).what == kind::take);
  CHECK(ask(s, 0, 40, part("40-99/100", "60", {{"etag", "W/\"v2\""}})).what == kind::conflict);
  auto d = two();
  const fields dated{{"last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"},
                     {"date", "Sun, 06 Nov 1994 08:49:38 GMT"}};
  REQUIRE(ask(d, 0, 0, part("0-99/100", "100", dated)).what == kind::take);
  CHECK(d.if_range(0, d.ask(0, 1, std::nullopt)) == "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST_CASE("origin mirrors: a change before any byte was used is taken as it is") {
  auto s = two();
  REQUIRE(ask(s, 0, 0, part("0-99/100", "100", {{"etag", "\"v1\""}})).what == kind::take);
  CHECK(ask(s, 0, 0, whole("120", {{"etag", "\"v2\""}})).what == kind::again);
  CHECK_FALSE(s.size());
  CHECK(ask(s, 0, 0, part("0-119/120", "120", {{"etag", "\"v2\""}})).what == kind::take);
  CHECK(s.size() == 120u);
}

TEST_CASE("origin mirrors: an unused mirror that changed or has another size is left out") {
  auto s = two();
  REQUIRE(ask(s, 0, 0, part("0-99/100", "100")).what == kind::take);
  s.used(0);
  const auto v = ask(s, 1, 40, part("40-100/101", "61"));
  CHECK(v.what == kind::out);
  CHECK(v.why.code == errc::conflict);
  CHECK(s.is_out(1));
  CHECK(s.note().find("http://b:80 has 101 bytes, another mirror 100 bytes") != std::string::npos);
  auto t = two();
  REQUIRE(ask(t, 1, 0, part("0-99/100", "100", {{"etag", "\"b1\""}})).what == kind::take);
  REQUIRE(ask(t, 0, 0, part("0-99/100", "100", {{"etag", "\"a1\""}})).what == kind::take);
  t.used(0);
  CHECK(ask(t, 1, 40, part("40-99/100", "60", {{"etag", "\"b2\""}})).what == kind::out);
  CHECK_FALSE(t.all_out());
}

TEST_CASE("origin mirrors: ranges that were not asked for are failures") {
  for (const auto& answer :
       {part("0-99/100", "100"), part("41-99/100", "59"), part("40-99/100", "61"),
        part("40-99/100", "x"), response_head{206, {}}, part("40-100/100", "61")}) {
    auto s = two();
    const auto v = ask(s, 0, 40, answer);
    CHECK(v.what == kind::retry);
    CHECK(v.why.code == errc::unavailable);
    CHECK_FALSE(s.size());
  }
  auto s = two();
  // More than up to where it was asked to.
  CHECK(s.judge(0, s.ask(0, 40, 60), part("40-99/100", "60"), now).what == kind::retry);
  CHECK(s.judge(0, s.ask(0, 40, 60), part("40-59/100", "20"), now).what == kind::take);
  CHECK(ask(s, 0, 0, whole("5, 5")).what == kind::retry);
}

TEST_CASE("origin mirrors: a server without ranges sends all from the start") {
  auto s = two();
  const fields v1{{"etag", "\"v1\""}};
  REQUIRE(ask(s, 0, 0, whole("100", v1)).what == kind::take);
  s.used(0);
  CHECK(s.has_ranges(0));
  const auto v = ask(s, 0, 40, whole("100", v1));
  CHECK(v.what == kind::take);
  CHECK(v.begin == 0);
  CHECK(v.end == 100u);
  CHECK_FALSE(s.has_ranges(0));
  CHECK(s.note().find("has no ranges") != std::string::npos);
  CHECK_FALSE(s.ask(0, 40, std::nullopt).ranged);
  auto t = two();
  CHECK(ask(t, 0, 0, whole("100", {{"accept-ranges", "none"}})).what == kind::take);
  CHECK_FALSE(t.has_ranges(0));
}

TEST_CASE("origin mirrors: statuses") {
  const auto answer = [](unsigned status, fields f = {}) {
    auto s = two();
    return ask(s, 0, 0, {status, std::move(f)});
  };
  CHECK(answer(404).what == kind::out);
  CHECK(answer(404).why.code == errc::not_found);
  CHECK(answer(410).why.code == errc::not_found);
  for (const unsigned status : {400u, 401u, 403u, 407u, 451u}) {
    CHECK(answer(status).what == kind::out);
    CHECK(answer(status).why.code == errc::denied);
  }
  for (const unsigned status : {408u, 425u, 429u, 500u, 502u, 503u, 504u})
    CHECK(answer(status).what == kind::retry);
  CHECK(answer(503, {{"retry-after", "7"}}).retry_after == std::chrono::seconds(7));
  for (const unsigned status : {100u, 204u, 304u, 600u}) CHECK(answer(status).what == kind::out);
}

TEST_CASE("origin mirrors: encodings are refused, and bodies whose end cannot be seen") {
  auto s = two();
  CHECK(ask(s, 0, 0, whole("100", {{"content-encoding", "gzip"}})).what == kind::out);
  CHECK(ask(s, 1, 0, response_head{200, {}}).what == kind::out);
  REQUIRE(s.all_out());
  CHECK(s.all_out()->code == errc::malformed);
  auto t = two();
  CHECK(ask(t, 0, 0, whole("100", {{"content-encoding", "identity"}})).what == kind::take);
}

TEST_CASE("origin mirrors: unknown sizes") {
  auto s = two();
  const response_head chunks{200, {{"etag", "\"v1\""}}, true};
  const auto v = ask(s, 0, 0, chunks);
  CHECK(v.what == kind::take);
  CHECK_FALSE(v.end);
  CHECK_FALSE(s.size());
  s.used(0);
  // The same version can be read again from its start.
  CHECK(ask(s, 0, 40, chunks).what == kind::take);
  s.ended_at(77);
  CHECK(s.size() == 77u);
  // One without validators cannot.
  auto t = two();
  REQUIRE(ask(t, 0, 0, response_head{200, {}, true}).what == kind::take);
  t.used(0);
  CHECK(ask(t, 0, 40, response_head{200, {}, true}).what == kind::out);
}

TEST_CASE("origin mirrors: ranges that begin at the end") {
  auto s = two();
  const auto empty = ask(s, 0, 0, {416, {{"content-range", "bytes */0"}}});
  CHECK(empty.what == kind::take);
  CHECK(empty.end == 0u);
  CHECK(s.size() == 0u);
  auto t = two();
  CHECK(ask(t, 0, 0, {416, {}}).what == kind::again);
  CHECK_FALSE(t.has_ranges(0));
  CHECK(ask(t, 0, 0, {416, {}}).what == kind::retry);
}

TEST_CASE("origin mirrors: when all are out the answer says why, per server") {
  auto s = two();
  ask(s, 0, 0, {404, {}});
  CHECK_FALSE(s.all_out());
  CHECK(s.lines() == "http://a:80 answered with HTTP status 404; http://b:80 not asked yet");
  ask(s, 1, 0, {404, {}});
  CHECK(s.all_out()->code == errc::not_found);
  auto t = two();
  ask(t, 0, 0, {404, {}});
  t.leave_out(1, {errc::denied, "failed the TLS handshake: x"});
  CHECK(t.all_out()->code == errc::denied);
  CHECK(t.all_out()->text ==
        "http://a:80 answered with HTTP status 404; http://b:80 failed the TLS handshake: x");
}

TEST_CASE("origin mirrors: a field that is too long counts as absent") {
  response_head h{200, {{"etag", "\"" + std::string(limits::field_bytes, 'a') + "\""}}};
  CHECK_FALSE(h.field("etag"));
  h.fields["etag"].erase(1, 2);
  CHECK(h.field("etag"));
}
