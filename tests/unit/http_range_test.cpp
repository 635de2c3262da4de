#include "actors/services/http/byte_ranges.hpp"
#include "actors/services/http/limits.hpp"
#include "tests/catch.hpp"

#include <random>

using namespace interswarm;
using namespace interswarm::http;

namespace {

using outcome = range_selection::outcome;
using list = std::vector<byte_range>;

list part(std::string_view header, std::uint64_t size) {
  const auto out = select_ranges(header, size);
  INFO(header);
  REQUIRE(out.what == outcome::part);
  return out.ranges;
}

outcome what(std::string_view header, std::uint64_t size) {
  return select_ranges(header, size).what;
}

} // namespace

// RFC 9110 section 14.1.2: a representation of 10000 bytes.
TEST_CASE("http range: the examples of RFC 9110") {
  CHECK(part("bytes=0-499", 10'000) == list{{0, 500}});
  CHECK(part("bytes=500-999", 10'000) == list{{500, 1000}});
  CHECK(part("bytes=-500", 10'000) == list{{9500, 10'000}});
  CHECK(part("bytes=9500-", 10'000) == list{{9500, 10'000}});
  CHECK(part("bytes=0-0,-1", 10'000) == list{{0, 1}, {9999, 10'000}});
  CHECK(part("bytes= 0-999, 4500-5499, -1000", 10'000) ==
        list{{0, 1000}, {4500, 5500}, {9000, 10'000}});
  // "legal, but not canonical" specifications of bytes 500 to 999.
  CHECK(part("bytes=500-600,601-999", 10'000) == list{{500, 1000}});
  CHECK(part("bytes=500-700,601-999", 10'000) == list{{500, 1000}});
}

TEST_CASE("http range: ends beyond the content, suffixes, order") {
  CHECK(part("bytes=9000-20000", 10'000) == list{{9000, 10'000}});
  CHECK(part("bytes=-20000", 10'000) == list{{0, 10'000}});
  CHECK(part("bytes=0-", 1) == list{{0, 1}});
  CHECK(part("bytes=900-999,0-9", 10'000) == list{{900, 1000}, {0, 10}});
  CHECK(part("bytes=10-19,40-49,15-44", 100) == list{{10, 50}});
  CHECK(part("bytes=40-49,0-9,5-41", 100) == list{{0, 50}});
  // What does not exist is left out beside what does.
  CHECK(part("bytes=0-9,20000-", 10'000) == list{{0, 10}});
  CHECK(part("BYTES=1-2", 10) == list{{1, 3}});
  CHECK(part("bytes=,, 1-2 ,\t,", 10) == list{{1, 3}});
  CHECK(part("bytes=0-99999999999999999999999", 10) == list{{0, 10}});
  CHECK(part("bytes=0-18446744073709551615", 10) == list{{0, 10}});
}

TEST_CASE("http range: nothing of it exists") {
  CHECK(what("bytes=10000-", 10'000) == outcome::unsatisfiable);
  CHECK(what("bytes=10000-10001,20000-", 10'000) == outcome::unsatisfiable);
  CHECK(what("bytes=-0", 10'000) == outcome::unsatisfiable);
  CHECK(what("bytes=99999999999999999999999-", 10'000) == outcome::unsatisfiable);
  CHECK(what("bytes=0-0", 0) == outcome::unsatisfiable);
  // All of the last bytes of nothing are there.
  CHECK(what("bytes=-5", 0) == outcome::whole);
}

TEST_CASE("http range: what is no range of bytes is ignored") {
  for (const auto* header :
       {"", "bytes", "bytes=", "bytes=,", "bytes=-", "bytes=a-b", "bytes=5-4", "bytes=1",
        "bytes=1-2-3", "bytes=0x0-5", "bytes=+1-2", "bytes=1- 2", "bytes =1-2", "items=0-5",
        "bytes=0-5;q=1", "bytes=0-1,5-4", "bytes:0-5", "bytes=1-2\r\nX: y"}) {
    INFO(header);
    CHECK(what(header, 100) == outcome::whole);
  }
}

TEST_CASE("http range: more ranges than the limit are ignored") {
  std::string header = "bytes=";
  for (std::size_t i = 0; i < limits::ranges; ++i) {
    if (i > 0) header += ',';
    header += std::to_string(i * 10) + '-' + std::to_string(i * 10);
  }
  CHECK(part(header, 10'000).size() == limits::ranges);
  CHECK(what(header + ",9000-9001", 10'000) == outcome::whole);
}

TEST_CASE("http range: Content-Range") {
  CHECK(content_range({0, 500}, 1234) == "bytes 0-499/1234");
  CHECK(content_range({734, 1234}, 1234) == "bytes 734-1233/1234");
  CHECK(unsatisfied_range(1234) == "bytes */1234");
}

TEST_CASE("http range: random lists select just their union, no byte twice") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const auto below = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
  for (int round = 0; round < 2000; ++round) {
    const std::uint32_t size = 1 + below(60);
    std::vector<bool> wanted(size, false);
    std::string header = "bytes=";
    const auto count = 1 + below(6);
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto first = below(size + 5);
      const auto last = first + below(20);
      if (i > 0) header += ",";
      header += std::to_string(first) + '-' + std::to_string(last);
      for (auto at = first; at <= last && at < size; ++at) wanted[at] = true;
    }
    const auto out = select_ranges(header, size);
    std::vector<bool> got(size, false);
    for (const auto& r : out.ranges) {
      for (auto at = r.begin; at < r.end; ++at) {
        REQUIRE(at < size);
        REQUIRE_FALSE(got[at]);
        got[at] = true;
      }
    }
    INFO(header << " of " << size);
    REQUIRE(got == wanted);
  }
}
