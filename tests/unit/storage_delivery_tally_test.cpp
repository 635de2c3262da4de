#include "storage/delivery_tally.hpp"
#include "tests/catch.hpp"

using namespace interswarm;

namespace {

constexpr std::int64_t hour_ms = 3'600'000;

msg::delivery what(const std::string& overlay, std::uint64_t count, byte content = 1) {
  msg::delivery out;
  out.overlay = overlay;
  out.content_id = slice(bytes(32, content));
  out.tenant = "alice";
  out.bytes = count;
  return out;
}

struct fixture {
  byte receipts = 0;
  delivery_tally tally{"node", [this] { return slice(bytes(16, ++receipts)); }, 3};
};

} // namespace

TEST_CASE_METHOD(fixture, "delivery tally: repeated deliveries add up under one receipt") {
  CHECK(tally.add(what("http", 10), 5 * hour_ms + 1));
  CHECK(tally.add(what("http", 10), 5 * hour_ms + 7));
  CHECK(tally.add(what("http", 0), 5 * hour_ms + 9));
  const auto first = tally.take_changed(10, 5 * hour_ms + 10);
  REQUIRE(first.size() == 1);
  CHECK(first[0].bytes == 20);
  CHECK(first[0].hour == 5 * 3600);
  CHECK(first[0].node == "node");
  CHECK(first[0].first_at == 5 * hour_ms + 1);
  CHECK(first[0].last_at == 5 * hour_ms + 7);
  CHECK(tally.take_changed(10, 5 * hour_ms + 11).empty());
  CHECK(tally.add(what("http", 5), 5 * hour_ms + 12));
  const auto second = tally.take_changed(10, 5 * hour_ms + 13);
  REQUIRE(second.size() == 1);
  CHECK(second[0].receipt == first[0].receipt);
  CHECK(second[0].bytes == 25);
}

TEST_CASE_METHOD(fixture, "delivery tally: hour, overlay, content, tenant and party are apart") {
  auto other = what("http", 1);
  SECTION("overlay") { other.overlay = "ed2k"; }
  SECTION("content") { other.content_id = slice(bytes(32, 9)); }
  SECTION("tenant") { other.tenant = "bob"; }
  SECTION("party") { other.party = "p"; }
  std::int64_t at = 1;
  SECTION("hour") { at = hour_ms; }
  CHECK(tally.add(what("http", 2), 1));
  CHECK(tally.add(other, at));
  const auto both = tally.take_changed(10, at);
  REQUIRE(both.size() == 2);
  CHECK(both[0].receipt != both[1].receipt);
  CHECK(both[0].bytes + both[1].bytes == 3);
}

TEST_CASE_METHOD(fixture, "delivery tally: what could not be entered comes again") {
  CHECK(tally.add(what("http", 1), 1));
  CHECK(tally.add(what("ed2k", 1), 1));
  const auto one = tally.take_changed(1, 2);
  CHECK(one.size() == 1);
  tally.give_back(one);
  CHECK(tally.take_changed(10, 2 * hour_ms).size() == 2);
}

TEST_CASE_METHOD(fixture, "delivery tally: a full one forgets what was taken, and nothing else") {
  for (byte i = 1; i <= 3; ++i) CHECK(tally.add(what("http", 1, i), 1));
  CHECK_FALSE(tally.add(what("http", 1, 4), 1));
  CHECK(tally.add(what("http", 1, 3), 1));
  const auto all = tally.take_changed(2, 1);
  CHECK(all.size() == 2);
  CHECK(tally.add(what("http", 1, 4), 1));
  CHECK(tally.take_changed(10, 1).size() == 2);
  // A count that was forgotten begins anew: under another receipt, with what came since.
  CHECK(tally.add(what("http", 7, 1), 1));
  const auto again = tally.take_changed(10, 1);
  REQUIRE(again.size() == 1);
  CHECK(again[0].bytes == 7);
  CHECK(again[0].receipt != all[0].receipt);
}

TEST_CASE_METHOD(fixture, "delivery tally: past hours are forgotten once they were taken") {
  CHECK(tally.add(what("http", 1), 1));
  CHECK(tally.take_changed(10, hour_ms).size() == 1);
  CHECK(tally.take_changed(10, hour_ms).empty());
  CHECK(tally.add(what("http", 1), 2));
  CHECK(tally.take_changed(10, hour_ms).front().bytes == 1);
}
