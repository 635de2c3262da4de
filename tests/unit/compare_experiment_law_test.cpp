#include "modes/compare/experiment/law.hpp"
#include "tests/catch.hpp"

#include <cmath>

using namespace interswarm::compare;

namespace {

constexpr double endless = std::numeric_limits<double>::infinity();

struct moments {
  double mean = 0;
  double deviation = 0;
};

moments drawn(const law& d, int n = 400'000) {
  double sum = 0, squares = 0;
  random_stream s(3, concern::size, static_cast<std::uint64_t>(d.how));
  for (int i = 0; i < n; ++i) {
    const auto x = quantile(d, s.uniform());
    sum += x;
    squares += x * x;
  }
  const auto mean = sum / n;
  return {mean, std::sqrt(squares / n - mean * mean)};
}

} // namespace

TEST_CASE("compare experiment: distributions have their mean and spread") {
  const auto gamma = [](double x) { return std::tgamma(x); };
  struct expected {
    law how;
    double mean, deviation;
  };
  const expected all[] = {{{law::kind::fixed, 7, 0, 0, endless}, 7, 0},
                          {{law::kind::uniform, 0, 0, 10, 40}, 25, 30 / std::sqrt(12.0)},
                          {{law::kind::exponential, 60, 0, 0, endless}, 60, 60},
                          {{law::kind::lognormal, 80, 0.5, 0, endless},
                           80 * std::exp(0.125),
                           80 * std::exp(0.125) * std::sqrt(std::exp(0.25) - 1)},
                          {{law::kind::pareto, 0, 4, 3, endless}, 4, std::sqrt(9.0 * 4 / (9 * 2))},
                          {{law::kind::weibull, 10, 2, 0, endless},
                           10 * gamma(1.5),
                           10 * std::sqrt(gamma(2) - gamma(1.5) * gamma(1.5))}};
  for (const auto& e : all) {
    INFO(static_cast<int>(e.how.how));
    const auto got = drawn(e.how);
    CHECK(got.mean == Approx(e.mean).epsilon(0.005));
    CHECK(got.deviation == Approx(e.deviation).epsilon(0.02).margin(1e-4));
    CHECK(running_time(e.how).mean() == Approx(e.mean).epsilon(0.005));
  }
}

TEST_CASE("compare experiment: what is beyond a distribution's limits is at them") {
  const law d{law::kind::lognormal, 100, 3, 50, 200};
  int low = 0, high = 0;
  random_stream s(3, concern::size);
  for (int i = 0; i < 10'000; ++i) {
    const auto x = quantile(d, s.uniform());
    REQUIRE((x >= 50 && x <= 200));
    low += x == 50 ? 1 : 0;
    high += x == 200 ? 1 : 0;
  }
  CHECK(low == Approx(4086).margin(200)); // P(z < -ln 2 / 3)
  CHECK(high == Approx(4086).margin(200));
}

TEST_CASE("compare experiment: quantiles grow, and no extreme breaks them") {
  for (int kind = 0; kind <= static_cast<int>(law::kind::weibull); ++kind) {
    for (const double shape : {0.1, 1.0, 5.0}) {
      const law d{static_cast<law::kind>(kind), 100, shape, 1, 1e15};
      double last = 0;
      for (const double u : {0x1p-53, 1e-9, 0.1, 0.5, 0.9, 1 - 1e-9, 1 - 0x1p-53}) {
        const auto x = quantile(d, u);
        INFO(kind << " " << shape << " " << u);
        CHECK((x >= last && x >= 1 && x <= 1e15));
        last = x;
      }
    }
  }
}

TEST_CASE("compare experiment: what runs long after the beginning is met in proportion to it") {
  // Uniform from 0 to 60: the one that runs is 40 long on average, and 20 are left.
  const running_time r({law::kind::uniform, 0, 0, 0, 60});
  CHECK(r.mean() == Approx(30).epsilon(1e-3));
  // Exponential ones know no past.
  const running_time memoryless({law::kind::exponential, 60, 0, 0, endless});
  random_stream s(4, concern::at_start);
  double left = 0, left_memoryless = 0;
  constexpr int n = 100'000;
  for (int i = 0; i < n; ++i) {
    const auto u = s.uniform(), v = s.uniform();
    left += r.left(u, v);
    left_memoryless += memoryless.left(u, v);
  }
  CHECK(left / n == Approx(20).epsilon(0.01));
  CHECK(left_memoryless / n == Approx(60).epsilon(0.02));
}

TEST_CASE("compare experiment: Zipf's frequencies") {
  constexpr std::uint32_t ranks = 50;
  constexpr int n = 200'000;
  for (const double exponent : {0.0, 0.8, 1.5}) {
    const zipf z(ranks, exponent);
    int counts[ranks] = {};
    random_stream s(8, concern::choice);
    for (int i = 0; i < n; ++i) ++counts[z.rank(s.uniform())];
    double total = 0, chi_square = 0;
    for (std::uint32_t r = 0; r < ranks; ++r) total += std::pow(r + 1, -exponent);
    for (std::uint32_t r = 0; r < ranks; ++r) {
      const auto share = std::pow(r + 1, -exponent) / total;
      CHECK(z.share(r) == Approx(share).epsilon(1e-12));
      chi_square += (counts[r] - share * n) * (counts[r] - share * n) / (share * n);
    }
    INFO(exponent);
    CHECK(chi_square < 85.4); // 49 degrees of freedom, 0.1 %
    CHECK(chi_square > 22.0);
  }
}

TEST_CASE("compare experiment: a part without weight is never picked") {
  const std::vector<double> sums{0, 1, 1, 3, 3};
  random_stream s(8, concern::choice);
  int counts[5] = {};
  for (int i = 0; i < 30'000; ++i) ++counts[pick(sums, s.uniform())];
  CHECK(counts[0] + counts[2] + counts[4] == 0);
  CHECK(counts[1] == Approx(10'000).margin(400));
  CHECK(pick(sums, 0x1p-53) == 1);
  CHECK(pick(sums, 1 - 0x1p-53) == 3);
  CHECK(pick({5}, 1 - 0x1p-53) == 0);
}
