#include "actors/overlays/bittorrent/swarm_snapshot.hpp"
#include "actors/overlays/bittorrent/swarm_store.hpp"
#include "tests/catch.hpp"

#include <algorithm>

using namespace interswarm;
using namespace interswarm::bittorrent;

namespace {

constexpr std::uint64_t start_ms = 10'000'000;

info_hash name(byte n) {
  info_hash out{};
  out.fill(n);
  return out;
}

saved_peer peer(const char* at, std::uint32_t age_s, bool seed, std::uint64_t identity = 0) {
  return {*endpoint::parse(at), identity, age_s, seed};
}

std::vector<saved_swarm> some_swarms() {
  return {{name(1),
           7,
           false,
           {peer("192.0.2.1:1001", 0, true, 99), peer("[2001:db8::1]:1002", 60, false)}},
          {name(2), 0, true, {peer("192.0.2.2:1003", 1800, false)}},
          {name(3), 1, false, {}}};
}

bytes written(const snapshot_header& header, const std::vector<saved_swarm>& swarms) {
  bytes out;
  snapshot_writer w(header, [&](byte_view b) { out.insert(out.end(), b.begin(), b.end()); });
  for (const auto& s : swarms) {
    w.add(s);
    w.flush();
  }
  w.finish();
  return out;
}

announce_request request(const info_hash& hash, std::uint16_t port, std::uint64_t left) {
  announce_request r;
  r.hash = hash;
  r.port = port;
  r.left = left;
  return r;
}

void announce(swarm_store& store, const announce_request& r, const char* from, bool own = false) {
  bytes peers(600);
  REQUIRE(store.announce(r, {*ip_address::parse(from), own, {}}, start_ms, 1, peers, {}).what ==
          swarm_store::verdict::accepted);
}

std::vector<saved_swarm> saved(const swarm_store& store, std::uint64_t now_ms) {
  std::vector<saved_swarm> out;
  for (std::size_t i = 0; i < store.shards(); ++i)
    store.save(i, now_ms, [&](const saved_swarm& s) { out.push_back(s); });
  return out;
}

} // namespace

TEST_CASE("swarm snapshot: what was written is read; no part of it and nothing altered is") {
  const snapshot_header header{1'700'000'000, {3, 4}};
  const auto data = written(header, some_swarms());
  std::vector<saved_swarm> got;
  const auto take = [&](const saved_swarm& s) { got.push_back(s); };
  const auto read = read_snapshot(data, take);
  REQUIRE(read);
  CHECK(read->saved_at_s == header.saved_at_s);
  CHECK(read->secret == header.secret);
  CHECK(got == some_swarms());
  got.clear();
  for (std::size_t n = 0; n < data.size(); ++n) {
    CHECK_FALSE(read_snapshot(byte_view(data).first(n), take));
    auto altered = data;
    altered[n] ^= 0x20;
    CHECK_FALSE(read_snapshot(altered, take));
  }
  CHECK(got.empty());
}

TEST_CASE("swarm snapshot: each truncation under a right check sum is still refused") {
  const auto data = written({}, some_swarms());
  std::size_t taken = 0;
  for (std::size_t n = 0; n + 33 <= data.size(); ++n) {
    bytes part(data.begin(), data.begin() + static_cast<std::ptrdiff_t>(n));
    const auto digest = sha256(part);
    part.insert(part.end(), digest.begin(), digest.end());
    const bool whole = n + 32 == data.size();
    CHECK(read_snapshot(part, [&](const saved_swarm&) { ++taken; }).has_value() == whole);
  }
  CHECK(taken == 0);
}

TEST_CASE("swarm store: a restored store answers as the saved one did, our own peers aside") {
  swarm_store before({}, {1, 2});
  announce(before, request(name(1), 1001, 0), "192.0.2.1");
  announce(before, request(name(1), 1002, 5), "2001:db8::2");
  announce(before, request(name(1), 6881, 0), "192.0.2.9", true);
  announce(before, request(name(2), 6881, 0), "192.0.2.9", true);
  auto done = request(name(3), 1003, 5);
  announce(before, done, "192.0.2.3");
  done.left = 0;
  done.event = announce_event::completed;
  announce(before, done, "192.0.2.3");
  before.set_private(name(3));

  swarm_store after({}, before.secret());
  for (const auto& s : saved(before, start_ms + 60'000)) after.restore(s, start_ms + 60'000);
  CHECK(after.totals().swarms == 2);
  CHECK(after.totals().peers == 3);
  CHECK(after.scrape(name(1)).seeders == 1);
  CHECK(after.scrape(name(1)).leechers == 1);
  CHECK(after.scrape(name(3)).completed == 1);
  std::vector<endpoint> peers;
  CHECK(after.find(name(3), 10, 1, peers).known);
  CHECK(peers == std::vector{*endpoint::parse("192.0.2.3:1003")});
  // Saved again it says the same: ages do not begin anew.
  auto once = saved(before, start_ms + 120'000);
  auto twice = saved(after, start_ms + 120'000);
  const auto by_name = [](const saved_swarm& a, const saved_swarm& b) { return a.hash < b.hash; };
  std::sort(once.begin(), once.end(), by_name);
  std::sort(twice.begin(), twice.end(), by_name);
  CHECK(once == twice);
  CHECK(once.front().peers.front().age_s >= 100);
  // What nobody refreshes ends like any other, and the accounts come out even.
  const auto end_ms = start_ms + 1000ull * after.options().peer_lifetime_s + 300'000;
  for (std::size_t i = 0; i < 2 * after.shards(); ++i) after.sweep(end_ms, 1'000'000);
  CHECK(after.totals().peers == 0);
  CHECK(after.totals().swarms == 0);
}

TEST_CASE("swarm store: a restored seeker is a demand again at the next sweep") {
  swarm_store store({}, {1, 2});
  store.restore({name(1), 0, false, {peer("192.0.2.1:1001", 10, false)}}, start_ms);
  CHECK_FALSE(store.has_demands());
  for (std::size_t i = 0; i < store.shards(); ++i) store.sweep(start_ms, 1'000'000);
  const auto demands = store.take_demands(10);
  REQUIRE(demands.size() == 1);
  CHECK(demands[0].hash == name(1));
}

TEST_CASE("swarm store: restoring keeps to the limits, the lists and the lifetime of peers") {
  swarm_store_options limits;
  limits.peers_per_swarm = 2;
  limits.max_swarms = 2;
  swarm_store store(limits, {1, 2});
  store.set_denied({name(9)});
  const auto lifetime = limits.peer_lifetime_s;
  store.restore({name(1),
                 0,
                 false,
                 {peer("192.0.2.1:1", 0, true), peer("192.0.2.2:1", lifetime + 1, true),
                  peer("192.0.2.3:1", 0, true), peer("192.0.2.4:1", 0, true)}},
                start_ms);
  CHECK(store.scrape(name(1)).seeders == 2);
  store.restore({name(9), 0, false, {peer("192.0.2.1:1", 0, true)}}, start_ms);
  store.restore({name(2), 0, false, {peer("192.0.2.1:1", lifetime + 1, true)}}, start_ms);
  CHECK(store.totals().swarms == 1);
  store.restore({name(3), 0, false, {peer("192.0.2.1:1", 0, true)}}, start_ms);
  store.restore({name(4), 0, false, {peer("192.0.2.1:1", 0, true)}}, start_ms);
  CHECK(store.totals().swarms == 2);
  CHECK(store.totals().peers == 3);
}
