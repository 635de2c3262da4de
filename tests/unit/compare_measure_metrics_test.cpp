#include "modes/compare/measure/measure.hpp"

#include "tests/catch.hpp"
#include "tests/compare_sample.hpp"

#include <cmath>
#include <set>

using namespace interswarm::compare;

namespace {

constexpr std::uint64_t gib = std::uint64_t{1} << 30;

Approx about(double x) { return Approx(x).epsilon(1e-9); }

/// Two overlays in two domains; the path between them costs 3 a GiB. Four requests of one content
/// of 2 GiB: one from its own overlay, one half through storage, one that fails, one that the end
/// of the run cuts off. The first two are played back.
struct small_run {
  plan p;
  run_record r;

  small_run() {
    p.seed = r.seed = 1;
    p.duration = r.duration = 1000;
    p.domains = {{"north"}, {"south"}};
    p.paths.resize(4);
    p.paths[1].price_per_gib = 3; // north to south
    p.overlays = {{"films", "bittorrent", 0}, {"music", "ed2k", 1}};
    p.contents = {{2 * gib, true, 0}};
    p.peers.push_back({.overlay = 0, .domain = 0, .online = {}, .holds = {0}});
    p.peers.push_back({.overlay = 0, .domain = 0, .online = {}, .holds = {}});
    p.peers.push_back({.overlay = 1, .domain = 1, .online = {}, .holds = {}});
    p.requests = {{0, 1, 0, 1e6}, {100, 2, 0, 1e6}, {200, 2, 0, 0}, {900, 1, 0, 0}};
    p.faults = {{.kind = fault_kind::origin, .target = 0, .when = {50, 250}},
                {.kind = fault_kind::domain_cut, .target = 1, .when = {990, never}}};
    p.soa.price_per_gib_stored_month = 12;
    r.how = solution::soa;
    r.requests = {{.end = outcome::satisfied,
                   .first_byte = 1,
                   .finished = 40,
                   .startup_delay = 2,
                   .from_own = 2 * gib},
                  {.end = outcome::satisfied,
                   .first_byte = 104,
                   .finished = 400,
                   .startup_delay = 6,
                   .stalls = 3,
                   .stalled_s = 20,
                   .from_own = gib,
                   .from_other = gib},
                  {.end = outcome::failed, .first_byte = 210},
                  {.end = outcome::unfinished, .first_byte = 901}};
    r.traffics = {
        {station::peer, station::peer, 0, 0, 0, 0, 2 * gib, 2 * gib, 0},
        {station::peer, station::peer, 1, 1, 1, 1, gib, gib, 0},
        {station::origin, station::storage, no_overlay, no_overlay, 0, 0, 2 * gib, 2 * gib, 0},
        {station::storage, station::access, no_overlay, 1, 0, 1, gib + 8, gib, 8},
        {station::access, station::peer, 1, 1, 1, 1, gib, gib, 0}};
    r.charges = {{"stored", "music", 0, 1, gib, gib}};
    r.messages["announce"] = {10, 1000};
    r.messages["lookup"] = {2, 500};
    r.messages["have"] = {1000, 9000}; // among peers
    r.samples = {
        {.at = 0, .stored = 0},
        {.at = 500, .satisfied = 2, .received = 4 * gib, .crossed = gib, .stored = 3 * gib}};
    r.processes = {{"service", 2, 100}, {"access", 4, 300}};
    r.deployed = {2, {"tracker of films"}, 17};
    r.stored_bytes = 3 * gib;
    r.duplicate_bytes = gib;
    r.name_lookups = 4;
    r.name_hits = 3;
    r.recovered_after = {7, never};
  }
};

} // namespace

TEST_CASE("compare metrics: all of them, computed by hand") {
  const small_run run;
  const auto measured = measure(run.p, run.r);
  REQUIRE(measured);
  const auto is = [&](const char* name, double value) {
    CAPTURE(name);
    const auto* m = measured->find(name);
    REQUIRE(m != nullptr);
    REQUIRE(m->value);
    if (std::isinf(value)) {
      CHECK(*m->value == value);
    } else {
      CHECK(*m->value == about(value));
    }
  };
  is("requests", 4);
  is("satisfied_share", 0.5);
  is("satisfied_by_other_share", 0.25);
  is("failed_share", 0.25);
  is("unfinished_share", 0.25);
  is("delivered_bytes", 4.0 * gib);
  is("delivered_by_other_share", 0.25);
  // After 1, 4, 10 and 1 s: halves are there at once.
  is("first_byte.p50", 1);
  is("first_byte.p95", 10);
  // After 40 and 300 s of four; the last one was watched for 100 s: 1 - 3/4 * 2/3 = 0.5 at 300.
  is("download_time.p50", 300);
  is("download_time.p95", never);
  is("download_time_of_satisfied.p50", 170); // between 40 and 300
  is("startup_delay.p50", 2);
  is("startup_delay.p95", 6);
  is("playbacks_begun_share", 1);
  is("stalled_share", 0.5);
  is("stalls_per_playback", 1.5);
  is("stalled_time.p50", 10);
  is("origin_bytes", 2.0 * gib);
  is("server_bytes", 4.0 * gib + 8);
  is("peer_bytes", 3.0 * gib);
  is("access_bytes", gib);
  is("storage_bytes", gib + 8.0);
  is("bridge_bytes", 0);
  is("within_overlays_bytes", 4.0 * gib);
  is("across_overlays_bytes", 0);
  is("storage_links_bytes", 3.0 * gib + 8);
  is("across_domains_bytes", gib + 8.0);
  is("lost_bytes", 8);
  is("traffic_price", 3 * (1 + 8.0 / gib));
  // 3 GiB for the second half of the run.
  const double month = 365.2425 / 12 * 86'400;
  is("storage_price", 3 * 500 / month * 12);
  is("total_price", 3 * (1 + 8.0 / gib) + 3 * 500 / month * 12);
  is("charged_bytes", gib);
  is("charged_price", 3);
  is("unsettled_bytes", 0);
  is("charged.stored>music", gib);
  is("stored_bytes", 3.0 * gib);
  is("duplicate_bytes", gib);
  is("stored_peak_bytes", 3.0 * gib);
  is("control_messages", 12);
  is("control_bytes", 1500);
  is("control_bytes_per_satisfied", 750);
  is("control_share", 1500 / (1500 + 7.0 * gib + 8));
  is("messages.lookup.count", 2);
  is("messages.lookup.bytes", 500);
  is("name_lookups", 4);
  is("name_hit_share", 0.75);
  is("cpu_time_per_node", 3);
  is("memory_per_node", 200);
  is("cpu_time", 6);
  is("memory.access", 300);
  is("added_processes", 2);
  is("touched_components", 1);
  is("configuration_lines", 17);
  is("fault.1.satisfied_share", 0.5); // those at 100 and 200
  is("fault.1.download_time.p50", 300);
  is("fault.1.received_bytes_per_second", 4.0 * gib / 500);
  is("fault.1.recovery_time", 7);
  // Nobody asked during the second one, and it does not end.
  CHECK(measured->find("fault.2.satisfied_share")->value == std::nullopt);
  CHECK(measured->find("fault.2.recovery_time")->value == std::nullopt);
  CHECK(measured->find("no such") == nullptr);
}

TEST_CASE("compare metrics: names differ, and topics come in their order") {
  const small_run run;
  const auto measured = measure(run.p, run.r);
  REQUIRE(measured);
  std::set<std::string> names;
  auto before = topic::requests;
  for (const auto& m : measured->metrics) {
    CHECK(names.insert(m.name).second);
    CHECK_FALSE(m.label.empty());
    CHECK(m.about >= before);
    before = m.about;
  }
  CHECK(measured->find("fault.1.recovery_time")->label ==
        "Fault 1: time to recover (origins of north down)");
  const auto spans = fault_spans(run.p);
  REQUIRE(spans.size() == 2);
  CHECK(spans[1].label == "south cut off");
}

TEST_CASE("compare metrics: a run without requests, playbacks or nodes measures nothing there") {
  small_run run;
  run.p.requests.clear();
  run.p.faults.clear();
  run.r = {};
  run.r.seed = 1;
  run.r.duration = 1000;
  const auto measured = measure(run.p, run.r);
  REQUIRE(measured);
  CHECK(measured->find("satisfied_share")->value == std::nullopt);
  CHECK(measured->find("name_hit_share")->value == std::nullopt);
  CHECK(measured->find("control_share")->value == std::nullopt);
  CHECK(measured->find("origin_bytes")->value == 0);
  CHECK(measured->find("startup_delay.p50") == nullptr);
  CHECK(measured->find("cpu_time") == nullptr);
}

TEST_CASE("compare metrics: a summary stays small, whatever the run is") {
  auto p = compare_sample::make_plan(5, 3000);
  p.sample_every = 1;
  auto r = compare_sample::make_record(p, solution::bridge, 0);
  for (int i = 0; i < 200; ++i) {
    r.messages["kind " + std::to_string(i)] = {1, 10};
    r.processes.push_back({"node " + std::to_string(i), 1, 1});
  }
  const auto measured = measure(p, r);
  REQUIRE(measured);
  REQUIRE(measured->samples.size() == max_samples);
  CHECK(measured->samples.front().at == 0);
  CHECK(measured->samples.back().at == 3600);
  for (const auto& d : measured->distributions) CHECK(d.shares.x.size() <= max_curve_points);
  std::size_t kinds = 0, nodes = 0;
  for (const auto& m : measured->metrics) {
    kinds += m.name.starts_with("messages.") ? 1 : 0;
    nodes += m.name.starts_with("cpu_time.") ? 1 : 0;
  }
  CHECK(kinds == 2 * (max_named_metrics + 1));
  CHECK(nodes == max_named_metrics);
  // Nothing is lost by that.
  double told = 0;
  for (const auto& m : measured->metrics)
    if (m.name.starts_with("messages.") && m.name.ends_with(".bytes")) told += *m.value;
  CHECK(told == about(*measured->find("control_bytes")->value));
}
