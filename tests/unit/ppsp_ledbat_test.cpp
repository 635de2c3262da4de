#include "actors/overlays/ppsp/ledbat.hpp"
#include "tests/catch.hpp"

#include <deque>

using namespace interswarm::ppsp;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t segment = 1056;

/// A path with one queue in the middle, and what the sender keeps in it.
struct path {
  explicit path(double bytes_per_us, instant one_way = 20ms) : rate(bytes_per_us), delay(one_way) {}

  /// Sends as the window allows until `end`; answers with the bytes that arrived.
  std::size_t run(ledbat& l, instant end) {
    std::size_t arrived = 0;
    while (now < end) {
      while (l.room() >= segment) {
        l.sent(now, segment);
        free_at = std::max(free_at, now) + instant(static_cast<std::int64_t>(segment / rate));
        under_way.push_back({now, free_at + delay});
      }
      if (under_way.empty()) break;
      const auto next = under_way.front();
      under_way.pop_front();
      now = std::max(now, next.second + delay);
      arrived += segment;
      const auto measured = static_cast<std::uint64_t>((next.second - next.first).count()) + skew;
      most = std::max(most, next.second - next.first - delay);
      l.acked(now, segment, measured, now - next.first);
    }
    return arrived;
  }

  double rate;
  instant delay;
  instant now{0};
  instant free_at{0};
  instant most{0};
  /// The clocks differ; the sum wraps.
  std::uint64_t skew = ~std::uint64_t{0} - 1000;
  std::deque<std::pair<instant, instant>> under_way;
};

} // namespace

TEST_CASE("ppsp ledbat: a path is filled, and its queue kept near the target") {
  for (const double rate : {0.125, 1.25, 12.5}) { // 1, 10, 100 Mbit/s
    ledbat l;
    path p(rate);
    p.run(l, 20s);
    p.most = instant{0};
    const auto arrived = p.run(l, 60s);
    INFO(rate);
    CHECK(static_cast<double>(arrived) > 0.95 * rate * 40e6);
    CHECK(p.most < 150ms);
    REQUIRE(l.queuing_delay());
    CHECK(*l.queuing_delay() < 120ms);
  }
}

TEST_CASE("ppsp ledbat: it gives way to others, and comes back") {
  ledbat l;
  path p(1.25);
  p.run(l, 20s);
  const auto before = l.window();
  // Somebody else's queue of 300 ms.
  p.delay += 300ms;
  p.run(l, 40s);
  CHECK(l.window() < before / 4);
  p.delay -= 300ms;
  const auto arrived = p.run(l, 70s);
  CHECK(arrived > std::size_t{20} << 20);
}

TEST_CASE("ppsp ledbat: a loss halves the window, once a round trip") {
  ledbat l;
  path p(12.5);
  p.run(l, 5s);
  const auto before = l.window();
  l.sent(p.now, 10 * segment);
  l.lost(p.now, segment);
  CHECK(l.window() == before / 2);
  l.lost(p.now + 1ms, segment);
  CHECK(l.window() == before / 2);
  l.lost(p.now + 10s, segment);
  CHECK(l.window() == before / 4);
}

TEST_CASE("ppsp ledbat: silence stops it, longer each time, until something comes") {
  ledbat l;
  CHECK_FALSE(l.deadline());
  l.sent(0s, segment);
  CHECK(l.deadline() == 1s);
  l.timed_out(1s);
  CHECK(l.in_flight() == 0);
  CHECK(l.window() == segment);
  l.sent(1s, segment);
  CHECK(l.deadline() == 3s);
  l.timed_out(3s);
  l.sent(3s, segment);
  CHECK(l.deadline() == 7s);
  l.acked(4s, segment, 5, 30ms);
  l.sent(4s, segment);
  CHECK(l.deadline() == 4s + 200ms);
}

TEST_CASE("ppsp ledbat: the window does not grow where it is not used") {
  ledbat l;
  std::uint64_t delay = 1000;
  for (int i = 0; i < 10'000; ++i) {
    const auto now = instant(i * 10'000);
    l.sent(now, segment);
    l.acked(now + 5ms, segment, delay, 5ms);
  }
  CHECK(l.window() <= 8 * segment);
}

TEST_CASE("ppsp ledbat: the least delay is forgotten after ten minutes") {
  ledbat l;
  for (int i = 0; i < 1300; ++i) {
    const auto now = instant(std::chrono::seconds(i));
    l.sent(now, segment);
    // The way becomes longer by 50 ms for good.
    l.acked(now, segment, i < 100 ? 20'000 : 70'000, 10ms);
    if (i == 200) CHECK(*l.queuing_delay() == 50ms);
  }
  CHECK(*l.queuing_delay() == 0ms);
}
