#include "modes/compare/batch/batch.hpp"
#include "modes/compare/report/results.hpp"
#include "modes/compare/sim/simulator.hpp"
#include "tests/experiment_text.hpp"

#include <algorithm>
#include <atomic>
#include <set>

using namespace interswarm::compare;
using interswarm::errc;
using interswarm::fail;
using interswarm::result;

namespace {

const std::string small = R"(
duration = "10m"
repetitions = 3
[contents]
count = 10
size = "5 MiB"
[peers]
count = 15
[demand]
requests_per_hour = 12
[sweep]
"contents.overlap" = [0, 0.5]
)";

result<run_record> simulated(const plan& p, solution how, std::uint32_t repetition,
                             const run_progress& progress) {
  sim_options options;
  options.repetition = repetition;
  options.progress = progress;
  return simulate(p, how, options);
}

std::vector<variant> variants_of(const std::string& text, std::vector<std::string> settings = {}) {
  auto out = expand(experiment_of(text, std::move(settings)));
  REQUIRE(out);
  return std::move(*out);
}

std::string json_of(const std::vector<variant>& variants, unsigned jobs) {
  auto all = run_batch(variants, simulated, {jobs, nullptr});
  INFO((all ? "" : all.error().text));
  REQUIRE(all);
  comparison c;
  c.variants = std::move(*all);
  return results_json(c);
}

} // namespace

TEST_CASE("compare batch: every variant, repetition and solution is run once") {
  const auto variants = variants_of(small);
  const auto all = run_batch(variants, simulated, {2, nullptr});
  REQUIRE(all);
  REQUIRE(all->size() == 2);
  CHECK((*all)[1].label == "contents.overlap = 0.5");
  CHECK((*all)[1].at == 0.5);
  for (const auto& v : *all) {
    CHECK(v.duration == 600);
    std::set<std::pair<solution, std::uint64_t>> seen;
    for (const auto& r : v.runs) seen.emplace(r.how, r.seed);
    CHECK(v.runs.size() == 9);
    CHECK(seen.size() == 9);
    CHECK_FALSE(v.verdicts.empty());
  }
}

TEST_CASE("compare batch: the same seeds give the same results to the byte, others do not") {
  const auto variants = variants_of(small);
  const auto first = json_of(variants, 1);
  CHECK(first == json_of(variants, 4));
  CHECK(first != json_of(variants_of(small, {"seed=2"}), 4));
}

TEST_CASE("compare batch: progress grows to the whole, and ends everything when it says so") {
  const auto variants = variants_of(small);
  double last = 0;
  const auto grows = [&](double share) {
    CHECK((share >= last && share <= 1));
    last = share;
    return true;
  };
  REQUIRE(run_batch(variants, simulated, {1, grows}));
  CHECK(last == Approx(1));
  int told = 0;
  const auto stops = [&](double share) {
    ++told;
    return share < 0.3;
  };
  const auto stopped = run_batch(variants, simulated, {2, stops});
  REQUIRE_FALSE(stopped);
  CHECK(stopped.error().code == errc::cancelled);
  CHECK(told < 10'000);
}

TEST_CASE("compare batch: a run that fails ends the others and is named") {
  const auto variants = variants_of(small);
  std::atomic<int> runs{0};
  const auto failing = [&](const plan& p, solution how, std::uint32_t repetition,
                           const run_progress& progress) -> result<run_record> {
    ++runs;
    if (how == solution::bridge && p.seed == 2) return fail(errc::internal, "it broke");
    return simulated(p, how, repetition, progress);
  };
  const auto broken = run_batch(variants, failing, {1, nullptr});
  REQUIRE_FALSE(broken);
  CHECK(broken.error().code == errc::internal);
  CHECK(broken.error().text == "contents.overlap = 0, bridge, seed 2: it broke");
  CHECK(runs == 5);
  // A record that cannot be true is a failure, too.
  const auto lying = [](const plan& p, solution how, std::uint32_t repetition,
                        const run_progress& progress) -> result<run_record> {
    auto out = simulated(p, how, repetition, progress);
    if (out && !out->traffics.empty()) out->traffics.front().sent += 1;
    return out;
  };
  const auto refused = run_batch(variants, lying, {1, nullptr});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text.starts_with("contents.overlap = 0, isolated, seed 1: "));
}
