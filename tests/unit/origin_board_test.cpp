#include "actors/services/origin/origin_board.hpp"
#include "tests/catch.hpp"

#include <array>

using namespace interswarm;
using namespace interswarm::origin;
using namespace std::chrono_literals;

namespace {

/// Opens n servers, in order.
std::vector<origin_board::number> open_all(origin_board& b, std::size_t n) {
  std::vector<origin_board::number> out;
  for (std::size_t i = 0; i < n; ++i)
    out.push_back(*b.open("http://s" + std::to_string(i) + ":80", 0s));
  return out;
}

} // namespace

TEST_CASE("origin board: a failing server waits, longer each time, up to the cut") {
  origin_board b({});
  const auto n = open_all(b, 1);
  instant now = 0s;
  const std::array<instant, 8> waits{1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s};
  for (std::size_t i = 0; i < waits.size(); ++i) {
    // The whole wait: random is at its end.
    b.failed(n[0], "connection refused", now, 1.0);
    CHECK(b.status(n[0], now).state == (i < 2 ? health::failing : health::down));
    CHECK_FALSE(b.choose(n, now + waits[i] - 1ms));
    CHECK(b.choose(n, now + waits[i]));
    CHECK(b.all_failing(n, now));
    now += waits[i];
  }
  CHECK(b.status(n[0], now).last_error == "connection refused");
  CHECK(b.status(n[0], now).failures == waits.size());
  b.succeeded(n[0]);
  CHECK(b.status(n[0], now).state == health::up);
  b.failed(n[0], "x", now, 0.0);
  CHECK_FALSE(b.choose(n, now + 499ms));
  CHECK(b.choose(n, now + 500ms));
}

TEST_CASE("origin board: time forgives") {
  origin_board b({});
  const auto n = open_all(b, 1);
  for (const instant at : {0s, 10s, 20s, 30s}) b.failed(n[0], "x", at, 1.0);
  CHECK(b.status(n[0], 329s).state == health::down);
  CHECK(b.status(n[0], 330s).state == health::up);
  // It begins anew: the first wait, not the fifth.
  b.failed(n[0], "x", 330s, 1.0);
  CHECK(b.status(n[0], 330s).state == health::failing);
  CHECK(b.choose(n, 331s));
}

TEST_CASE("origin board: requests that break together are one failure") {
  origin_board b({});
  const auto n = open_all(b, 1);
  for (int i = 0; i < 4; ++i) b.failed(n[0], "x", 5s, 1.0);
  CHECK(b.status(n[0], 5s).failures == 4);
  CHECK(b.status(n[0], 5s).state == health::failing);
  CHECK_FALSE(b.choose(n, 5999ms));
  CHECK(b.choose(n, 6s));
}

TEST_CASE("origin board: Retry-After is kept, but not for ever") {
  origin_board b({});
  const auto n = open_all(b, 2);
  b.failed(n[0], "busy", 0s, 0.0, instant(120s));
  CHECK_FALSE(b.choose(std::array{n[0]}, 119s));
  CHECK(b.choose(std::array{n[0]}, 120s));
  // The first wait still counts when the server asks for less.
  b.failed(n[1], "busy", 0s, 1.0, instant(0s));
  CHECK_FALSE(b.choose(std::array{n[1]}, 999ms));
  b.failed(n[1], "busy", 0s, 1.0, instant(24h));
  CHECK_FALSE(b.choose(std::array{n[1]}, 3599s));
  CHECK(b.choose(std::array{n[1]}, 3600s));
}

TEST_CASE("origin board: healthy first, then the fastest, then the given order") {
  origin_board b({});
  const auto n = open_all(b, 3);
  CHECK(b.choose(n, 0s) == 0u);
  // Bytes per second: 200 KiB, 8 MiB and none measured, which counts as 1 MiB.
  b.received(n[0], 200 << 10, 1s, 1s);
  b.received(n[1], 8 << 20, 1s, 1s);
  CHECK(b.choose(n, 1s) == 1u);
  CHECK(b.status(n[1], 1s).bytes_per_second == 8u << 20);
  b.failed(n[1], "x", 1s, 0.0);
  CHECK(b.choose(n, 1s) == 2u);
  // Its wait is over, but those that are up go first.
  CHECK(b.choose(n, 10s) == 2u);
  for (const instant at : {1s, 10s, 20s}) b.failed(n[2], "x", at, 0.0);
  b.failed(n[0], "x", 1s, 0.0);
  CHECK(b.choose(n, 60s) == 1u);
  CHECK(b.all_failing(n, 60s));
}

TEST_CASE("origin board: load is shared and bounded") {
  origin_board::settings s;
  s.usual.requests = 2;
  origin_board b(s);
  const auto n = open_all(b, 2);
  std::vector<std::size_t> chosen;
  for (int i = 0; i < 4; ++i) {
    const auto c = b.choose(n, 0s);
    REQUIRE(c);
    chosen.push_back(*c);
    b.request_began(n[*c], 0s);
  }
  CHECK(chosen == std::vector<std::size_t>{0, 1, 0, 1});
  CHECK_FALSE(b.choose(n, 0s));
  CHECK(b.status(n[0], 0s).in_flight == 2);
  b.request_ended(n[1]);
  CHECK(b.choose(n, 0s) == 1u);
}

TEST_CASE("origin board: bytes and requests keep their rates") {
  origin_board::settings s;
  s.special["http://s0:80"] = {1'000'000, 2, 100};
  origin_board b(s);
  const auto n = open_all(b, 2);
  instant now = 1s;
  std::uint64_t bytes = 0;
  while (now < 11s) {
    const auto wait = b.byte_wait(n[0], now);
    now += wait;
    const auto step = b.byte_step(n[0]);
    b.received(n[0], step, 1us, now);
    bytes += step;
  }
  CHECK(bytes > 9'900'000);
  CHECK(bytes < 10'150'000);
  CHECK(b.byte_wait(n[1], now) == 0s);
  unsigned requests = 0;
  for (now = 20s; now < 30s; now += 10ms) {
    if (!b.choose(std::array{n[0]}, now)) continue;
    b.request_began(n[0], now);
    ++requests;
  }
  CHECK(requests >= 20);
  CHECK(requests <= 22);
}

TEST_CASE("origin board: when a transfer is to be moved to another mirror") {
  origin_board b({});
  const auto n = open_all(b, 3);
  // Never measured: worth a try.
  CHECK(b.better_than(n[0], 1000, n, 0s));
  b.received(n[1], 3000, 1s, 1s);
  b.received(n[2], 4000, 1s, 1s);
  CHECK(b.better_than(n[0], 1000, n, 1s));
  CHECK_FALSE(b.better_than(n[0], 1001, n, 1s));
  b.failed(n[2], "x", 1s, 0.0);
  CHECK_FALSE(b.better_than(n[0], 1000, n, 5s));
  CHECK_FALSE(b.better_than(n[0], 1, std::array{n[0]}, 5s));
}

TEST_CASE("origin board: it is bounded, and servers that nobody uses make room") {
  origin_board::settings s;
  s.max_servers = 3;
  origin_board b(s);
  const auto n = open_all(b, 3);
  CHECK(b.open("http://s3:80", 1s).error().code == errc::overloaded);
  CHECK(*b.open("http://s1:80", 1s) == n[1]);
  b.close(n[1]);
  CHECK_FALSE(b.open("http://s3:80", 1s));
  b.failed(n[1], "x", 1s, 0.0);
  b.close(n[1]);
  const auto made = b.open("http://s3:80", 2s);
  REQUIRE(made);
  CHECK(b.size() == 3);
  // Nothing of the one before it is left.
  CHECK(b.status(*made, 2s).server == "http://s3:80");
  CHECK(b.status(*made, 2s).state == health::up);
  CHECK(b.status(*made, 2s).failures == 0);
  CHECK(b.all(2s).size() == 3);
}
