// What can be computed by hand of transfers within one overlay.
#include "modes/compare/sim/pieces.hpp"
#include "modes/compare/sim/simulator.hpp"
#include "tests/catch.hpp"
#include "tests/unit/compare_plans.hpp"

using namespace interswarm;
using namespace interswarm::compare;

namespace {

Approx about(double x) { return Approx(x).epsilon(0.01); }

request_record only_request(const plan& p) {
  auto r = simulate(p, solution::isolated);
  REQUIRE(r);
  REQUIRE(r->requests.size() == 1);
  return r->requests.front();
}

} // namespace

TEST_CASE("compare sim: a transfer takes the slower end's time") {
  for (const auto size : {64 * mib, 3 * mib / 2, std::uint64_t{1}}) {
    auto p = empty_plan(1);
    const auto c = add_content(p, size);
    add_peer(p, 0, 1e6, 1e6, {c});
    add_request(p, 5, add_peer(p, 0, 1e6, 4e6), c);
    const auto r = only_request(p);
    CHECK(r.end == outcome::satisfied);
    CHECK(r.first_byte == about(5));
    CHECK(r.finished - 5 == about(static_cast<double>(size) / 1e6));
    CHECK(r.from_own == size);
    CHECK(r.from_other == 0);
  }
}

TEST_CASE("compare sim: two givers share the work by their rates") {
  auto p = empty_plan(1);
  const auto c = add_content(p, 64 * mib);
  add_peer(p, 0, 1e6, 1e6, {c});
  add_peer(p, 0, 3e6, 1e6, {c});
  add_request(p, 0, add_peer(p, 0, 1e6, 1e9), c);
  CHECK(only_request(p).finished == about(64.0 * mib / 4e6));
}

TEST_CASE("compare sim: delay puts off the first byte, by the round trips of the protocols") {
  auto p = empty_plan(1);
  p.paths[0].delay_s = 0.05;
  const auto c = add_content(p, 64 * mib);
  add_peer(p, 0, 1e6, 1e6, {c});
  add_request(p, 0, add_peer(p, 0, 1e6, 4e6), c);
  const auto r = only_request(p);
  // Two to the tracker, four to the giver.
  CHECK(r.first_byte == about(0.6));
  CHECK(r.finished == about(0.6 + 64.0 * mib / 1e6));
}

TEST_CASE("compare sim: what is lost is sent again and takes its time") {
  auto p = empty_plan(1);
  p.paths[0].loss = 0.2;
  const auto c = add_content(p, 64 * mib);
  add_peer(p, 0, 1e6, 1e6, {c});
  add_request(p, 0, add_peer(p, 0, 1e6, 4e6), c);
  const auto r = simulate(p, solution::isolated);
  REQUIRE(r);
  CHECK(r->requests[0].finished == about(64.0 * mib / 0.8e6));
  REQUIRE(r->traffics.size() == 1);
  const auto& t = r->traffics[0];
  CHECK(t.received == 64 * mib);
  CHECK(t.sent == t.received + t.lost);
  CHECK(static_cast<double>(t.sent) == Approx(64.0 * mib / 0.8).epsilon(1e-6));
}

TEST_CASE("compare sim: a path between domains is shared") {
  auto p = empty_plan(2);
  p.paths[1].rate = 2e6; // from 0 to 1
  const auto c = add_content(p, 32 * mib), d = add_content(p, 32 * mib);
  for (const auto x : {c, d}) {
    add_peer(p, 0, 10e6, 10e6, {x});
    const auto taker = add_peer(p, 0, 1e6, 10e6);
    p.peers[taker].domain = 1;
    add_request(p, 0, taker, x);
  }
  const auto r = simulate(p, solution::isolated);
  REQUIRE(r);
  for (const auto& one : r->requests) CHECK(one.finished == about(32.0 * mib / 1e6));
}

TEST_CASE("compare sim: one who fetches gives on what it has") {
  auto p = empty_plan(1);
  const auto c = add_content(p, 64 * mib);
  add_peer(p, 0, 1e6, 1e6, {c});
  for (int i = 0; i < 8; ++i) add_request(p, 0, add_peer(p, 0, 10e6, 10e6), c);
  const auto r = simulate(p, solution::isolated);
  REQUIRE(r);
  // The seed alone would need eight times its own time; most pieces leave it once.
  for (const auto& one : r->requests) {
    CHECK(one.end == outcome::satisfied);
    CHECK(one.finished < 1.5 * 64 * mib / 1e6);
  }
}

TEST_CASE("compare sim: an ed2k peer gives nothing of a part before it has all of it") {
  const auto last = [](const char* kind, std::uint64_t size) {
    auto p = empty_plan(1);
    p.overlays[0].kind = kind;
    const auto c = add_content(p, size);
    add_peer(p, 0, 1e6, 1e6, {c});
    for (int i = 0; i < 2; ++i) add_request(p, 0, add_peer(p, 0, 10e6, 10e6), c);
    const auto r = simulate(p, solution::isolated);
    REQUIRE(r);
    return std::max(r->requests[0].finished, r->requests[1].finished);
  };
  // One part: the seed gives it twice. Pieces of 256 KiB go on at once.
  CHECK(last("ed2k", 8 * mib) == about(2 * 8.0 * mib / 1e6));
  CHECK(last("bittorrent", 8 * mib) < 1.2 * 8.0 * mib / 1e6);
  // Of many parts only the last ones are had from the seed alone.
  CHECK(last("ed2k", 512 * mib) < 1.2 * 512.0 * mib / 1e6);
}

TEST_CASE("compare sim: what is whole of units that pieces do not end with") {
  const pieces cut(20 * mib); // of 512 KiB, the first of two of 256 KiB
  REQUIRE(cut.count() == 41);
  constexpr std::uint64_t unit = 9'728'000; // ends in piece 19 and in piece 38
  CHECK(cut.within_whole_units(cut.all(), unit) == cut.all());
  CHECK(cut.within_whole_units(0, unit) == 0);
  const auto first = pieces::first(cut.piece_at(unit - 1) + 1);
  // What reaches into the next unit cannot be proved yet.
  CHECK(cut.within_whole_units(first, unit) == pieces::first(cut.piece_at(unit)));
  CHECK(cut.within_whole_units(cut.all() & ~bit(0), unit) == (cut.all() & ~first));
  const auto without_last = cut.all() & ~bit(cut.count() - 1);
  CHECK(cut.within_whole_units(without_last, unit) == pieces::first(cut.piece_at(2 * unit)));
  // Pieces longer than that.
  const pieces large(std::uint64_t{64} * 1024 * mib);
  CHECK(large.within_whole_units(bit(5), unit) == bit(5));
}

TEST_CASE("compare sim: two behind NAT do not meet, and patience ends") {
  auto p = empty_plan(1);
  const auto c = add_content(p, mib);
  const auto seed = add_peer(p, 0, 1e6, 1e6, {c});
  const auto seeker = add_peer(p, 0, 1e6, 1e6);
  p.peers[seed].behind_nat = p.peers[seeker].behind_nat = true;
  add_request(p, 10, seeker, c);
  CHECK(only_request(p).end == outcome::failed);
  p.peers[seeker].behind_nat = false;
  CHECK(only_request(p).end == outcome::satisfied);
}

TEST_CASE("compare sim: a request that gets nothing new ends after its patience") {
  auto p = empty_plan(1);
  p.patience = 70;
  const auto c = add_content(p, 64 * mib);
  const auto seed = add_peer(p, 0, 1e6, 1e6, {c});
  add_request(p, 0, add_peer(p, 0, 1e6, 1e6), c);
  p.peers[seed].online = {{0, 20}};
  auto r = simulate(p, solution::isolated);
  REQUIRE(r);
  CHECK(r->requests[0].end == outcome::failed);
  CHECK(r->requests[0].finished == about(90));
  CHECK(static_cast<double>(r->requests[0].from_own) == about(20e6));
  CHECK(r->samples.back().failed == 1);
  // It comes back in time: what is missing is fetched, and nothing twice.
  p.peers[seed].online = {{0, 20}, {50, never}};
  r = simulate(p, solution::isolated);
  REQUIRE(r);
  CHECK(r->requests[0].end == outcome::satisfied);
  CHECK(r->requests[0].from_own == 64 * mib);
  CHECK(r->requests[0].finished > 30 + 64.0 * mib / 1e6);
}

TEST_CASE("compare sim: a seeker that is away goes on when it is back") {
  auto p = empty_plan(1);
  const auto c = add_content(p, 64 * mib);
  add_peer(p, 0, 1e6, 1e6, {c});
  const auto seeker = add_peer(p, 0, 1e6, 1e6);
  p.peers[seeker].online = {{0, 30}, {530, never}};
  add_request(p, 0, seeker, c);
  const auto r = only_request(p);
  CHECK(r.end == outcome::satisfied);
  CHECK(r.finished == about(500 + 64.0 * mib / 1e6));
}

TEST_CASE("compare sim: playback begins with two seconds ahead and stands still without") {
  auto p = empty_plan(1);
  // A MiB takes a second; played at half of that rate: no stall.
  const auto c = add_content(p, 64 * mib);
  add_peer(p, 0, mib, mib, {c});
  add_request(p, 0, add_peer(p, 0, mib, mib), c, mib / 2.0);
  auto r = only_request(p);
  CHECK(r.startup_delay == about(1));
  CHECK(r.stalls == 0);
  CHECK(r.stalled_s == 0);
  CHECK(r.finished == about(64));
  // At twice the rate it begins at 4 s with 4 MiB. Bytes come in steps of 1/4 s: at 7.875 s it has
  // played the 7.75 MiB that are there, and goes on at 11.75 s with 4 ahead of it. So seven times
  // until 58.25 s, and at 62.125 s once more until all is there.
  p.requests[0].playback = 2.0 * mib;
  r = only_request(p);
  CHECK(r.startup_delay == about(4));
  CHECK(r.stalls == 8);
  CHECK(r.stalled_s == about(7 * 3.875 + 1.875));
}

TEST_CASE("compare sim: plans that cannot be are refused") {
  const auto code = [](const plan& p, solution how = solution::isolated) {
    const auto r = simulate(p, how);
    return r ? 0 : static_cast<int>(r.error().code);
  };
  const auto malformed = static_cast<int>(errc::malformed);
  auto p = empty_plan(2);
  const auto c = add_content(p, mib);
  const auto n = add_peer(p, 0, 1, 1, {c});
  CHECK(code(p) == 0);
  auto q = p;
  add_request(q, 0, n, c); // has it
  CHECK(code(q) == malformed);
  q = p;
  add_request(q, 0, 7, c);
  CHECK(code(q) == malformed);
  q = p;
  q.paths.pop_back();
  CHECK(code(q) == malformed);
  q = p;
  q.contents[0].size = 0;
  CHECK(code(q) == malformed);
  q = p;
  q.peers[0].online = {{5, 9}, {8, 10}};
  CHECK(code(q) == malformed);
  q = p;
  add_fault(q, fault_kind::tracker, 2, 0, 1);
  CHECK(code(q) == malformed);
  q = p;
  add_fault(q, fault_kind::slow_path, 0, 0, 1);
  CHECK(code(q) == malformed); // nothing bounds it
  q = p;
  q.bridge.nodes.pop_back();
  CHECK(code(q, solution::bridge) == malformed);
  CHECK(code(q) == 0);
  q = p;
  q.soa.storage.clear();
  CHECK(code(q, solution::soa) == malformed);
  q = empty_plan(65);
  CHECK(code(q) == static_cast<int>(errc::too_large));
}

TEST_CASE("compare sim: it can be stopped") {
  const auto p = empty_plan(1);
  sim_options o;
  o.progress = [](moment now) { return now < 100; };
  const auto r = simulate(p, solution::isolated, o);
  REQUIRE_FALSE(r);
  CHECK(r.error().code == errc::cancelled);
}
