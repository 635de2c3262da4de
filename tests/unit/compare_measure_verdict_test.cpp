#include "modes/compare/measure/comparison.hpp"

#include "tests/catch.hpp"
#include "tests/compare_sample.hpp"

#include <algorithm>

using namespace interswarm::compare;

namespace {

Approx about(double x) { return Approx(x).epsilon(1e-9); }

run_summary run_of(solution how, std::uint32_t repetition, std::vector<metric> metrics) {
  return {.how = how, .repetition = repetition, .metrics = std::move(metrics)};
}

metric named(const char* name, better is, std::optional<double> value, topic about = topic::traffic,
             centre kind = centre::mean) {
  return {.name = name, .label = name, .about = about, .is = is, .kind = kind, .value = value};
}

/// Two solutions, `values` of one metric by repetition.
pairing pair_of(better is, std::vector<std::pair<double, double>> values) {
  std::vector<run_summary> runs;
  for (std::uint32_t i = 0; i < values.size(); ++i) {
    runs.push_back(run_of(solution::soa, i, {named("x", is, values[i].second)}));
    runs.push_back(run_of(solution::bridge, i, {named("x", is, values[i].first)}));
  }
  return verdicts_of(runs).at(0).pairs.at(0);
}

} // namespace

TEST_CASE("compare verdict: better, by how much, how sure") {
  const auto p = pair_of(better::lower, {{100, 50}, {210, 150}, {290, 240}});
  CHECK(p.first == solution::bridge);
  CHECK(p.second == solution::soa);
  CHECK(p.difference.at == about(-160.0 / 3));
  CHECK(*p.relative == about(-160.0 / 3 / 200));
  CHECK(p.sure == certainty::clear);
  CHECK(p.better_one == solution::soa);
  CHECK(pair_of(better::higher, {{100, 50}, {210, 150}, {290, 240}}).better_one ==
        solution::bridge);
  CHECK(pair_of(better::neither, {{100, 50}, {210, 150}}).better_one == std::nullopt);
  CHECK(pair_of(better::lower, {{100, 50}, {100, 160}}).sure == certainty::open);
  const auto single = pair_of(better::lower, {{100, 50}});
  CHECK(single.sure == certainty::too_few);
  CHECK(single.better_one == solution::soa); // by what was seen
  const auto equal = pair_of(better::lower, {{1, 1}, {2, 2}});
  CHECK(equal.sure == certainty::equal);
  CHECK(equal.better_one == std::nullopt);
  // The same difference each time is sure, however small.
  CHECK(pair_of(better::lower, {{0, 4}, {0, 4}}).sure == certainty::clear);
  CHECK(pair_of(better::lower, {{0, 4}, {0, 4}}).relative == std::nullopt);
}

TEST_CASE("compare verdict: what never ends is worse than what does") {
  std::vector<std::pair<double, double>> values;
  for (int i = 0; i < 6; ++i) values.emplace_back(never, 10 + i);
  const auto p = pair_of(better::lower, values);
  CHECK(p.difference.kind == centre::median);
  CHECK(p.difference.at == -never);
  CHECK(p.sure == certainty::clear);
  CHECK(p.better_one == solution::soa);
  CHECK(p.relative == std::nullopt);
  values.resize(5); // fifteen of sixteen sure: not enough
  CHECK(pair_of(better::lower, values).sure == certainty::too_few);
}

TEST_CASE("compare verdict: only repetitions that both have are paired") {
  std::vector<run_summary> runs{run_of(solution::bridge, 0, {named("x", better::lower, 1)}),
                                run_of(solution::bridge, 1, {named("x", better::lower, 2)}),
                                run_of(solution::bridge, 2, {named("x", better::lower, {})}),
                                run_of(solution::soa, 1, {named("x", better::lower, 5)}),
                                run_of(solution::soa, 2, {named("x", better::lower, 9)})};
  const auto v = verdicts_of(runs).at(0);
  CHECK(v.of(solution::bridge)->count == 2);
  CHECK(v.of(solution::soa)->at == about(7));
  CHECK(v.of(solution::isolated) == nullptr);
  REQUIRE(v.pairs.size() == 1);
  CHECK(v.pairs[0].difference.count == 1);
  CHECK(v.pairs[0].difference.at == about(3));
  CHECK(v.between(solution::isolated, solution::soa) == nullptr);
}

TEST_CASE("compare verdict: metrics that few runs have stand with their topic") {
  std::vector<run_summary> runs{
      run_of(solution::bridge, 0,
             {named("a", better::lower, 1, topic::requests), named("b", better::lower, 1)}),
      run_of(solution::soa, 0,
             {named("a", better::lower, 1, topic::requests),
              named("c", better::lower, 1, topic::requests), named("b", better::lower, 1)})};
  const auto all = verdicts_of(runs);
  REQUIRE(all.size() == 3);
  CHECK(all[0].what.name == "a");
  CHECK(all[1].what.name == "c");
  CHECK(all[2].what.name == "b");
  CHECK(all[1].figures.size() == 1);
}

TEST_CASE("compare verdict: whose contest it is") {
  const auto of = [](std::vector<solution> ran) {
    std::vector<run_summary> runs;
    for (const auto s : ran) runs.push_back(run_of(s, 0, {}));
    return contenders(runs);
  };
  using pair = std::pair<solution, solution>;
  CHECK(of({solution::soa, solution::isolated, solution::bridge}) ==
        pair(solution::bridge, solution::soa));
  CHECK(of({solution::bridge, solution::isolated}) == pair(solution::isolated, solution::bridge));
  CHECK(of({solution::soa, solution::isolated}) == pair(solution::isolated, solution::soa));
  CHECK(of({solution::soa}) == std::nullopt);
  CHECK(of({}) == std::nullopt);
}

TEST_CASE("compare verdict: the order in which runs ended does not show") {
  const auto like = compare_sample::make_plan(1);
  const auto once = compare_sample::make_variant("", std::nullopt, 0.3, 3);
  auto shuffled = once.runs;
  std::reverse(shuffled.begin(), shuffled.end());
  std::rotate(shuffled.begin(), shuffled.begin() + 2, shuffled.end());
  const auto again = compare_runs("", std::nullopt, like, shuffled);
  CHECK(again.verdicts == once.verdicts);
  CHECK(again.runs.front().how == solution::isolated);
  CHECK(again.runs.front().repetition == 0);
}

TEST_CASE("compare calibration: how far two engines are apart") {
  std::vector<run_summary> sim, live;
  for (std::uint32_t i = 0; i < 3; ++i) {
    sim.push_back(run_of(solution::soa, i,
                         {named("x", better::lower, 9.0 + i), named("zero", better::lower, 0),
                          named("some", better::lower, 1), named("shown", better::neither, 1),
                          named("late", better::lower, never)}));
    live.push_back(
        run_of(solution::soa, i,
               {named("x", better::lower, 8.0 * (i + 1)), named("zero", better::lower, 0),
                named("some", better::lower, 0), named("shown", better::neither, 2),
                named("late", better::lower, 7), named("cpu", better::lower, 7)}));
  }
  const auto all = deviations_of(sim, live);
  REQUIRE(all.size() == 4);
  CHECK(all[0].simulated == 10);
  CHECK(all[0].live == 16);
  CHECK(all[0].relative == about(-6.0 / 16));
  CHECK(all[1].relative == 0);
  CHECK(all[2].relative == never);
  CHECK(all[3].relative == never);
}
