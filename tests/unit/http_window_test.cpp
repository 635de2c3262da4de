#include "actors/services/http/admission.hpp"
#include "actors/services/http/body_window.hpp"
#include "tests/catch.hpp"

#include <map>
#include <random>

using namespace interswarm;
using namespace interswarm::http;

namespace {

constexpr std::uint64_t mib = 1u << 20;

slice content(const byte_range& r) {
  bytes out(r.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto at = r.begin + i;
    out[i] = static_cast<byte>(at ^ (at >> 8) ^ (at >> 16));
  }
  return slice(std::move(out));
}

std::vector<body_part> only(byte_range r) { return {{{}, r}}; }

std::vector<byte_range> reads_of(body_window& w) {
  std::vector<byte_range> out;
  while (const auto r = w.next_read()) {
    out.push_back(r->range);
    REQUIRE(w.arrived(r->id, slice(bytes(r->range.size()))));
    for (;;) {
      const auto o = w.take(1u << 30);
      if (o.bytes == 0) break;
      w.written(o.bytes);
    }
  }
  CHECK(w.finished());
  return out;
}

} // namespace

TEST_CASE("http window: a small range is read as it is") {
  body_window w(only({1'000'001, 1'065'537}));
  const auto r = w.next_read();
  REQUIRE(r);
  CHECK(r->range == byte_range{1'000'001, 1'065'537});
  CHECK(r->urgent);
  CHECK_FALSE(w.next_read());
  CHECK(w.take(100).bytes == 0);
  CHECK_FALSE(w.finished());
  REQUIRE(w.arrived(r->id, content(r->range)));
  CHECK(w.take(60'000).bytes == 60'000);
  CHECK(w.take(60'000).bytes == 5536);
  CHECK(w.finished());
  body_window exact(only({5, 5 + mib}));
  CHECK(reads_of(exact) == std::vector<byte_range>{{5, 5 + mib}});
}

TEST_CASE("http window: a long range is read in pieces that grow and end at their multiples") {
  body_window w(only({100, 3 * mib + 7}));
  CHECK(reads_of(w) == std::vector<byte_range>{{100, mib / 4},
                                               {mib / 4, mib / 2},
                                               {mib / 2, mib},
                                               {mib, 2 * mib},
                                               {2 * mib, 3 * mib},
                                               {3 * mib, 3 * mib + 7}});
}

TEST_CASE("http window: no further ahead than the window while the client takes nothing") {
  body_window w(only({0, 100 * mib}), 4 * mib);
  std::vector<body_window::read> asked;
  std::uint64_t sum = 0;
  while (const auto r = w.next_read()) {
    asked.push_back(*r);
    sum += r->range.size();
  }
  CHECK(sum <= 4 * mib);
  CHECK(sum > 3 * mib);
  CHECK(asked.front().urgent);
  CHECK_FALSE(asked.back().urgent);
  // The answers alone make no room, only what has left does.
  for (const auto& r : asked) REQUIRE(w.arrived(r.id, slice(bytes(r.range.size()))));
  CHECK_FALSE(w.next_read());
  const auto out = w.take(512u << 10);
  CHECK(out.bytes == 512u << 10);
  CHECK_FALSE(w.next_read());
  w.written(out.bytes);
  CHECK_FALSE(w.next_read());
  w.written(w.take(512u << 10).bytes);
  CHECK(w.next_read());
}

TEST_CASE("http window: a read that is larger than the window still comes") {
  body_window w({{"text", {0, 100}}}, 50);
  CHECK_FALSE(w.next_read());
  CHECK(as_text(w.take(1000).pieces.at(0)) == "text");
  w.written(4);
  const auto r = w.next_read();
  REQUIRE(r);
  CHECK(w.arrived(r->id, content(r->range)));
}

TEST_CASE("http window: other bytes than were asked for") {
  body_window w(only({0, 100}));
  const auto r = w.next_read();
  REQUIRE(r);
  CHECK_FALSE(w.arrived(r->id, slice(bytes(99))));
  CHECK_FALSE(w.arrived(r->id, slice(bytes(101))));
  CHECK_FALSE(w.arrived(r->id, slice()));
  CHECK_FALSE(w.arrived(r->id + 1, slice(bytes(100))));
  CHECK(w.arrived(r->id, slice(bytes(100))));
  CHECK_FALSE(w.arrived(r->id, slice(bytes(100))));
}

TEST_CASE("http window: text alone, and nothing at all") {
  body_window text({{"abc", {}}, {"", {}}, {"def", {7, 7}}});
  CHECK_FALSE(text.next_read());
  const auto out = text.take(100);
  CHECK(out.bytes == 6);
  CHECK(out.content_bytes == 0);
  CHECK(text.finished());
  CHECK(body_window({}).finished());
  CHECK(body_window(only({0, 0})).finished());
}

TEST_CASE("http window: answers in any order come out in the order of the body") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 50; ++round) {
    std::vector<body_part> parts;
    std::string expected;
    std::uint64_t content_bytes = 0;
    for (auto n = 1 + random() % 4; n > 0; --n) {
      const std::uint64_t begin = random() % (3 * mib);
      const byte_range r{begin, begin + random() % (2 * mib)};
      parts.push_back({std::string(random() % 30, 'h'), r});
      expected += parts.back().text;
      expected += as_text(content(r));
      content_bytes += r.size();
    }
    parts.push_back({"end", {}});
    expected += "end";
    body_window w(std::move(parts), 2 * mib);
    std::map<std::uint64_t, byte_range> open;
    std::string got;
    std::uint64_t counted = 0;
    while (!w.finished()) {
      while (const auto r = w.next_read()) open[r->id] = r->range;
      if (!open.empty() && random() % 2 == 0) {
        auto it = std::next(open.begin(), static_cast<int>(random() % open.size()));
        REQUIRE(w.arrived(it->first, content(it->second)));
        open.erase(it);
      }
      const auto out = w.take(1 + random() % mib);
      for (const auto& p : out.pieces) got += as_text(p);
      counted += out.content_bytes;
      w.written(out.bytes);
    }
    REQUIRE(got == expected);
    REQUIRE(counted == content_bytes);
  }
}

TEST_CASE("http admission: in total and by address") {
  admission gate(5, 2);
  const auto a = *ip_address::parse("192.0.2.1");
  const auto b = *ip_address::parse("192.0.2.2");
  CHECK(gate.enter(a));
  CHECK(gate.enter(a));
  CHECK_FALSE(gate.enter(a));
  CHECK(gate.enter(b));
  gate.leave(a);
  CHECK(gate.enter(a));
  // A household has a /64 of IPv6.
  const auto six = *ip_address::parse("2001:db8::1");
  CHECK(gate.enter(six));
  CHECK(gate.enter(*ip_address::parse("2001:db8::ffff:2")));
  CHECK(gate.total() == 5);
  CHECK_FALSE(gate.enter(b));
  gate.leave(six);
  CHECK_FALSE(gate.enter(a));
  CHECK(gate.enter(*ip_address::parse("2001:db8:0:1::1")));
}

TEST_CASE("http pacer: a second's worth at once, then the rate") {
  CHECK(pacer(0).wait_us(1u << 30, 0) == 0);
  CHECK(pacer(0).write_limit(1000) == 1000);
  pacer p(1'000'000);
  CHECK(p.write_limit(512 << 10) == 125'000);
  CHECK(p.wait_us(1'000'000, 5'000'000) == 0);
  CHECK(p.wait_us(125'000, 5'000'000) == 125'000);
  CHECK(p.wait_us(125'000, 5'125'000) == 125'000);
  // A rest makes up for one second, not more.
  CHECK(p.wait_us(2'000'000, 60'000'000) == 1'000'000);
  CHECK(pacer(1).write_limit(512 << 10) == 1024);
}
