#include "modes/compare/measure/checks.hpp"

#include "modes/compare/measure/measure.hpp"
#include "tests/catch.hpp"
#include "tests/compare_sample.hpp"

#include <functional>
#include <limits>

using namespace interswarm::compare;

namespace {

/// Two peers of overlay a and one of b, one content of 1000 bytes. a's second peer has it wholly
/// from the first; b's peer has it through the bridge, 10 bytes of them sent twice.
struct small_run {
  plan p;
  run_record r;

  small_run() {
    p.seed = r.seed = 7;
    p.duration = r.duration = 100;
    p.domains = {{"d"}};
    p.paths.resize(1);
    p.overlays = {{"a", "bittorrent", 0}, {"b", "ed2k", 0}};
    p.contents = {{1000, true, 0}};
    for (const overlay_id o : {0U, 0U, 1U})
      p.peers.push_back({.overlay = o, .online = {}, .holds = {}});
    p.requests = {{10, 1, 0, 0}, {20, 2, 0, 0}};
    p.faults = {{.kind = fault_kind::tracker, .target = 0, .when = {30, 40}}};
    r.how = solution::bridge;
    r.requests = {
        {.end = outcome::satisfied, .first_byte = 11, .finished = 12, .from_own = 1000},
        {.end = outcome::satisfied, .first_byte = 25, .finished = 30, .from_other = 1000}};
    r.traffics = {{station::peer, station::peer, 0, 0, 0, 0, 1000, 1000, 0},
                  {station::peer, station::bridge, 0, 0, 0, 0, 1000, 1000, 0},
                  {station::bridge, station::bridge, 0, 1, 0, 0, 1010, 1000, 10},
                  {station::bridge, station::peer, 1, 1, 0, 0, 1000, 1000, 0}};
    r.charges = {{"a", "b", 0, 0, 1000, 1000}};
    r.samples = {{.at = 0}, {.at = 50, .satisfied = 2, .received = 2000, .crossed = 1000}};
    r.stored_bytes = 1000;
    r.name_lookups = 2;
    r.name_hits = 1;
    r.recovered_after = {3};
  }
};

/// The run is sound; after `spoil` it is not, and a line says so with `words`.
void spoilt(const std::string& words, const std::function<void(small_run&)>& spoil) {
  INFO(words);
  small_run run;
  REQUIRE(violations(run.p, run.r).empty());
  spoil(run);
  const auto lines = violations(run.p, run.r);
  REQUIRE_FALSE(lines.empty());
  bool told = false;
  for (const auto& line : lines) {
    UNSCOPED_INFO(line);
    told = told || line.find(words) != std::string::npos;
  }
  CHECK(told);
  const auto measured = measure(run.p, run.r);
  REQUIRE_FALSE(measured);
  CHECK(measured.error().code == interswarm::errc::internal);
}

} // namespace

TEST_CASE("compare checks: made-up runs of all solutions are sound") {
  for (const std::uint64_t seed : {1, 2, 3}) {
    const auto p = compare_sample::make_plan(seed);
    for (const auto how : all_solutions) {
      const auto lines = violations(p, compare_sample::make_record(p, how, 0));
      CHECK(lines == std::vector<std::string>{});
    }
  }
}

TEST_CASE("compare checks: bytes that vanish or come from nowhere") {
  spoilt("sent is not received + lost: 1010 is not 1000 + 9",
         [](auto& x) { x.r.traffics[2].lost = 9; });
  spoilt("request 0 is satisfied with 999 of 1000 bytes",
         [](auto& x) { x.r.requests[0].from_own = 999; });
  spoilt("requests of overlay a got 999 bytes from its peers; the traffic says 1000", [](auto& x) {
    x.r.requests[0].from_own = 999;
    x.r.requests[0].end = outcome::failed;
  });
  spoilt("request 1 has 1001 of 1000 bytes", [](auto& x) {
    x.r.requests[1].from_other = 1001;
    x.r.requests[1].end = outcome::unfinished;
  });
  spoilt("requests of overlay b got 1000 bytes through its node; the traffic says 900",
         [](auto& x) { x.r.traffics[3].sent = x.r.traffics[3].received = 900; });
  spoilt("the node of overlay b gave 1000 bytes and has received none", [](auto& x) {
    x.r.traffics.erase(x.r.traffics.begin() + 2);
    x.r.charges.clear();
  });
}

TEST_CASE("compare checks: ledgers") {
  spoilt("ledgers disagree about a to b: 1000 bytes given, 998 taken",
         [](auto& x) { x.r.charges[0].taker_bytes = 998; });
  spoilt("ledgers disagree about a to b: 999 bytes given, 1000 taken",
         [](auto& x) { x.r.charges[0].giver_bytes = 999; });
  spoilt("2000 bytes are charged from overlay a to overlay b, where 1000 have gone",
         [](auto& x) { x.r.charges.push_back(x.r.charges[0]); });
  spoilt("only 0 bytes are charged to overlay b, whose requests got 1000 different ones",
         [](auto& x) { x.r.charges.clear(); });
  spoilt("a charge names an overlay that the plan does not have: c to b",
         [](auto& x) { x.r.charges[0].from = "c"; });
  spoilt("1000 bytes are charged from storage to overlay b, where 0 have gone",
         [](auto& x) { x.r.charges[0].from = "stored"; });
}

TEST_CASE("compare checks: a giver out of reach may lack an entry, but has none of its own") {
  small_run run;
  run.p.faults[0].kind = fault_kind::domain_cut;
  run.r.charges[0].giver_bytes = 400;
  CHECK(violations(run.p, run.r).empty());
  run.r.charges[0].giver_bytes = 1001;
  CHECK(violations(run.p, run.r).size() == 1);
}

TEST_CASE("compare checks: times") {
  spoilt("request 0 is satisfied at 9 s, asked for at 10 s",
         [](auto& x) { x.r.requests[0].finished = 9; });
  spoilt("request 0 is satisfied at 101 s", [](auto& x) { x.r.requests[0].finished = 101; });
  spoilt("request 0 is satisfied at",
         [](auto& x) { x.r.requests[0].finished = std::numeric_limits<double>::quiet_NaN(); });
  spoilt("request 0 ended before its first byte",
         [](auto& x) { x.r.requests[0].first_byte = 12.5; });
  spoilt("request 0 has its first byte before it was asked for",
         [](auto& x) { x.r.requests[0].first_byte = 9; });
  spoilt("request 0 has bytes but no first one", [](auto& x) {
    x.r.requests[0].first_byte = never;
    x.r.requests[0].end = outcome::failed;
  });
  spoilt("request 0 has negative times", [](auto& x) { x.r.requests[0].stalled_s = -1; });
  spoilt("a fault was recovered from before it ended",
         [](auto& x) { x.r.recovered_after[0] = -1; });
}

TEST_CASE("compare checks: who may give to whom") {
  spoilt("peers of overlay a gave directly to peers of overlay b",
         [](auto& x) { x.r.traffics[0].to_overlay = 1; });
  spoilt("peers of overlay b got from a server that is not their own",
         [](auto& x) { x.r.traffics[3].from_overlay = 0; });
  spoilt("isolated does not have", [](auto& x) { x.r.how = solution::isolated; });
  spoilt("soa does not have", [](auto& x) { x.r.how = solution::soa; });
  spoilt("a storage node or origin is accounted to overlay a",
         [](auto& x) { x.r.traffics[1].to = station::storage; });
  spoilt("accounted to no overlay", [](auto& x) { x.r.traffics[1].to_overlay = no_overlay; });
}

TEST_CASE("compare checks: the record answers the plan") {
  spoilt("the run's seed is 8, the plan's 7", [](auto& x) { x.r.seed = 8; });
  spoilt("1 of 2 requests are accounted for", [](auto& x) { x.r.requests.pop_back(); });
  spoilt("0 of 1 faults are accounted for", [](auto& x) { x.r.recovered_after.clear(); });
  spoilt("the plan has 0 paths between 1 domains", [](auto& x) { x.p.paths.clear(); });
  spoilt("a request names a peer or content", [](auto& x) { x.p.requests[0].peer = 99; });
  spoilt("a request names a peer or content", [](auto& x) { x.p.requests[0].content = 1; });
  spoilt("a peer names an overlay", [](auto& x) { x.p.peers[0].overlay = 2; });
  spoilt("traffic names an overlay or domain", [](auto& x) { x.r.traffics[0].to_domain = 1; });
  spoilt("traffic names an overlay or domain", [](auto& x) { x.r.traffics[0].from_overlay = 2; });
  spoilt("a charge names a domain", [](auto& x) { x.r.charges[0].from_domain = 1; });
}

TEST_CASE("compare checks: samples and servers") {
  spoilt("the sample at 50 s has more crossed than received",
         [](auto& x) { x.r.samples[1].crossed = 2001; });
  spoilt("the sample at 50 s counts more than the whole run",
         [](auto& x) { x.r.samples[1].satisfied = 3; });
  spoilt("the sample at 50 s counts more than the whole run",
         [](auto& x) { x.r.samples[1].received = 2001; });
  spoilt("the sample at 0 s is not behind the one before", [](auto& x) { x.r.samples[1].at = 0; });
  spoilt("the sample at 60 s counts less than the one before",
         [](auto& x) { x.r.samples.push_back({.at = 60, .satisfied = 1, .received = 2000}); });
  spoilt("1001 of 1000 stored bytes are copies", [](auto& x) { x.r.duplicate_bytes = 1001; });
  spoilt("3 of 2 name lookups were hits", [](auto& x) { x.r.name_hits = 3; });
}

TEST_CASE("compare checks: a live run may throw bytes away, but not make them") {
  small_run run;
  run.r.live = true;
  run.r.traffics[0].sent = run.r.traffics[0].received = 1100; // 100 came twice
  run.r.charges[0].giver_bytes = run.r.charges[0].taker_bytes = 990;
  CHECK(violations(run.p, run.r).empty());
  run.r.traffics[0].sent = run.r.traffics[0].received = 999;
  CHECK(violations(run.p, run.r).size() == 1);
}

TEST_CASE("compare checks: what is wrong a thousand times is told a few times") {
  auto p = compare_sample::make_plan(1);
  auto r = compare_sample::make_record(p, solution::soa, 0);
  for (auto& q : r.requests) q.first_byte = -1;
  CHECK(violations(p, r).size() == 20);
  const auto measured = measure(p, r);
  REQUIRE_FALSE(measured);
  CHECK(measured.error().text.find("the run of soa, repetition 0, contradicts itself: ") == 0);
  CHECK(measured.error().text.find("and 17 more") != std::string::npos);
  CHECK(measured.error().text.find('\n') == std::string::npos);
}
