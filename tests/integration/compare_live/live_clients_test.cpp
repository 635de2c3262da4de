// Finished programs among the peers of the live engine: aria2, Transmission, aMule.
#include "tests/integration/compare_live/live_runs.hpp"

using namespace interswarm;
using namespace interswarm::compare;

namespace {

constexpr content_id in_torrents = 0, in_mules = 1;

/// A Transmission holds one content, a peer of this program's own the other; an aria2 wants both.
plan plan_of_programs() {
  auto p = empty_plan(2);
  p.overlays[0].name = "torrents";
  p.overlays[1].name = "mules";
  p.duration = p.patience = 40;
  p.sample_every = 10;
  for (const domain_id from : {0, 1}) p.paths[from * 2 + (1 - from)].delay_s = 0.01;
  add_content(p, 2 * mib + 77);
  add_content(p, 3 * mib);
  const auto transmission = add_peer(p, 0, 1e6, 2e6, {in_torrents});
  p.peers[transmission].client = "transmission";
  const auto aria2 = add_peer(p, 0, 1e6, 2e6);
  p.peers[aria2].client = "aria2";
  add_peer(p, 1, 1e6, 2e6, {in_mules});
  const auto own = add_peer(p, 0, 1e6, 2e6);
  add_request(p, 0.5, aria2, in_torrents);
  add_request(p, 1, aria2, in_mules);
  add_request(p, 2.5, own, in_torrents);
  return p;
}

void must_have_what_there_is(const plan& p, const run_record& r) {
  must_be_conserved(p, r);
  for (std::size_t i = 0; i < r.requests.size(); ++i) {
    INFO("request " << i);
    const auto home = p.requests[i].content == in_torrents ? 0u : 1u;
    const bool can_be_had =
        r.how != solution::isolated || p.peers[p.requests[i].peer].overlay == home;
    CHECK((r.requests[i].end == outcome::satisfied) == can_be_had);
  }
}

} // namespace

TEST_CASE("live: finished programs among the peers", "[clients]") {
  const auto how = GENERATE(solution::isolated, solution::bridge);
  const auto p = plan_of_programs();
  const auto r = run(p, how);
  show(p, r);
  must_have_what_there_is(p, r);
}

// By hand: aMule 2.3.3 loses its sockets' wake-ups, the more the faster data comes, and is started
// again each time it has stood still for 20 s.
TEST_CASE("live: an aMule among the peers", "[.amule]") {
  const auto how = GENERATE(solution::isolated, solution::bridge, solution::soa);
  auto p = plan_of_programs();
  p.duration = p.patience = 150;
  const auto amule = add_peer(p, 1, 750e3, 750e3);
  p.peers[amule].client = "amule";
  add_request(p, 1.5, amule, how == solution::isolated ? in_mules : in_torrents);
  const auto r = run(p, how);
  show(p, r);
  must_have_what_there_is(p, r);
}

TEST_CASE("live: a program leaves in the middle of a download and goes on when it is back",
          "[clients]") {
  auto p = empty_plan(2);
  p.duration = 60;
  p.patience = 60;
  p.sample_every = 10;
  const auto c = add_content(p, 4 * mib);
  add_peer(p, 0, 400e3, 2e6, {c});
  const auto aria2 = add_peer(p, 0, 1e6, 2e6);
  p.peers[aria2].client = "aria2";
  p.peers[aria2].online = {{0, 6}, {10, never}};
  add_request(p, 1, aria2, c);
  const auto r = run(p, solution::isolated);
  show(p, r);
  must_be_conserved(p, r);
  CHECK(r.requests.front().end == outcome::satisfied);
  CHECK(r.requests.front().finished > 10);
}
