#include "actors/services/origin/pull_window.hpp"
#include "tests/catch.hpp"

#include <random>

using namespace interswarm;
using namespace interswarm::origin;
using namespace std::chrono_literals;

namespace {

constexpr instant late = 1h;

/// Byte `i` of the content.
byte at(std::uint64_t i) { return static_cast<byte>(i * 131 + i / 257); }

slice content(byte_range r) {
  bytes out;
  for (auto i = r.begin; i < r.end; ++i) out.push_back(at(i));
  return slice(std::move(out));
}

pull_window small() { return pull_window({100, 20, 4, 1000}); }

} // namespace

TEST_CASE("origin window: bytes before and after their read") {
  auto w = small();
  CHECK(w.add_bytes(0, content({0, 30})) == 30);
  const auto id = w.add_read({10, 50}, false, late);
  REQUIRE(id);
  CHECK(w.take_finished().empty());
  CHECK(w.gap({}) == byte_range{30, 0});
  CHECK(w.add_bytes(30, content({30, 60})) == 30);
  const auto got = w.take_finished();
  REQUIRE(got.size() == 1);
  CHECK(got[0].id == *id);
  CHECK(got[0].data == content({10, 50}));
  // What was read is gone, the rest is kept.
  CHECK(w.held() == std::vector<byte_range>{{0, 10}, {50, 60}});
  CHECK(w.held_bytes() == 20);
  CHECK(w.empty());
}

TEST_CASE("origin window: bytes that are here already are not taken twice") {
  auto w = small();
  CHECK(w.add_bytes(10, content({10, 20})) == 10);
  CHECK(w.add_bytes(0, content({0, 30})) == 20);
  CHECK(w.add_bytes(5, content({5, 25})) == 0);
  CHECK(w.held() == std::vector<byte_range>{{0, 30}});
  REQUIRE(w.add_read({0, 30}, false, late));
  CHECK(w.take_finished()[0].data == content({0, 30}));
}

TEST_CASE("origin window: overlapping reads each get their bytes") {
  auto w = small();
  REQUIRE(w.add_read({0, 20}, false, late));
  REQUIRE(w.add_read({10, 30}, false, late));
  w.add_bytes(0, content({0, 20}));
  REQUIRE(w.take_finished().size() == 1);
  CHECK(w.held() == std::vector<byte_range>{{10, 20}});
  w.add_bytes(20, content({20, 30}));
  CHECK(w.take_finished()[0].data == content({10, 30}));
  CHECK(w.held_bytes() == 0);
}

TEST_CASE("origin window: pieces of one block are joined without a copy") {
  auto w = small();
  const auto block = content({0, 64});
  w.add_bytes(0, block.sub(0, 16));
  w.add_bytes(16, block.sub(16, 48));
  REQUIRE(w.add_read({8, 40}, false, late));
  const auto got = w.take_finished();
  CHECK(got[0].data.data() == block.data() + 8);
  CHECK(got[0].data == content({8, 40}));
}

TEST_CASE("origin window: one transfer serves a reader in order, also one with many reads") {
  auto w = small();
  const pull_window::transfer_view t{0};
  for (std::uint64_t i = 0; i < 4; ++i) REQUIRE(w.add_read({i * 50, i * 50 + 50}, false, late));
  CHECK_FALSE(w.gap(std::array{t}));
  CHECK(w.is_wanted(t));
  // A read that leaves out more than the jump wants a request of its own.
  auto v = small();
  REQUIRE(v.add_read({20, 30}, false, late));
  CHECK_FALSE(v.gap(std::array{t}));
  REQUIRE(v.add_read({51, 60}, false, late));
  CHECK(v.gap(std::array{t}) == byte_range{51, 0});
  // Unless the transfer cannot be begun elsewhere.
  CHECK_FALSE(v.gap(std::array{pull_window::transfer_view{0, std::nullopt, true}}));
  // What a transfer has passed or will not reach, it does not bring.
  CHECK(v.gap(std::array{pull_window::transfer_view{25}}) == byte_range{20, 25});
  CHECK(v.gap(std::array{pull_window::transfer_view{10, 15, false}}) == byte_range{20, 0});
}

TEST_CASE("origin window: gaps end where bytes are held, urgent ones come first") {
  auto w = small();
  w.add_bytes(100, content({100, 110}));
  REQUIRE(w.add_read({50, 120}, false, late));
  CHECK(w.gap({}) == byte_range{50, 100});
  REQUIRE(w.add_read({300, 310}, true, late));
  CHECK(w.gap({}) == byte_range{300, 0});
}

TEST_CASE("origin window: reading ahead is bounded") {
  auto w = small();
  pull_window::transfer_view t{0};
  CHECK(w.may_read(t));
  w.add_bytes(0, content({0, 99}));
  t.at = 99;
  CHECK(w.may_read(t));
  w.add_bytes(99, content({99, 100}));
  t.at = 100;
  CHECK_FALSE(w.may_read(t));
  // Somebody waits for what comes next.
  REQUIRE(w.add_read({90, 110}, false, late));
  CHECK(w.may_read(t));
  w.add_bytes(100, content({100, 110}));
  t.at = 110;
  CHECK(w.take_finished().size() == 1);
  CHECK(w.may_read(t));
}

TEST_CASE("origin window: what readers leave behind is bounded") {
  pull_window w({100, 20, 4, 200});
  for (std::uint64_t i = 0; i < 100; ++i) {
    w.add_bytes(i * 1000, content({i * 1000, i * 1000 + 90}));
    CHECK(w.held_bytes() <= 100 * limits::transfers + 200);
  }
  // What is waited for is not thrown away.
  REQUIRE(w.add_read({200'000, 200'100}, false, late));
  w.add_bytes(200'000, content({200'000, 200'090}));
  for (std::uint64_t i = 300; i < 400; ++i)
    w.add_bytes(i * 1000, content({i * 1000, i * 1000 + 90}));
  w.add_bytes(200'090, content({200'090, 200'100}));
  REQUIRE(w.take_finished().size() == 1);
}

TEST_CASE("origin window: reads are bounded in number and bytes") {
  auto w = small();
  for (std::uint64_t i = 0; i < 4; ++i) REQUIRE(w.add_read({i, i + 1}, false, late));
  CHECK(w.add_read({9, 10}, false, late).error().code == errc::overloaded);
  auto v = small();
  REQUIRE(v.add_read({0, 999}, false, late));
  CHECK(v.add_read({0, 2}, false, late).error().code == errc::overloaded);
  REQUIRE(v.add_read({0, 1}, false, late));
  CHECK(v.take_all().size() == 2);
  CHECK(v.add_read({0, 1000}, false, late));
}

TEST_CASE("origin window: deadlines and the end") {
  auto w = small();
  const auto first = w.add_read({0, 10}, false, 1s);
  const auto second = w.add_read({10, 20}, false, 2s);
  CHECK(w.take_expired(999ms).empty());
  CHECK(w.take_expired(1s) == std::vector<pull_window::read_id>{*first});
  CHECK(w.set_size(20).empty());
  CHECK(w.set_size(19) == std::vector<pull_window::read_id>{*second});
  CHECK(w.add_read({10, 20}, false, late).error().code == errc::malformed);
  CHECK(w.add_read({10, 19}, false, late));
  w.forget_size();
  CHECK(w.add_read({10, 20}, false, late));
}

TEST_CASE("origin window: any order of bytes and reads gives the content") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const auto below = [&](std::uint64_t n) { return random() % n; };
  for (int round = 0; round < 200; ++round) {
    pull_window w({10'000, 20, 64, 100'000});
    std::map<pull_window::read_id, byte_range> asked;
    for (int step = 0; step < 60; ++step) {
      const auto begin = below(500);
      const byte_range r{begin, begin + 1 + below(80)};
      if (below(2) == 0) {
        const auto id = w.add_read(r, below(4) == 0, late);
        if (id) asked[*id] = r;
      } else {
        w.add_bytes(r.begin, content(r));
      }
      for (const auto& f : w.take_finished()) {
        CHECK(f.data == content(asked.at(f.id)));
        asked.erase(f.id);
      }
    }
    // Filling each gap serves every read, and needs no byte that is here.
    while (const auto gap = w.gap({})) {
      const byte_range r{gap->begin,
                         gap->end > 0 ? std::min(gap->end, gap->begin + 50) : gap->begin + 50};
      CHECK(w.add_bytes(r.begin, content(r)) == r.size());
      for (const auto& f : w.take_finished()) {
        CHECK(f.data == content(asked.at(f.id)));
        asked.erase(f.id);
      }
    }
    CHECK(asked.empty());
    CHECK(w.empty());
  }
}
