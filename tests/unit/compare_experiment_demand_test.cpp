#include "tests/experiment_plans.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

using namespace interswarm::compare;

TEST_CASE("compare experiment: requests come as a Poisson process") {
  const auto p = plan_of(R"(
duration = "10h"
[contents]
count = 100000
zipf = 0
seeders = 1
[peers]
count = 1000
[demand]
requests_per_hour = 2
from = "1h"
to = "9h"
)",
                         3);
  // 2000 peers, 2 an hour, 8 hours.
  constexpr double expected = 32'000;
  CHECK(std::abs(static_cast<double>(p.requests.size()) - expected) < 4 * std::sqrt(expected));
  CHECK((p.requests.front().at >= 3600 && p.requests.back().at < 9 * 3600));
  // Counts in windows have the variance of their mean; gaps are exponential.
  std::map<int, int> windows;
  std::vector<double> gaps;
  for (std::size_t i = 0; i < p.requests.size(); ++i) {
    ++windows[static_cast<int>((p.requests[i].at - 3600) / 60)];
    if (i > 0) gaps.push_back(p.requests[i].at - p.requests[i - 1].at);
  }
  double mean = 0, variance = 0;
  for (int w = 0; w < 480; ++w) mean += windows[w] / 480.0;
  for (int w = 0; w < 480; ++w) variance += (windows[w] - mean) * (windows[w] - mean) / 479;
  CHECK(variance / mean == Approx(1).margin(4 * std::sqrt(2.0 / 479)));
  constexpr double gap = 8 * 3600 / expected;
  double chi_square = 0;
  for (int cell = 0; cell < 20; ++cell) {
    const auto from = -gap * std::log(1 - cell / 20.0);
    const auto to = cell == 19 ? 1e9 : -gap * std::log(1 - (cell + 1) / 20.0);
    const auto in =
        std::count_if(gaps.begin(), gaps.end(), [&](double g) { return g >= from && g < to; });
    const auto share = static_cast<double>(gaps.size()) / 20;
    chi_square += (static_cast<double>(in) - share) * (static_cast<double>(in) - share) / share;
  }
  CHECK(chi_square < 43.8); // 19 degrees of freedom, 0.1 %
}

TEST_CASE("compare experiment: contents are asked for as they are popular") {
  const auto p = plan_of(R"(
[contents]
count = 20
zipf = 1
seeders = 1
[peers]
count = 20000
[demand]
requests_per_hour = 0.2
streaming = 0.25
)",
                         4);
  // So few for each peer that what it had already hardly counts.
  double total = 0, chi_square = 0;
  for (int c = 0; c < 20; ++c) total += 1.0 / (c + 1);
  const auto n = static_cast<double>(p.requests.size());
  for (content_id c = 0; c < 20; ++c) {
    const auto share = n / (c + 1) / total;
    const auto in = static_cast<double>(std::count_if(
        p.requests.begin(), p.requests.end(), [c](const auto& r) { return r.content == c; }));
    chi_square += (in - share) * (in - share) / share;
  }
  CHECK(n > 7500);
  CHECK(chi_square < 60); // the popular ones are a little rarer than drawn
  const auto played = static_cast<double>(std::count_if(
      p.requests.begin(), p.requests.end(), [](const auto& r) { return r.playback > 0; }));
  CHECK(played / n == Approx(0.25).margin(4 * std::sqrt(0.25 * 0.75 / n)));
}

TEST_CASE("compare experiment: local demand is for what the overlay holds") {
  const auto p = plan_of("[contents]\noverlap = 0\n[demand]\nlocal = 1\nrequests_per_hour = 5\n");
  const auto holders = holders_of(p);
  CHECK(p.requests.size() > 500);
  for (const auto& r : p.requests) REQUIRE(holders[r.content].contains(p.peers[r.peer].overlay));
  const auto half =
      plan_of("[contents]\noverlap = 0\n[demand]\nlocal = 0.5\nrequests_per_hour = 5\n");
  double own = 0;
  for (const auto& r : half.requests)
    own += holders_of(half)[r.content].contains(half.peers[r.peer].overlay) ? 1 : 0;
  CHECK(own / static_cast<double>(half.requests.size()) == Approx(0.75).margin(0.06));
}

TEST_CASE("compare experiment: a crowd comes at once and fades") {
  const auto p = plan_of(R"(
duration = "3h"
[peers]
count = 3000
[demand]
arrivals = "none"
[[crowd]]
at = "30m"
content = 5
requests = 2000
decay = "10m"
[[crowd]]
at = "2h"
requests = 100
overlays = ["ed2k"]
)",
                         2);
  check_plan(p);
  double sum = 0, first = 0;
  std::size_t of_first = 0, of_second = 0;
  for (const auto& r : p.requests) {
    (r.content == 5 ? of_first : of_second) += 1;
    if (r.content != 5) {
      CHECK((r.at >= 7200 && p.peers[r.peer].overlay == 1));
      continue;
    }
    REQUIRE(r.at >= 1800);
    sum += r.at - 1800;
    first += r.at < 2400 ? 1 : 0;
  }
  CHECK(of_first == 2000);
  CHECK(of_second == 100);
  CHECK(sum / 2000 == Approx(600).epsilon(0.08));
  CHECK(first / 2000 == Approx(1 - std::exp(-1)).margin(0.04));
  // More than there are: all that do not have it.
  const auto all = plan_of("[demand]\narrivals = \"none\"\n[[crowd]]\nrequests = 5000\n");
  CHECK(all.requests.size() >= 194);
  CHECK(all.requests.size() <= 197);
}
