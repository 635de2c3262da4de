#include "storage/range_set.hpp"
#include "tests/catch.hpp"

#include <random>
#include <vector>

using namespace interswarm;

TEST_CASE("a range set joins neighbours and splits what is removed") {
  range_set s{{10, 20}, {30, 40}};
  CHECK(s.count() == 2);
  CHECK(s.bytes() == 20);
  s.add({20, 30});
  CHECK(s == range_set{{10, 40}});
  s.remove({15, 18});
  CHECK(s == range_set{{10, 15}, {18, 40}});
  CHECK(s.contains({10, 15}));
  CHECK_FALSE(s.contains({10, 16}));
  CHECK(s.contains({17, 17}));
  CHECK_FALSE(s.intersects({15, 18}));
  CHECK(s.intersects({14, 15}));
  CHECK(s.missing({0, 50}) == range_set{{0, 10}, {15, 18}, {40, 50}});
  CHECK(s.first_missing({10, 50}) == byte_range{15, 18});
  CHECK_FALSE(s.first_missing({18, 40}));
  CHECK(s.range_at(39) == byte_range{18, 40});
  CHECK_FALSE(s.range_at(40));
  s.subtract(range_set{{0, 12}, {39, 100}});
  CHECK(s == range_set{{12, 15}, {18, 39}});
}

TEST_CASE("a range set ignores empty and inverted ranges and reaches the last offset") {
  range_set s;
  s.add({5, 5});
  s.add({9, 3});
  CHECK(s.empty());
  constexpr auto last = ~std::uint64_t{0};
  s.add({0, last});
  CHECK(s.bytes() == last);
  s.remove({1, last});
  CHECK(s == range_set{{0, 1}});
  s.remove({7, 2});
  CHECK(s.bytes() == 1);
  s.subtract(s);
  CHECK(s.empty());
}

TEST_CASE("a range set behaves as a bitmap under random operations") {
  const auto seed = Catch::rngSeed() != 0 ? Catch::rngSeed() : std::random_device{}();
  CAPTURE(seed); // repeat with --rng-seed
  std::mt19937 random(seed);
  constexpr std::uint64_t width = 257;
  const auto any = [&] { return std::uniform_int_distribution<std::uint64_t>(0, width)(random); };
  std::vector<bool> a(width), b(width);
  range_set s, t;
  const auto same = [](const range_set& set, const std::vector<bool>& bits) {
    std::uint64_t held = 0;
    std::uint64_t before = 0;
    bool first = true;
    for (const auto r : set) {
      if (r.empty() || (!first && r.begin <= before)) return false;
      first = false;
      before = r.end;
      held += r.size();
    }
    for (std::uint64_t i = 0; i < bits.size(); ++i) {
      if (set.contains(i) != bits[i]) return false;
    }
    return held == set.bytes();
  };
  for (int step = 0; step < 4000; ++step) {
    const byte_range r{any(), any()};
    const bool adding = random() % 2 == 0;
    auto& set = random() % 4 == 0 ? t : s;
    auto& bits = &set == &t ? b : a;
    adding ? set.add(r) : set.remove(r);
    for (auto i = r.begin; i < r.end; ++i) bits[i] = adding;
    REQUIRE(same(set, bits));

    const byte_range q{any(), any()};
    bool all = true, some = false;
    std::vector<bool> inside(width), absent(width), common(width), rest(width);
    for (std::uint64_t i = 0; i < width; ++i) {
      const bool in_q = i >= q.begin && i < q.end;
      if (in_q) (a[i] ? some : all) = a[i];
      inside[i] = in_q && a[i];
      absent[i] = in_q && !a[i];
      common[i] = a[i] && b[i];
      rest[i] = a[i] && !b[i];
    }
    REQUIRE(s.contains(q) == all);
    REQUIRE(s.intersects(q) == some);
    REQUIRE(same(s.intersect(q), inside));
    REQUIRE(same(s.missing(q), absent));
    REQUIRE(same(s.intersect(t), common));
    auto difference = s;
    difference.subtract(t);
    REQUIRE(same(difference, rest));
    const auto gap = s.first_missing(q);
    REQUIRE(gap.has_value() == !all);
    if (gap) REQUIRE(*gap == *s.missing(q).begin());
  }
}
