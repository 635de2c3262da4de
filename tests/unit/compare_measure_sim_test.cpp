// The simulator's runs hold what `measure` checks, whatever the plan.
#include "modes/compare/measure/checks.hpp"
#include "modes/compare/measure/measure.hpp"
#include "modes/compare/sim/simulator.hpp"
#include "tests/catch.hpp"
#include "tests/unit/compare_plans.hpp"

#include <random>

using namespace interswarm::compare;

namespace {

/// Three overlays, some of whose contents only one of them has; faults of every kind if wanted.
plan random_plan(std::uint64_t seed, bool faults) {
  std::mt19937_64 random(seed);
  const auto below = [&](std::uint64_t n) { return random() % n; };
  auto p = empty_plan(3);
  p.seed = seed;
  p.duration = 600;
  for (auto& path : p.paths) {
    path.delay_s = 0.001 * static_cast<double>(below(80));
    path.rate = 1e6 * static_cast<double>(1 + below(100));
    path.loss = 0.01 * static_cast<double>(below(3));
    path.price_per_gib = static_cast<double>(below(5));
  }
  for (auto& s : p.soa.origins) s.up = 8e6;
  for (int i = 0; i < 12; ++i) add_content(p, mib + below(60 * mib));
  for (int i = 0; i < 60; ++i) {
    const auto n =
        add_peer(p, static_cast<overlay_id>(below(3)), 1e5 * static_cast<double>(1 + below(20)),
                 1e5 * static_cast<double>(1 + below(60)));
    if (i < 24) p.peers[n].holds = {static_cast<content_id>(i / 2)};
    p.peers[n].behind_nat = below(4) == 0;
    if (i >= 24)
      add_request(p, static_cast<double>(below(500)), n, static_cast<content_id>(below(12)),
                  below(3) == 0 ? 2e5 : 0);
  }
  if (!faults) return p;
  for (const auto kind : {fault_kind::tracker, fault_kind::bridge, fault_kind::access,
                          fault_kind::storage_node, fault_kind::origin, fault_kind::domain_cut}) {
    const auto at = static_cast<double>(below(550));
    add_fault(p, kind, static_cast<std::uint32_t>(below(2)), at,
              at + 10 + static_cast<double>(below(90)));
  }
  return p;
}

} // namespace

TEST_CASE("compare checks: the simulator's runs hold them") {
  const auto seed = std::random_device{}();
  for (unsigned i = 0; i < 6; ++i) {
    const auto p = random_plan(seed + i, i % 2 == 1);
    for (const auto how : all_solutions) {
      CAPTURE(seed + i, word(how));
      const auto record = simulate(p, how);
      REQUIRE(record);
      CHECK(violations(p, *record) == std::vector<std::string>{});
      const auto measured = measure(p, *record);
      REQUIRE(measured);
      CHECK(*measured->find("satisfied_share")->value > 0);
    }
  }
}
