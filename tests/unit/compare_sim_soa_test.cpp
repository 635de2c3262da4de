// What can be computed by hand of the service architecture, and what its faults do.
#include "modes/compare/sim/simulator.hpp"
#include "tests/catch.hpp"
#include "tests/unit/compare_plans.hpp"

using namespace interswarm;
using namespace interswarm::compare;

namespace {

Approx about(double x) { return Approx(x).epsilon(0.01); }

run_record served(const plan& p) {
  auto r = simulate(p, solution::soa);
  REQUIRE(r);
  return std::move(*r);
}

/// One who seeks what nobody else in its overlay has.
plan one_reader(std::uint64_t size = 256 * mib) {
  auto p = empty_plan(1);
  const auto c = add_content(p, size);
  add_request(p, 0, add_peer(p, 0, 1e6, 100e6), c);
  return p;
}

} // namespace

TEST_CASE("compare sim: through access node and storage network") {
  auto p = one_reader();
  p.soa.access[0].down = 4e6;
  p.soa.storage.resize(1);
  auto r = served(p);
  CHECK(r.requests[0].end == outcome::satisfied);
  // The last chunk of 4 MiB goes on at the reader's rate.
  CHECK(r.requests[0].finished == about(256.0 * mib / 4e6 + 4.0 * mib / 100e6));
  CHECK(r.requests[0].from_other == 256 * mib);
  CHECK(sent(r, station::origin, station::storage) == 256 * mib);
  CHECK(sent(r, station::access, station::peer) == 256 * mib);
  CHECK(sent(r, station::storage, station::access) == 256 * mib);
  CHECK(r.charges[0].from == "stored");
  CHECK(r.charges[0].giver_bytes == 256 * mib);
  CHECK(r.charges[0].taker_bytes == 256 * mib);
  CHECK(r.stored_bytes == 256 * mib); // the cache is memory
  CHECK(r.duplicate_bytes == 0);
  CHECK(r.deployed.processes == 3);
  // With a second node and copy a slow answer is hedged by another one, until it is known how slow
  // answers are.
  p.soa.storage.resize(2);
  r = served(p);
  CHECK(sent(r, station::storage, station::storage) == 256 * mib);
  CHECK(sent(r, station::storage, station::access) > 256 * mib);
  CHECK(sent(r, station::storage, station::access) < 320 * mib);
  CHECK(r.requests[0].from_other == 256 * mib);
  CHECK(r.stored_bytes == 2 * 256 * mib);
  CHECK(r.duplicate_bytes == 256 * mib);
}

TEST_CASE("compare sim: the cache spares the storage nodes, within its bytes") {
  auto p = one_reader(64 * mib);
  add_request(p, 200, add_peer(p, 0, 1e6, 100e6), 0);
  p.peers[0].online = {{0, 100}}; // only the access node can give it
  auto r = served(p);
  CHECK(r.requests[1].from_other == 64 * mib);
  CHECK(sent(r, station::storage, station::access) == 64 * mib);
  p.soa.cache_bytes = 8 * mib;
  r = served(p);
  CHECK(r.requests[1].end == outcome::satisfied);
  CHECK(sent(r, station::storage, station::access) > 100 * mib);
  CHECK(r.stored_bytes == 2 * 64 * mib);
}

TEST_CASE("compare sim: pulled from the origin when first asked for, once") {
  auto p = one_reader();
  p.soa.publish_first = false;
  p.soa.origins[0].up = 5e6;
  add_request(p, 100, add_peer(p, 0, 1e6, 100e6), 0);
  const auto r = served(p);
  CHECK(r.requests[0].end == outcome::satisfied);
  // Four reads of the origin are under way at once: each comes at a quarter of the rate.
  CHECK(r.requests[0].finished == Approx(256.0 * mib / 5e6).epsilon(0.02));
  CHECK(sent(r, station::origin, station::storage) == 256 * mib);
  CHECK(r.stored_bytes >= 2 * 256 * mib);
}

TEST_CASE("compare sim: an origin that is away is waited for, and gives each byte once") {
  auto p = one_reader();
  p.soa.publish_first = false;
  p.soa.origins[0].up = 5e6;
  add_fault(p, fault_kind::origin, 0, 20, 60);
  const auto r = served(p);
  CHECK(r.requests[0].end == outcome::satisfied);
  CHECK(r.requests[0].finished == Approx(256.0 * mib / 5e6 + 40).margin(3));
  CHECK(sent(r, station::origin, station::storage) == 256 * mib);
}

TEST_CASE("compare sim: what is not published stays with its overlay") {
  auto p = one_reader();
  p.contents[0].published = false;
  CHECK(served(p).requests[0].end == outcome::failed);
}

TEST_CASE("compare sim: a storage node's loss is read around and repaired at the repair's rate") {
  auto p = empty_plan(1);
  p.soa.storage.resize(4);
  p.soa.repair_bytes_per_second = 4e6;
  for (int i = 0; i < 10; ++i) add_content(p, 64 * mib);
  add_request(p, 110, add_peer(p, 0, 1e6, 10e6), 3);
  add_fault(p, fault_kind::storage_node, 1, 100, never);
  const auto r = served(p);
  CHECK(r.requests[0].end == outcome::satisfied);
  std::uint32_t most = 0;
  moment repaired = 0;
  for (const auto& s : r.samples) {
    most = std::max(most, s.missing_copies);
    if (s.missing_copies > 0) repaired = s.at;
  }
  // Of 160 chunks, half have a copy on each of four nodes.
  CHECK(most > 50);
  CHECK(most < 110);
  CHECK(r.samples.back().missing_copies == 0);
  // It is given up after a minute; then its copies are made.
  CHECK(repaired == Approx(160 + most * 4.0 * mib / 4e6).margin(25));
  CHECK(sent(r, station::storage, station::storage) == (160 + most) * 4 * mib);
}

TEST_CASE("compare sim: a storage node that comes back in time is not repaired for") {
  auto p = empty_plan(1);
  p.soa.storage.resize(4);
  add_content(p, 640 * mib);
  add_fault(p, fault_kind::storage_node, 1, 100, 140);
  auto r = served(p);
  CHECK(sent(r, station::storage, station::storage) == 640 * mib);
  CHECK(r.samples.back().missing_copies == 0);
  // Later than that its copies were made; they are too many when it is there again, and go.
  p.faults[0].when.end = 400;
  r = served(p);
  CHECK(sent(r, station::storage, station::storage) > 640 * mib);
  CHECK(r.stored_bytes == 2 * 640 * mib);
}

TEST_CASE("compare sim: an access node that is down serves nobody, and comes back empty") {
  auto p = one_reader(64 * mib);
  p.peers[0].down = 1e6;
  add_fault(p, fault_kind::access, 0, 20, 60);
  const auto r = served(p);
  CHECK(r.requests[0].end == outcome::satisfied);
  CHECK(r.requests[0].finished == Approx(64.0 * mib / 1e6 + 40).margin(2));
  CHECK(r.requests[0].from_other == 64 * mib);
  CHECK(sent(r, station::storage, station::access) > 64 * mib);
}

TEST_CASE("compare sim: a cut domain reads from the storage node on its side") {
  auto p = empty_plan(2);
  p.soa.storage[1].domain = 1;
  const auto c = add_content(p, 64 * mib);
  add_request(p, 10, add_peer(p, 1, 1e6, 1e6), c);
  add_fault(p, fault_kind::domain_cut, 1, 0, never);
  const auto r = served(p);
  CHECK(r.requests[0].end == outcome::satisfied);
  for (const auto& t : r.traffics)
    if (t.from == station::storage && t.to == station::access) CHECK(t.from_domain == 1);
}
