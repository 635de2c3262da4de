// Finished programs among the peers of the live engine: aria2, Transmission, aMule.
#include "tests/integration/compare_live/live_runs.hpp"

using namespace interswarm;
using namespace interswarm::compare;

namespace {

constexpr content_id in_torrents = 0, in_mules = 1;

/// A Transmission holds one content, a peer of this program's own the other. Both are wanted by an
/// aria2, and by an aMule what there is under `how` that it can be given.
plan plan_of_programs(solution how) {
  auto p = empty_plan(2);
  p.overlays[0].name = "torrents";
  p.overlays[1].name = "mules";
  p.duration = p.patience = how == solution::isolated ? 60 : 90;
  p.sample_every = 10;
  for (const domain_id from : {0, 1}) p.paths[from * 2 + (1 - from)].delay_s = 0.01;
  add_content(p, 2 * mib + 77);
  add_content(p, 3 * mib);
  const auto transmission = add_peer(p, 0, 1e6, 2e6, {in_torrents});
  p.peers[transmission].client = "transmission";
  const auto aria2 = add_peer(p, 0, 1e6, 2e6);
  p.peers[aria2].client = "aria2";
  add_peer(p, 1, 1e6, 2e6, {in_mules});
  // It loses its sockets' wake-ups the more the faster data comes.
  const auto amule = add_peer(p, 1, 750e3, 750e3);
  p.peers[amule].client = "amule";
  const auto own = add_peer(p, 0, 1e6, 2e6);
  add_request(p, 0.5, aria2, in_torrents);
  add_request(p, 1, aria2, in_mules);
  add_request(p, 1.5, amule, how == solution::isolated ? in_mules : in_torrents);
  add_request(p, 2.5, own, in_torrents);
  return p;
}

} // namespace

TEST_CASE("live: finished programs among the peers") {
  const auto how = GENERATE(solution::isolated, solution::bridge);
  const auto p = plan_of_programs(how);
  const auto r = run(p, how);
  show(p, r);
  must_be_conserved(p, r);
  for (std::size_t i = 0; i < r.requests.size(); ++i) {
    INFO("request " << i);
    const bool of_other_system = i == 1;
    const bool can_be_had = how != solution::isolated || !of_other_system;
    CHECK((r.requests[i].end == outcome::satisfied) == can_be_had);
  }
}

TEST_CASE("live: a program leaves in the middle of a download and goes on when it is back") {
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
