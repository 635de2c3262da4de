#include "modes/compare/experiment/portable_math.hpp"
#include "modes/compare/experiment/random.hpp"
#include "tests/catch.hpp"

#include <algorithm>
#include <cmath>
#include <set>

using namespace interswarm::compare;

TEST_CASE("compare experiment: splitmix64 gives what is published") {
  // The algorithm's page at rosettacode.org, seed 1234567.
  splitmix64 s(1234567);
  for (const auto expected :
       {6457827717110365317ull, 3203168211198807973ull, 9817491932198370423ull,
        4593380528125082431ull, 16408922859458223821ull})
    CHECK(s.next() == expected);
}

TEST_CASE("compare experiment: xoshiro256** gives what its authors' program gives") {
  // State 1, 2, 3, 4: as in the tests of the Rust library rand_xoshiro.
  xoshiro256ss x({1, 2, 3, 4});
  for (const auto expected :
       {11520ull, 0ull, 1509978240ull, 1215971899390074240ull, 1216172134540287360ull,
        607988272756665600ull, 16172922978634559625ull, 8476171486693032832ull,
        10595114339597558777ull, 2904607092377533576ull})
    CHECK(x.next() == expected);
}

TEST_CASE("compare experiment: streams differ by seed, concern and what they are for") {
  std::set<std::uint64_t> first;
  for (std::uint64_t seed : {1, 2}) {
    for (const auto what : {concern::size, concern::home}) {
      for (std::uint64_t a : {0, 1}) {
        for (std::uint64_t b : {0, 1}) first.insert(random_stream(seed, what, a, b).next());
      }
    }
  }
  CHECK(first.size() == 16);
  CHECK(random_stream(7, concern::pause, 3, 4).next() ==
        random_stream(7, concern::pause, 3, 4).next());
}

TEST_CASE("compare experiment: uniform numbers are uniform and never 0 or 1") {
  random_stream s(5, concern::size);
  constexpr int n = 100'000;
  int cells[100] = {};
  double sum = 0;
  for (int i = 0; i < n; ++i) {
    const auto u = s.uniform();
    REQUIRE((u > 0 && u < 1));
    sum += u;
    ++cells[static_cast<int>(u * 100)];
  }
  CHECK(std::abs(sum / n - 0.5) < 4 * std::sqrt(1.0 / 12 / n));
  double chi_square = 0;
  for (const auto c : cells) chi_square += (c - n / 100.0) * (c - n / 100.0) / (n / 100.0);
  CHECK(chi_square < 148.2); // 99 degrees of freedom, 0.1 %
  CHECK(chi_square > 60.0);  // more even than chance is wrong, too
  for (int i = 0; i < 1000; ++i) REQUIRE(s.below(3) < 3);
  CHECK(s.below(1) == 0);
}

TEST_CASE("compare experiment: an order stays when more come in") {
  const auto some = random_order(9, concern::nat, 2, 100);
  const auto more = random_order(9, concern::nat, 2, 130);
  auto sorted = some;
  std::sort(sorted.begin(), sorted.end());
  for (std::uint32_t i = 0; i < 100; ++i) CHECK(sorted[i] == i);
  CHECK(sorted != some);
  std::vector<std::uint32_t> old;
  std::copy_if(more.begin(), more.end(), std::back_inserter(old), [](auto i) { return i < 100; });
  CHECK(old == some);
  CHECK(random_order(10, concern::nat, 2, 100) != some);
  CHECK(random_order(9, concern::nat, 2, 0).empty());
}

TEST_CASE("compare experiment: logarithm and exponential are right to the last bits") {
  double worst_log = 0, worst_exp = 0, worst_power = 0;
  random_stream s(11, concern::size);
  for (int i = 0; i < 200'000; ++i) {
    const double x = std::exp((s.uniform() - 0.5) * 1400);
    worst_log = std::max(worst_log, std::abs(natural_log(x) / std::log(x) - 1));
    const double y = (s.uniform() - 0.5) * 1390;
    worst_exp = std::max(worst_exp, std::abs(exponential(y) / std::exp(y) - 1));
    const double z = 1 + s.uniform() * 1e6;
    worst_power = std::max(worst_power, std::abs(power(z, -0.8) / std::pow(z, -0.8) - 1));
  }
  CHECK(worst_log < 5e-16);
  CHECK(worst_exp < 5e-16);
  CHECK(worst_power < 1e-14);
  CHECK(natural_log(1) == 0);
  CHECK(exponential(0) == 1);
  CHECK(natural_log(1 - 0x1p-53) == Approx(-0x1p-53).epsilon(1e-12));
}

TEST_CASE("compare experiment: normal quantiles") {
  // AS 241's own test values, and symmetry.
  CHECK(normal_quantile(0.25) == Approx(-0.6744897501960817).epsilon(1e-15));
  CHECK(normal_quantile(0.001) == Approx(-3.090232306167814).epsilon(1e-15));
  CHECK(normal_quantile(1e-20) == Approx(-9.262340089798408).epsilon(1e-15));
  CHECK(normal_quantile(0.5) == 0);
  for (const double p : {0.01, 0.07, 0.1, 0.4})
    CHECK(normal_quantile(p) == Approx(-normal_quantile(1 - p)).epsilon(1e-12));
  CHECK(std::erfc(-normal_quantile(0.975) / std::sqrt(2.0)) / 2 == Approx(0.975).epsilon(1e-14));
}
