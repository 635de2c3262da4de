#include "modes/compare/sim/flow_network.hpp"

#include "tests/catch.hpp"

#include <algorithm>
#include <random>

using interswarm::compare::flow_network;
using interswarm::compare::moment;
using interswarm::compare::never;
using wire = flow_network::link;
using flow = flow_network::flow;

namespace {

/// Runs until nothing changes any more, or the time; gives who ended, with the time.
std::vector<std::pair<flow, moment>> run(flow_network& n, moment until = 1e9) {
  std::vector<std::pair<flow, moment>> out;
  std::vector<flow> ended;
  for (auto next = n.next_change(); next <= until; next = n.next_change()) {
    ended.clear();
    n.advance(next, ended);
    for (const auto f : ended) out.emplace_back(f, n.now());
  }
  ended.clear();
  if (until < 1e9) n.advance(until, ended);
  return out;
}

Approx about(double x) { return Approx(x).epsilon(1e-9); }

} // namespace

TEST_CASE("flow network: one transfer has the slowest link's rate") {
  flow_network n;
  const std::vector<wire> path{n.add_link(100), n.add_link(20), n.add_link(50)};
  const auto f = n.start(path, 1000);
  const auto ended = run(n);
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].first == f);
  CHECK(ended[0].second == about(50));
  for (const auto l : path) CHECK(n.crossed(l) == about(1000));
  CHECK(n.running() == 0);
}

TEST_CASE("flow network: shares are max-min fair") {
  flow_network n;
  // The textbook's: two links of 10 and 6; a takes both, b the first, c and d the second.
  const auto x = n.add_link(10), y = n.add_link(6);
  const std::vector<wire> both{x, y}, first{x}, second{y};
  const auto a = n.start(both, 1e6), b = n.start(first, 1e6), c = n.start(second, 1e6),
             d = n.start(second, 1e6);
  n.next_change();
  CHECK(n.rate(a) == about(2));
  CHECK(n.rate(b) == about(8));
  CHECK(n.rate(c) == about(2));
  CHECK(n.rate(d) == about(2));
  n.stop(c);
  n.next_change();
  CHECK(n.rate(a) == about(3));
  CHECK(n.rate(b) == about(7));
  CHECK(n.rate(d) == about(3));
}

TEST_CASE("flow network: who ends leaves its share to the others") {
  flow_network n;
  const std::vector<wire> up{n.add_link(10)};
  const auto small = n.start(up, 50), large = n.start(up, 150);
  const auto ended = run(n);
  REQUIRE(ended.size() == 2);
  CHECK(ended[0] == std::pair(small, 10.0));
  CHECK(ended[1].first == large);
  CHECK(ended[1].second == about(20)); // 5 a second until 10, then 10
}

TEST_CASE("flow network: links are cut, come back, and change their rates") {
  flow_network n;
  const auto l = n.add_link(10);
  const std::vector<wire> path{l};
  const auto f = n.start(path, 100);
  run(n, 5);
  n.set_rate(l, 0);
  CHECK(run(n, 50).empty());
  CHECK(n.moved(f) == about(50));
  n.set_rate(l, 25);
  const auto ended = run(n);
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].second == about(52));
}

TEST_CASE("flow network: nothing, and what no link bounds, is there at once") {
  flow_network n;
  const std::vector<wire> free{n.add_link(never)}, slow{n.add_link(1)};
  std::vector<flow> ended;
  n.start(free, 1e12);
  n.start(slow, 0);
  n.advance(n.next_change(), ended);
  CHECK(ended.size() == 2);
  CHECK(n.now() == 0);
  CHECK(n.crossed(free[0]) == about(1e12));
}

TEST_CASE("flow network: with a pause rates are late by no more than it") {
  flow_network n(1);
  const std::vector<wire> up{n.add_link(10)};
  std::vector<flow> ended;
  n.start(up, 100);
  n.advance(0.25, ended);
  const auto second = n.start(up, 30);
  CHECK(n.rate(second) == 0);
  n.advance(1, ended);
  n.next_change();
  CHECK(n.rate(second) == about(5));
  const auto order = run(n);
  REQUIRE(order.size() == 2);
  CHECK(order[0].second == about(7));
  CHECK(order[1].second == about(13)); // 10 + 30 moved, 60 left at 10 a second
}

TEST_CASE("flow network: no link gives more than it has, and none is wasted") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  flow_network n;
  std::vector<wire> up, down;
  std::vector<double> rates;
  for (int i = 0; i < 60; ++i) {
    const double rate = 1 + static_cast<double>(random() % 1000);
    rates.push_back(rate);
    (i < 30 ? up : down).push_back(n.add_link(rate));
  }
  struct running {
    flow f;
    std::vector<wire> path;
  };
  std::vector<running> all;
  double begun = 0;
  for (int i = 0; i < 300; ++i) {
    std::vector<wire> path{up[random() % 30], down[random() % 30]};
    const double bytes = 1 + static_cast<double>(random() % 100'000);
    begun += bytes;
    all.push_back({n.start(path, bytes), path});
  }
  n.next_change();
  std::vector<double> used(60);
  for (const auto& r : all)
    for (const auto l : r.path) used[l] += n.rate(r.f);
  for (int l = 0; l < 60; ++l) CHECK(used[l] <= rates[l] * (1 + 1e-9));
  // Max-min: each flow has a full link on which nobody gets more.
  for (const auto& r : all) {
    const bool bounded = std::any_of(r.path.begin(), r.path.end(), [&](wire l) {
      return used[l] >= rates[l] * (1 - 1e-9) &&
             std::none_of(all.begin(), all.end(), [&](const running& other) {
               return std::find(other.path.begin(), other.path.end(), l) != other.path.end() &&
                      n.rate(other.f) > n.rate(r.f) * (1 + 1e-9);
             });
    });
    CHECK(bounded);
  }
  CHECK(run(n).size() == 300);
  double sent = 0, received = 0;
  for (const auto l : up) sent += n.crossed(l);
  for (const auto l : down) received += n.crossed(l);
  CHECK(sent == Approx(begun).epsilon(1e-9));
  CHECK(received == Approx(begun).epsilon(1e-9));
}
