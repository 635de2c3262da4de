// What the simulator of `interswarm compare` costs: one hour of peers and contents under each
// solution, on one core.
//
//   compare_sim_bench [PEERS [CONTENTS [SOLUTION [PAUSE]]]]
//
// SOLUTION is isolated, bridge, soa or all. Three overlays in three domains; contents of 50 to 700
// MiB, asked for by Zipf's law with exponent 0.8; each peer holds two and asks for two, has 0.1 to
// 2 MB/s up and eight times that down, comes and goes, and every third is behind NAT.
#include "modes/compare/sim/simulator.hpp"
#include "tests/unit/compare_plans.hpp"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <set>
#include <sys/resource.h>

using namespace interswarm;
using namespace interswarm::compare;

namespace {

constexpr double seconds = 3600;

class drawing {
public:
  drawing(std::uint32_t peers, std::uint32_t contents) : plan_(empty_plan(3)) {
    plan_.duration = seconds;
    for (auto& path : plan_.paths) path.delay_s = 0.02;
    for (overlay_id f = 0; f < 3; ++f)
      for (overlay_id t = 0; t < 3; ++t)
        if (f != t) plan_.paths[f * 3 + t].rate = 1e9;
    for (auto& s : plan_.bridge.nodes) s.up = s.down = 125e6;
    for (auto& s : plan_.soa.access) s.up = s.down = 125e6;
    plan_.soa.storage.clear();
    for (domain_id i = 0; i < 4; ++i) plan_.soa.storage.push_back({i % 3, 125e6, 125e6});
    plan_.soa.cache_bytes = 4096 * mib;
    double sum = 0;
    for (std::uint32_t i = 0; i < contents; ++i) {
      add_content(plan_, (50 + below(650)) * mib);
      popularity_.push_back(sum += std::pow(i + 1, -0.8));
    }
    for (std::uint32_t i = 0; i < peers; ++i) draw_peer();
    draw_requests(2 * peers);
  }
  plan take() { return std::move(plan_); }

private:
  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  double unit() { return static_cast<double>(random_() >> 11U) * 0x1p-53; }
  content_id draw_content() {
    const auto x = unit() * popularity_.back();
    return static_cast<content_id>(std::lower_bound(popularity_.begin(), popularity_.end(), x) -
                                   popularity_.begin());
  }
  void draw_peer() {
    const auto up = 1e5 * static_cast<double>(1 + below(20));
    const auto n = add_peer(plan_, static_cast<overlay_id>(below(3)), up, up * 8);
    auto& p = plan_.peers[n];
    p.behind_nat = below(3) == 0;
    p.online.clear();
    for (auto at = static_cast<double>(below(600)); at < seconds;) {
      const auto until = at + 600 + static_cast<double>(below(3000));
      p.online.push_back({at, until});
      at = until + 60 + static_cast<double>(below(600));
    }
    for (int i = 0; i < 2; ++i)
      if (const auto c = draw_content(); taken_.emplace(n, c).second) p.holds.push_back(c);
  }
  void draw_requests(std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto n = static_cast<peer_id>(below(plan_.peers.size()));
      const auto c = draw_content();
      if (taken_.emplace(n, c).second) plan_.requests.push_back({unit() * seconds, n, c, 0});
    }
    std::sort(plan_.requests.begin(), plan_.requests.end(),
              [](const auto& a, const auto& b) { return a.at < b.at; });
  }

  std::mt19937_64 random_{5};
  plan plan_;
  std::vector<double> popularity_;
  std::set<std::pair<peer_id, content_id>> taken_;
};

double cpu_seconds() {
  rusage u{};
  getrusage(RUSAGE_SELF, &u);
  return static_cast<double>(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
         1e-6 * static_cast<double>(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

bool run(const plan& p, solution how, const char* name, const sim_options& options) {
  const auto before = cpu_seconds();
  const auto r = simulate(p, how, options);
  if (!r) {
    std::fprintf(stderr, "%s: %s\n", name, to_string(r.error()).c_str());
    return false;
  }
  rusage u{};
  getrusage(RUSAGE_SELF, &u);
  std::vector<double> took;
  for (std::size_t i = 0; i < r->requests.size(); ++i)
    if (r->requests[i].end == outcome::satisfied)
      took.push_back(r->requests[i].finished - p.requests[i].at);
  std::sort(took.begin(), took.end());
  const auto quantile = [&](double q) {
    return took.empty() ? 0 : took[static_cast<std::size_t>(q * static_cast<double>(took.size()))];
  };
  std::printf("%-8s  %zu peers, pause %g s: %.1f s of a core, %.2f GB; %zu of %zu requests "
              "satisfied, %.1f TB moved; download p50 %.1f s, p95 %.1f s\n",
              name, p.peers.size(), options.pause.value_or(pause_for(p.peers.size())),
              cpu_seconds() - before, static_cast<double>(u.ru_maxrss) / 1e6, took.size(),
              r->requests.size(), static_cast<double>(r->samples.back().received) / 1e12,
              quantile(0.5), quantile(0.95));
  std::fflush(stdout);
  return true;
}

} // namespace

int main(int argc, char** argv) {
  const auto number = [&](int i, std::uint32_t otherwise) {
    return argc > i ? static_cast<std::uint32_t>(std::strtoul(argv[i], nullptr, 10)) : otherwise;
  };
  const auto p = drawing(number(1, 10'000), number(2, 1000)).take();
  const char* which = argc > 3 ? argv[3] : "all";
  sim_options options;
  if (argc > 4) options.pause = std::strtod(argv[4], nullptr);
  const std::pair<solution, const char*> all[] = {
      {solution::isolated, "isolated"}, {solution::bridge, "bridge"}, {solution::soa, "soa"}};
  for (const auto& [how, name] : all)
    if (std::strcmp(which, "all") == 0 || std::strcmp(which, name) == 0)
      if (!run(p, how, name, options)) return 1;
  return 0;
}
