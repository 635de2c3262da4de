// What can be computed by hand of what crosses a bridge, and what its faults do.
#include "actors/overlays/bittorrent/seed_doubt.hpp"
#include "modes/compare/sim/simulator.hpp"
#include "tests/catch.hpp"
#include "tests/unit/compare_plans.hpp"

using namespace interswarm;
using namespace interswarm::compare;

namespace {

Approx about(double x) { return Approx(x).epsilon(0.01); }

run_record bridged(const plan& p) {
  auto r = simulate(p, solution::bridge);
  REQUIRE(r);
  return std::move(*r);
}

/// What crossed into overlay 0.
std::vector<charge> into_first(const run_record& r) {
  std::vector<charge> out;
  for (const auto& c : r.charges)
    if (c.to == "overlay0") out.push_back(c);
  return out;
}

/// Overlay 1 has a seed of 1 MB/s, overlay 0 one who seeks what it has.
plan one_crossing(std::uint64_t size = 64 * mib) {
  auto p = empty_plan(2);
  const auto c = add_content(p, size);
  add_peer(p, 1, 1e6, 1e6, {c});
  add_request(p, 0, add_peer(p, 0, 1e6, 100e6), c);
  return p;
}

} // namespace

TEST_CASE("compare sim: through a bridge what only another overlay has") {
  const auto p = one_crossing();
  const auto alone = simulate(p, solution::isolated);
  REQUIRE(alone);
  CHECK(alone->requests[0].end == outcome::failed);
  const auto r = bridged(p);
  CHECK(r.requests[0].end == outcome::satisfied);
  // The servers are fast: the seed's rate, and the last piece's way on.
  CHECK(r.requests[0].finished == about(64.0 * mib / 1e6 + mib / 100e6));
  CHECK(r.requests[0].from_other == 64 * mib);
  CHECK(r.requests[0].from_own == 0);
  for (const auto& [from, to] :
       {std::pair(station::peer, station::bridge), std::pair(station::bridge, station::bridge),
        std::pair(station::bridge, station::peer)})
    CHECK(sent(r, from, to) == 64 * mib);
  REQUIRE(r.charges.size() == 1);
  CHECK(r.charges[0].from == "overlay1");
  CHECK(r.charges[0].to == "overlay0");
  CHECK(r.charges[0].giver_bytes == 64 * mib);
  CHECK(r.charges[0].taker_bytes == 64 * mib);
  CHECK(r.name_hits > 0);
  // Overlay 1 is an ed2k one and would be offered everything: 15 times in the first minute, as the
  // name is news, nobody has it (each with an answer that says so), and once the one who sought it
  // does.
  CHECK(r.messages.at("find").count == 1 + 15 * 2 + 1);
  CHECK(r.messages.at("offer").count == 1 + 1);
  CHECK(r.deployed.processes == 2);
}

TEST_CASE("compare sim: each stage of a bridge may be the slow one") {
  for (int slow = 0; slow < 4; ++slow) {
    auto p = one_crossing();
    p.peers[0].up = 100e6;
    if (slow == 0) p.bridge.nodes[1].down = 2e6;
    if (slow == 1) p.paths[2].rate = 2e6; // from domain 1 to 0
    if (slow == 2) p.bridge.nodes[0].up = 2e6;
    if (slow == 3) p.peers[1].down = 2e6;
    CAPTURE(slow);
    // A piece each is on its way in the fast stages before and behind.
    const auto least = 64.0 * mib / 2e6;
    const auto took = bridged(p).requests[0].finished;
    CHECK(took >= least);
    CHECK(took <= least + 3.0 * mib / 100e6 + 0.01 * least);
  }
}

TEST_CASE("compare sim: a bridge's delay is the sum of its steps") {
  auto p = one_crossing(8 * mib);
  for (const auto i : {1, 2}) p.paths[static_cast<std::size_t>(i)].delay_s = 0.1; // between them
  const auto r = bridged(p);
  // Asking for offers takes a round trip of 0.2 s, reading another one beside the fetch; within the
  // domains there is no delay. The first piece of 256 KiB takes 0.26 s at the seed's rate.
  CHECK(r.requests[0].first_byte == Approx(0.2 + 0.262 + 0.1).epsilon(0.02));
}

TEST_CASE("compare sim: what many seek is fetched once") {
  auto p = one_crossing();
  p.duration = 300;
  for (int i = 0; i < 5; ++i) add_request(p, 10 * i, add_peer(p, 0, 1e6, 100e6), 0);
  const auto r = bridged(p);
  for (const auto& one : r.requests) CHECK(one.end == outcome::satisfied);
  CHECK(sent(r, station::peer, station::bridge) == 64 * mib);
  // Pieces that were served lately are in the taker's memory, too.
  CHECK(sent(r, station::bridge, station::bridge) == 64 * mib);
  CHECK(r.stored_bytes == 64 * mib); // what is in memory beside it is not kept
  CHECK(r.duplicate_bytes == 0);
  CHECK(r.charges[0].taker_bytes == 64 * mib);
}

TEST_CASE("compare sim: a bridge leaves a swarm alone that has sources of its own") {
  auto p = one_crossing();
  for (std::uint32_t i = 0; i <= bittorrent::seed_doubt::rules().first_suspects; ++i)
    add_peer(p, 0, 1e6, 1e6, {0});
  const auto r = bridged(p);
  CHECK(r.requests[0].from_other == 0);
  CHECK(into_first(r).empty());
}

TEST_CASE("compare sim: a few seeds where nobody ever completed are not believed for a while") {
  auto p = one_crossing();
  p.duration = 2000;
  add_peer(p, 0, 1e6, 1e6, {0});
  // The gateway is open before anybody asks: beside the swarm's own seed of 1 MB/s another gives.
  const auto r = bridged(p);
  CHECK(r.requests[0].from_other > 20 * mib);
  CHECK(r.requests[0].from_own == Approx(r.requests[0].finished * 1e6).epsilon(0.02));
  p.requests[0].at = 700; // it is closed again by then
  const auto later = bridged(p);
  CHECK(later.requests[0].from_other == 0);
  // What it had read ahead for its first client, in whole pieces.
  CHECK(into_first(later).at(0).taker_bytes >= p.bridge.policy.warm_up_bytes);
  CHECK(into_first(later).at(0).taker_bytes <= 2 * mib);
}

TEST_CASE("compare sim: a demand is heard with the next scrape of the foreign tracker") {
  auto p = one_crossing(8 * mib);
  p.requests[0].at = 12;
  CHECK(bridged(p).requests[0].first_byte == Approx(15 + 0.262).epsilon(0.01));
  p.requests[0].at = 130; // no name is news any more
  CHECK(bridged(p).requests[0].first_byte == Approx(150 + 0.262).epsilon(0.01));
}

TEST_CASE("compare sim: an ed2k overlay, whose server tells no demand, is offered everything") {
  auto p = empty_plan(2);
  const auto c = add_content(p, 8 * mib);
  add_peer(p, 0, 1e6, 1e6, {c});
  add_request(p, 990, add_peer(p, 1, 1e6, 100e6), c);
  p.duration = 989;
  const auto before = bridged(p);
  CHECK(before.messages.at("offer").count == 1);
  CHECK(before.charges.empty()); // nothing is read before somebody asks
  p.duration = 1000;
  const auto r = bridged(p);
  CHECK(r.requests[0].end == outcome::satisfied);
  CHECK(r.requests[0].from_other == 8 * mib);
  CHECK(r.messages.at("offer").count == 1);
}

TEST_CASE("compare sim: the best offer by policy is taken") {
  auto p = empty_plan(3);
  const auto c = add_content(p, 16 * mib);
  add_peer(p, 1, 1e6, 1e6, {c});
  add_peer(p, 2, 1e6, 1e6, {c});
  add_request(p, 0, add_peer(p, 0, 1e6, 1e6), c);
  p.paths[1 * 3 + 0].price_per_gib = 5;
  CHECK(into_first(bridged(p)).at(0).from == "overlay2");
  p.paths[2 * 3 + 0].price_per_gib = 9;
  CHECK(into_first(bridged(p)).at(0).from == "overlay1");
  p.bridge.policy.price_weight = 0;
  add_peer(p, 2, 1e6, 1e6, {c});
  CHECK(into_first(bridged(p)).at(0).from == "overlay2"); // more sources
}

TEST_CASE("compare sim: a giver that falls silent is replaced") {
  auto p = empty_plan(3);
  const auto c = add_content(p, 64 * mib);
  const auto first = add_peer(p, 1, 1e6, 1e6, {c});
  add_peer(p, 2, 1e6, 1e6, {c});
  add_request(p, 0, add_peer(p, 0, 1e6, 100e6), c);
  p.paths[2 * 3 + 0].price_per_gib = 1; // overlay 1 is preferred
  p.peers[first].online = {{0, 20}};
  const auto r = bridged(p);
  CHECK(r.requests[0].end == outcome::satisfied);
  const auto crossed = into_first(r);
  REQUIRE(crossed.size() == 2);
  CHECK(crossed[0].taker_bytes + crossed[1].taker_bytes == 64 * mib);
  // 20 s went well, 10 s nothing came, the rest took its time.
  CHECK(r.requests[0].finished == Approx(64.0 * mib / 1e6 + 10).margin(5));
}

TEST_CASE("compare sim: without the bridge node nothing crosses until it is back") {
  auto p = one_crossing();
  for (const overlay_id o : {0U, 1U}) {
    auto q = p;
    add_fault(q, fault_kind::bridge, o, 20, 60);
    const auto r = bridged(q);
    CAPTURE(o);
    CHECK(r.requests[0].end == outcome::satisfied);
    CHECK(r.requests[0].finished > 40 + 64.0 * mib / 1e6 - 1);
    CHECK(r.requests[0].finished < 40 + 64.0 * mib / 1e6 + 45);
    // Another gateway is another receipt.
    CHECK(r.charges[0].giver_bytes == r.charges[0].taker_bytes);
    REQUIRE(r.recovered_after.size() == 1);
  }
  add_fault(p, fault_kind::bridge, 0, 0, never);
  CHECK(bridged(p).requests[0].end == outcome::failed);
}

TEST_CASE("compare sim: a domain that is cut off is left by what crossed, and ledgers meet later") {
  auto p = one_crossing();
  add_fault(p, fault_kind::domain_cut, 1, 20, 70);
  const auto r = bridged(p);
  CHECK(r.requests[0].end == outcome::satisfied);
  CHECK(r.requests[0].finished > 20 + 64.0 * mib / 1e6);
  CHECK(r.charges[0].giver_bytes == r.charges[0].taker_bytes);
  p.faults[0].when.end = never;
  const auto cut = bridged(p);
  CHECK(cut.requests[0].end == outcome::failed);
  CHECK(static_cast<double>(cut.requests[0].from_other) == Approx(20e6).margin(3.0 * mib));
  // What the taker's verdicts were on their way for when the domains were parted, the giver hears
  // when they meet again, and never if they do not.
  p.paths[1].delay_s = 5;
  const auto unheard = bridged(p);
  CHECK(unheard.charges[0].giver_bytes + mib < unheard.charges[0].taker_bytes);
  p.faults[0].when.end = 200;
  const auto met = bridged(p);
  CHECK(met.charges[0].giver_bytes == met.charges[0].taker_bytes);
  CHECK(met.charges[0].giver_bytes > unheard.charges[0].giver_bytes + mib);
}

TEST_CASE("compare sim: a tracker that is down finds nobody, and a slow path is slow") {
  auto p = one_crossing(16 * mib);
  add_fault(p, fault_kind::tracker, 0, 0, 50);
  CHECK(bridged(p).requests[0].first_byte > 50);
  p = one_crossing(16 * mib);
  add_fault(p, fault_kind::tracker, 1, 0, 50); // the giver's
  CHECK(bridged(p).requests[0].first_byte > 50);
  p = one_crossing();
  p.paths[2].rate = 1e6;
  fault_plan slow;
  slow.kind = fault_kind::slow_path;
  slow.target = 1;
  slow.other = 0;
  slow.factor = 0.5;
  slow.when = {10, 30};
  p.faults.push_back(slow);
  // The path's stage follows the seed's by one piece of 2 MiB.
  CHECK(bridged(p).requests[0].finished == about(66.0 * mib / 1e6 + 10));
}

TEST_CASE("compare sim: the spool is bounded and forgets what is not used") {
  auto p = empty_plan(2);
  p.bridge.spool_bytes = 20 * mib;
  for (int i = 0; i < 4; ++i) {
    const auto c = add_content(p, 16 * mib);
    add_peer(p, 1, 10e6, 10e6, {c});
    add_request(p, 10 + 30 * i, add_peer(p, 0, 1e6, 10e6), c);
  }
  const auto r = bridged(p);
  for (const auto& one : r.requests) CHECK(one.end == outcome::satisfied);
  for (const auto& s : r.samples) CHECK(s.stored <= 20 * mib + 16 * mib);
  CHECK(r.stored_bytes == 0); // by the end it has forgotten
}
