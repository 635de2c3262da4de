#include "modes/compare/measure/incidence.hpp"
#include "modes/compare/measure/statistics.hpp"

#include "tests/catch.hpp"

#include <cmath>
#include <limits>
#include <random>

using namespace interswarm::compare;

namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

Approx about(double x) { return Approx(x).epsilon(1e-9); }

} // namespace

TEST_CASE("compare statistics: quantiles lie between neighbours") {
  const std::vector<double> v{1, 2, 4, 8};
  CHECK(quantile({}, 0.5) == std::nullopt);
  CHECK(quantile(v, 0) == 1);
  CHECK(quantile(v, 1) == 8);
  CHECK(*quantile(v, 0.5) == about(3));    // between the second and the third
  CHECK(*quantile(v, 0.95) == about(7.4)); // 2.85: 4 + 0.85 * 4
  CHECK(quantile(std::vector<double>{7}, 0.99) == 7);
  // An infinite one counts from where it is.
  const std::vector<double> w{1, 2, infinite};
  CHECK(quantile(w, 0.5) == 2);
  CHECK(quantile(w, 0.6) == infinite);
  CHECK(quantile(std::vector<double>{infinite, infinite}, 0.5) == infinite);
}

TEST_CASE("compare statistics: Student's t as in published tables") {
  // NIST/SEMATECH e-Handbook of Statistical Methods, table 1.3.6.7.2: probabilities 0.90, 0.95,
  // 0.975 and 0.99.
  struct line {
    double degrees;
    double t90, t95, t975, t99;
  };
  for (const auto& l : {line{1, 3.078, 6.314, 12.706, 31.821}, line{2, 1.886, 2.920, 4.303, 6.965},
                        line{3, 1.638, 2.353, 3.182, 4.541}, line{4, 1.533, 2.132, 2.776, 3.747},
                        line{5, 1.476, 2.015, 2.571, 3.365}, line{10, 1.372, 1.812, 2.228, 2.764},
                        line{20, 1.325, 1.725, 2.086, 2.528}, line{30, 1.310, 1.697, 2.042, 2.457},
                        line{100, 1.290, 1.660, 1.984, 2.364}}) {
    CAPTURE(l.degrees);
    CHECK(std::abs(student_t_quantile(0.90, l.degrees) - l.t90) < 0.0006);
    CHECK(std::abs(student_t_quantile(0.95, l.degrees) - l.t95) < 0.0006);
    CHECK(std::abs(student_t_quantile(0.975, l.degrees) - l.t975) < 0.0006);
    CHECK(std::abs(student_t_quantile(0.99, l.degrees) - l.t99) < 0.0006);
    CHECK(student_t_quantile(0.025, l.degrees) == about(-student_t_quantile(0.975, l.degrees)));
  }
}

TEST_CASE("compare statistics: a mean and its interval, computed by hand") {
  const std::vector<double> v{2, 4, 6};
  const auto m = mean_of(v);
  CHECK(m.at == 4);
  CHECK(m.count == 3);
  // Deviation 2, error 2 / sqrt(3), t(2) 4.302653.
  CHECK(m.high - m.at == Approx(4.302653 * 2 / std::sqrt(3.0)).epsilon(1e-6));
  CHECK(m.at - m.low == about(m.high - m.at));
  CHECK(m.bounded());
  CHECK_FALSE(mean_of(std::vector<double>{5}).bounded());
  CHECK(mean_of({}).count == 0);
}

TEST_CASE("compare statistics: a median's interval is sure by the binomial distribution") {
  const auto up_to = [](int n) {
    std::vector<double> v;
    for (int i = n; i >= 1; --i) v.push_back(i);
    return v;
  };
  struct line {
    int n;
    int k; // of the interval from the k-th smallest to the k-th largest
    double coverage;
  };
  // Conover, Practical Nonparametric Statistics, and by hand: 1 - 2 * sum C(n, i) / 2^n, i < k.
  for (const auto& l :
       {line{6, 1, 1 - 2.0 / 64}, line{8, 1, 1 - 2.0 / 256}, line{9, 2, 1 - 2 * 10.0 / 512},
        line{10, 2, 1 - 2 * 11.0 / 1024}, line{20, 6, 0.958611}}) {
    CAPTURE(l.n);
    const auto m = median_of(up_to(l.n));
    CHECK(m.at == about((l.n + 1) / 2.0));
    CHECK(m.low == l.k);
    CHECK(m.high == l.n + 1 - l.k);
    CHECK(m.coverage == Approx(l.coverage).epsilon(1e-5));
    CHECK(m.bounded());
  }
  const auto five = median_of(up_to(5));
  CHECK_FALSE(five.bounded());
  CHECK(five.coverage == about(1 - 2.0 / 32));
  CHECK(median_of(up_to(1)).coverage == 0);
}

TEST_CASE("compare statistics: intervals hold the true value as often as they say") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  std::normal_distribution<double> bell(10, 3);
  std::exponential_distribution<double> skewed(1);
  int mean_held = 0, median_held = 0;
  constexpr int rounds = 4000;
  for (int i = 0; i < rounds; ++i) {
    std::vector<double> a, b;
    for (int k = 0; k < 5; ++k) a.push_back(bell(random));
    for (int k = 0; k < 9; ++k) b.push_back(skewed(random));
    const auto m = mean_of(a), n = median_of(b);
    mean_held += m.low <= 10 && 10 <= m.high ? 1 : 0;
    median_held += n.low <= std::log(2.0) && std::log(2.0) <= n.high ? 1 : 0;
  }
  // Five standard deviations of such a count are 0.018.
  CHECK(mean_held / static_cast<double>(rounds) == Approx(0.95).margin(0.018));
  CHECK(median_held / static_cast<double>(rounds) == Approx(1 - 20.0 / 512).margin(0.018));
}

TEST_CASE("compare statistics: differences are taken in pairs") {
  // Far apart from each other, but always 1 apart in pairs.
  const std::vector<double> a{10, 200, 3000}, b{11.1, 201, 3000.9};
  const auto d = difference_of(a, b, centre::mean);
  CHECK(d.at == about(1));
  CHECK(certainty_of(d) == certainty::clear);
  CHECK(certainty_of(difference_of(b, a, centre::mean)) == certainty::clear);
  CHECK(certainty_of(difference_of(a, a, centre::mean)) == certainty::equal);
  const std::vector<double> c{9, 203, 2999};
  CHECK(certainty_of(difference_of(a, c, centre::mean)) == certainty::open);
  CHECK(certainty_of(difference_of({}, {}, centre::mean)) == certainty::too_few);
  CHECK(certainty_of(difference_of(std::vector<double>{1}, std::vector<double>{2}, centre::mean)) ==
        certainty::too_few);
}

TEST_CASE("compare statistics: what is infinite has a median and no mean") {
  const std::vector<double> a{1, 2, infinite, 4, 5, 6}, b{2, 3, infinite, 5, 6, 7};
  const auto e = estimate_of(a, centre::mean);
  CHECK(e.kind == centre::median);
  CHECK(e.at == about(4.5));
  CHECK(e.high == infinite);
  const auto d = difference_of(a, b, centre::mean); // two infinities differ by nothing
  CHECK(d.kind == centre::mean);
  CHECK(d.at == about(5.0 / 6));
  const std::vector<double> all(6, infinite);
  const auto never_under_one = difference_of(a, all, centre::mean);
  CHECK(never_under_one.at == infinite);
  CHECK(certainty_of(difference_of(all, all, centre::mean)) == certainty::equal);
}

TEST_CASE("compare incidence: without early ends it is the share of all requests") {
  // Four requests: after 1, 2 and 2 s, and one that failed; all watched for 100 s.
  const std::vector<watched> all{{2, 100}, {1, 100}, {infinite, 100}, {2, 100}};
  const auto c = incidence_of(all);
  CHECK(c.x == std::vector<double>{1, 2});
  REQUIRE(c.y.size() == 2);
  CHECK(c.y[0] == about(0.25));
  CHECK(c.y[1] == about(0.75));
  CHECK(quantile_of(c, 0.25) == 1);
  CHECK(quantile_of(c, 0.26) == 2);
  CHECK(quantile_of(c, 0.75) == 2);
  CHECK(quantile_of(c, 0.76) == infinite);
  CHECK(incidence_of({}) == curve{});
  CHECK(quantile_of(curve{}, 0.5) == infinite);
}

TEST_CASE("compare incidence: who came late counts while it was watched") {
  // Kaplan-Meier by hand: at 1 one of four; the second leaves at 3 unseen; at 5 one of two.
  const std::vector<watched> all{{1, 10}, {infinite, 3}, {5, 10}, {infinite, 10}};
  const auto c = incidence_of(all);
  REQUIRE(c.y.size() == 2);
  CHECK(c.y[0] == about(0.25));
  CHECK(c.y[1] == about(1 - 0.75 * 0.5));
  // One that ends just when another is no longer watched: that one was still there.
  const auto same = incidence_of(std::vector<watched>{{3, 10}, {infinite, 3}});
  CHECK(same.y[0] == about(0.5));
}

TEST_CASE("compare incidence: a late half does not bias the first half's times") {
  // Everybody needs 10 s, the later half is cut off after 5.
  std::vector<watched> all;
  for (int i = 0; i < 100; ++i) all.push_back(i % 2 == 0 ? watched{10, 100} : watched{infinite, 5});
  CHECK(quantile_of(incidence_of(all), 0.95) == 10);
}

TEST_CASE("compare incidence: thinning keeps the ends") {
  std::vector<watched> all;
  for (int i = 1; i <= 1000; ++i) all.push_back({static_cast<double>(i), 2000});
  const auto c = thinned(incidence_of(all), 50);
  REQUIRE(c.x.size() == 50);
  CHECK(c.x.front() == 1);
  CHECK(c.x.back() == 1000);
  CHECK(c.y.back() == about(1));
  CHECK(std::is_sorted(c.x.begin(), c.x.end()));
  const curve three{{1, 2, 3}, {0.1, 0.2, 0.3}};
  CHECK(thinned(three, 3) == three);
}
