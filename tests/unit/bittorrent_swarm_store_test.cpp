#include "actors/overlays/bittorrent/swarm_store.hpp"
#include "tests/catch.hpp"

#include <map>
#include <random>
#include <set>
#include <thread>

using namespace interswarm;
using namespace interswarm::bittorrent;

namespace {

constexpr std::uint64_t start_ms = 60'000;

info_hash name(std::uint32_t n) {
  info_hash out{};
  std::memcpy(out.data(), &n, sizeof n);
  out[19] = 1;
  return out;
}

announce_request request(std::uint32_t swarm, std::uint16_t port, std::uint64_t left,
                         std::uint32_t key = 0) {
  announce_request r;
  r.hash = name(swarm);
  r.port = port;
  r.left = left;
  r.key = key;
  r.id[0] = 'x';
  return r;
}

ip_address v4(std::uint32_t n) { return ip_address::v4(0xC6336400 + n); } // 198.51.100.n
ip_address v6(std::uint16_t n) {
  auto raw = ip_address::parse("2001:db8::")->mapped();
  raw[6] = static_cast<byte>(n >> 8);
  raw[7] = static_cast<byte>(n);
  raw[15] = 1;
  return *ip_address::from_bytes(raw);
}

struct store_fixture {
  explicit store_fixture(swarm_store_options o = {}) : store(o, {11, 22}) {}

  struct answer : swarm_store::announced {
    std::set<std::string> peers;
  };
  answer announce(const announce_request& r, const ip_address& from, bool own = false,
                  const ip_address& local = {}) {
    bytes four(6 * 200);
    bytes six(18 * 200);
    answer out{store.announce(r, {from, own, local}, now_ms, random(), four, six), {}};
    std::vector<tracker_peer> list;
    read_compact_peers(byte_view(four).first(out.peers_bytes), false, list);
    read_compact_peers(byte_view(six).first(out.peers6_bytes), true, list);
    for (const auto& p : list) CHECK(out.peers.insert(p.address.to_string()).second);
    return out;
  }
  void sweep_all() {
    for (int i = 0; i < 64; ++i) store.sweep(now_ms, 1'000'000);
  }

  swarm_store store;
  std::mt19937_64 random{7};
  std::uint64_t now_ms = start_ms;
};

using verdict = swarm_store::verdict;

} // namespace

TEST_CASE(
    "swarm store: a leecher gets seeds and leechers, a seed gets leechers, nobody gets himself") {
  store_fixture f;
  CHECK(f.announce(request(1, 1000, 0), v4(1)).peers.empty());
  CHECK(f.announce(request(1, 1000, 0), v4(2)).peers.empty());
  const auto leech = f.announce(request(1, 1000, 5), v4(3));
  CHECK(leech.peers == std::set<std::string>{"198.51.100.1:1000", "198.51.100.2:1000"});
  CHECK(leech.seeders == 2);
  CHECK(leech.leechers == 1);
  CHECK(f.announce(request(1, 1000, 0), v4(1)).peers == std::set<std::string>{"198.51.100.3:1000"});
  CHECK(f.announce(request(1, 1000, 5), v4(4)).peers.size() == 3);
  CHECK(f.announce(request(2, 1000, 5), v4(5)).peers.empty()); // another swarm
}

TEST_CASE("swarm store: want is honoured and capped, seeds and leechers are mixed") {
  swarm_store_options o;
  o.default_want = 10;
  o.max_want = 20;
  store_fixture f(o);
  for (std::uint32_t i = 0; i < 100; ++i) f.announce(request(1, 1000, i % 2), v4(i));
  auto r = request(1, 999, 5);
  CHECK(f.announce(r, v4(200)).peers.size() == 10);
  r.want = 0;
  CHECK(f.announce(r, v4(200)).peers.empty());
  r.want = 1;
  CHECK(f.announce(r, v4(200)).peers.size() == 1);
  r.want = 1000;
  const auto many = f.announce(r, v4(200)).peers;
  CHECK(many.size() == 20);
  // Even last numbers are seeds here.
  const auto seeds = std::count_if(many.begin(), many.end(), [](const std::string& p) {
    return (p[p.find(':') - 1] - '0') % 2 == 0;
  });
  CHECK(seeds == 10);
  std::set<std::string> all;
  for (int i = 0; i < 200; ++i) all.merge(f.announce(r, v4(200)).peers);
  CHECK(all.size() == 100); // the choice is random: everybody is given to somebody
}

TEST_CASE("swarm store: events count and remove") {
  store_fixture f;
  auto r = request(1, 1000, 5);
  r.event = announce_event::started;
  f.announce(r, v4(1));
  r.left = 0;
  r.event = announce_event::completed;
  CHECK(f.announce(r, v4(1)).completed == 1);
  CHECK(f.announce(r, v4(1)).completed == 1); // said twice, counted once
  CHECK(f.store.scrape(name(1)) == scrape_entry{name(1), 1, 1, 0});
  r.event = announce_event::stopped;
  const auto stopped = f.announce(r, v4(1));
  CHECK(stopped.peers.empty());
  CHECK(f.store.scrape(name(1)) == scrape_entry{name(1), 0, 1, 0});
  CHECK(f.store.totals().peers == 0);
  r.hash = name(9);
  f.announce(r, v4(1));
  CHECK_FALSE(f.store.status(name(9)).known); // a stop makes no swarm
}

TEST_CASE("swarm store: a key keeps a peer one peer when its address changes") {
  store_fixture f;
  f.announce(request(1, 1000, 5, 77), v4(1));
  f.announce(request(1, 1001, 5, 77), v4(2));
  CHECK(f.store.status(name(1)).leechers == 1);
  f.announce(request(1, 1001, 5, 78), v4(3)); // another key is another peer
  CHECK(f.store.status(name(1)).leechers == 2);
  f.announce(request(1, 1001, 5, 78),
             v4(2)); // moves onto the first one's address: that one is gone
  CHECK(f.store.status(name(1)).leechers == 1);
  f.announce(request(1, 1000, 5), v4(4)); // no key: the address is all there is
  f.announce(request(1, 1000, 5), v4(5));
  CHECK(f.store.status(name(1)).leechers == 3);
  auto other = request(1, 1001, 5, 78);
  other.id[0] = 'y'; // the key alone, without the id, removes nobody
  other.event = announce_event::stopped;
  f.announce(other, v4(99));
  CHECK(f.store.status(name(1)).leechers == 3);
}

TEST_CASE("swarm store: IPv4 and IPv6 peers share a swarm, each client gets both where it can take "
          "both") {
  store_fixture f;
  f.announce(request(1, 1000, 0), v4(1));
  f.announce(request(1, 1000, 0), v6(1));
  const auto r = f.announce(request(1, 1000, 5), v6(2));
  CHECK(r.peers == std::set<std::string>{"198.51.100.1:1000", "[2001:db8:0:1::1]:1000"});
  CHECK(r.seeders == 2);
  std::vector<endpoint> found;
  CHECK(f.store.find(name(1), 10, 5, found).seeders == 2);
  CHECK(found.size() == 3);
}

TEST_CASE("swarm store: one address cannot fill a swarm, in small and in indexed swarms") {
  swarm_store_options o;
  o.peers_per_address = 4;
  store_fixture f(o);
  for (const std::uint32_t others : {0u, 200u}) {
    for (std::uint32_t i = 0; i < others; ++i) f.announce(request(1, 1000, 5), v4(1000 + i));
    const auto before = f.store.status(name(1)).leechers;
    int refused = 0;
    for (std::uint16_t port = 1; port <= 20; ++port)
      refused += f.announce(request(1, port, 5), v4(others)).what == verdict::address_full;
    // Never late; in an indexed swarm the sketch may refuse a little early.
    CHECK(refused >= 16);
    CHECK(refused <= (others == 0 ? 16 : 19));
    CHECK(f.store.status(name(1)).leechers == before + 20 - refused);
    CHECK(f.announce(request(1, 1, 5), v4(others)).what == verdict::accepted); // who is in stays in
  }
  // One IPv6 /64 counts as one address.
  auto raw = v6(9).mapped();
  int accepted = 0;
  for (byte i = 0; i < 20; ++i) {
    raw[15] = i;
    accepted +=
        f.announce(request(2, 1000, 5), *ip_address::from_bytes(raw)).what == verdict::accepted;
  }
  CHECK(accepted == 4);
}

TEST_CASE("swarm store: peers expire, empty swarms go, memory comes back") {
  store_fixture f;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    f.announce(request(i % 100, 1000, i % 3), v4(i));
    f.announce(request(i % 100, 1000, i % 3), v6(static_cast<std::uint16_t>(i)));
  }
  CHECK(f.store.totals().peers == 2000);
  CHECK(f.store.totals().swarms == 100);
  f.now_ms += 2000 * 1000;
  f.announce(request(5, 1000, 1), v4(5)); // refreshed
  f.now_ms += 1000 * 1000;
  f.sweep_all();
  CHECK(f.store.totals().peers == 1);
  CHECK(f.store.totals().swarms == 1);
  CHECK(f.store.status(name(5)).leechers == 1);
  f.now_ms += 3000 * 1000;
  f.sweep_all();
  CHECK(f.store.totals().peers == 0);
  CHECK(f.store.totals().swarms == 0);
  CHECK(f.store.totals().memory_bytes < 64 * 64 * 40); // the slots of 64 shards remain
}

TEST_CASE("swarm store: limits of swarms, peers, peers in a swarm and memory are refusals") {
  swarm_store_options o;
  o.max_swarms = 3;
  o.max_peers = 6;
  o.peers_per_swarm = 4;
  store_fixture f(o);
  for (std::uint32_t i = 0; i < 4; ++i)
    CHECK(f.announce(request(1, 1000, 1), v4(i)).what == verdict::accepted);
  CHECK(f.announce(request(1, 1000, 1), v4(5)).what == verdict::full);
  CHECK(f.announce(request(1, 1000, 0), v4(3)).what == verdict::accepted); // a known peer
  CHECK(f.announce(request(2, 1000, 1), v4(1)).what == verdict::accepted);
  CHECK(f.announce(request(3, 1000, 1), v4(1)).what == verdict::accepted);
  CHECK(f.announce(request(4, 1000, 1), v4(1)).what == verdict::full);
  CHECK(f.announce(request(3, 1000, 1), v4(2)).what == verdict::full); // six peers
  swarm_store_options tight;
  tight.max_memory_bytes = 200'000;
  store_fixture g(tight);
  std::uint32_t accepted = 0;
  while (accepted < 10'000 &&
         g.announce(request(accepted, 1000, 1), v4(1)).what == verdict::accepted)
    ++accepted;
  CHECK(accepted > 100);
  CHECK(accepted < 2000);
  CHECK(g.store.totals().memory_bytes < 220'000);
}

TEST_CASE("swarm store: allow and deny lists") {
  swarm_store_options o;
  o.allow_list = true;
  store_fixture f(o);
  CHECK(f.announce(request(1, 1000, 1), v4(1)).what == verdict::not_listed);
  f.store.set_allowed({name(1), name(2)});
  CHECK(f.announce(request(1, 1000, 1), v4(1)).what == verdict::accepted);
  CHECK(f.announce(request(3, 1000, 1), v4(1)).what == verdict::not_listed);
  f.store.set_allowed({name(2)});
  f.sweep_all();
  CHECK_FALSE(f.store.status(name(1)).known);
  CHECK(f.announce(request(1, 1000, 1), v4(1)).what == verdict::not_listed);
  CHECK(f.announce(request(2, 1000, 1), v4(1)).what == verdict::accepted);
  f.store.set_denied({name(2)});
  CHECK(f.announce(request(2, 1000, 1), v4(1)).what == verdict::denied);
  CHECK(f.store.scrape(name(2)) == scrape_entry{name(2), 0, 0, 0});
  f.sweep_all();
  CHECK(f.announce(request(2, 1000, 1), v4(1)).what == verdict::denied);
  CHECK(f.store.totals().peers == 0);
}

TEST_CASE("swarm store: demand is told once in five seconds while seekers lack sources") {
  store_fixture f;
  int woken = 0;
  f.store.on_demand([&] { ++woken; });
  const auto hungry = f.announce(request(1, 1000, 5), v4(1));
  CHECK(hungry.interval_s <= 66);
  CHECK(woken == 1);
  f.announce(request(1, 1000, 5), v4(2));
  CHECK(woken == 1);
  auto told = f.store.take_demands(10);
  REQUIRE(told.size() == 1);
  CHECK(told[0].hash == name(1));
  CHECK(told[0].leechers == 1);
  CHECK_FALSE(f.store.has_demands());
  f.now_ms += 4999;
  f.announce(request(1, 1000, 5), v4(2));
  f.sweep_all();
  CHECK_FALSE(f.store.has_demands());
  f.now_ms += 1;
  f.sweep_all(); // lasts, though nobody announced again
  CHECK(woken == 2);
  CHECK(f.store.take_demands(10).size() == 1);
  // Our own seed is help, but not a source: the demand lasts until somebody else has the content.
  f.announce(request(1, 6881, 0), {}, true);
  f.now_ms += 5000;
  CHECK(f.announce(request(1, 1000, 5), v4(2)).seeders == 1);
  told = f.store.take_demands(10);
  REQUIRE(told.size() == 1);
  CHECK(told[0].seeders == 0);
  CHECK(told[0].own == 1);
  f.announce(request(1, 1000, 0), v4(3));
  f.now_ms += 5000;
  const auto fed = f.announce(request(1, 1000, 5), v4(2));
  CHECK(fed.interval_s >= 1800);
  CHECK(fed.interval_s <= 1980);
  f.sweep_all();
  CHECK_FALSE(f.store.has_demands());
}

TEST_CASE("swarm store: aria2 without metadata says left=0 and is a seeker all the same") {
  store_fixture f;
  auto magnet_only = request(1, 1000, 0);
  magnet_only.id[0] = 'A';
  magnet_only.id[1] = '2';
  magnet_only.id[2] = '-';
  CHECK(f.announce(magnet_only, v4(1)).leechers == 1);
  REQUIRE(f.store.take_demands(10).size() == 1);
  f.announce(request(1, 1001, 0), v4(2));
  CHECK(f.announce(magnet_only, v4(1)).peers.size() == 1); // it is given the seed
  magnet_only.uploaded = 1;
  CHECK(f.announce(magnet_only, v4(1)).seeders == 2);
  CHECK(f.announce(request(2, 1000, 0), v4(1)).seeders == 1); // others are believed
}

TEST_CASE("swarm store: no demand for seeds, for private names, for our own downloads") {
  store_fixture f;
  f.announce(request(1, 1000, 0), v4(1));
  f.store.set_private(name(2));
  f.announce(request(2, 1000, 5), v4(1));
  f.announce(request(3, 1000, 5), v4(1), true);
  f.sweep_all();
  CHECK_FALSE(f.store.has_demands());
  for (std::uint32_t i = 0; i < 64 * tracker_limits::demands_per_shard + 5000; ++i)
    f.announce(request(100 + i, 1000, 5), v4(1));
  std::size_t total = 0;
  while (f.store.has_demands()) total += f.store.take_demands(1000).size();
  CHECK(total <= 64 * tracker_limits::demands_per_shard);
  CHECK(total > 1000);
}

TEST_CASE("swarm store: our own peer stands under the address the asker knows us by") {
  store_fixture f;
  f.announce(request(1, 6881, 0), ip_address::v4(0), true);
  const auto local = *ip_address::parse("10.9.9.1");
  CHECK(f.announce(request(1, 1000, 5), v4(1), false, local).peers ==
        std::set<std::string>{"10.9.9.1:6881"});
  CHECK(f.announce(request(1, 1000, 5), v4(1)).peers.empty()); // not known: not given
  std::vector<endpoint> found;
  CHECK(f.store.find(name(1), 10, 1, found).own == 1);
  CHECK(found.size() == 1); // the seeker, not ourselves
  CHECK(f.announce(request(1, 6881, 0), ip_address::v4(0), true).peers ==
        std::set<std::string>{"198.51.100.1:1000"});
}

namespace {

/// What the tables must hold, kept in the plainest way.
struct model {
  struct peer {
    std::uint64_t identity = 0;
    bool seed = false;
    std::uint32_t tick = 0;
  };
  std::map<peer_table<4>::endpoint_bytes, peer> peers;

  void erase_identity(std::uint64_t identity) {
    if (identity == 0) return;
    std::erase_if(peers, [&](const auto& p) { return p.second.identity == identity; });
  }
};

} // namespace

TEST_CASE("peer table: random changes agree with a plain model") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  peer_table<4> table(random());
  model expected;
  std::uint32_t tick = 16000; // wraps on the way
  for (int step = 0; step < 40'000; ++step) {
    // The number of addresses goes up and down, so that the table grows an index and loses it
    // again.
    const auto addresses = 1 + (step / 4000 % 2 == 0 ? step % 4000 / 10 : 400 - step % 4000 / 10);
    peer_table<4>::update u;
    u.address = {10,
                 0,
                 static_cast<byte>(random() % addresses / 256),
                 static_cast<byte>(random() % addresses),
                 0,
                 static_cast<byte>(1 + random() % 2)};
    u.identity = random() % 3 == 0 ? 0 : 1 + random() % 300;
    u.seed = random() % 2 == 0;
    u.tick = tick;
    switch (random() % 8) {
    case 0: {
      const auto known = expected.peers.find(u.address);
      if (known != expected.peers.end())
        expected.peers.erase(known);
      else
        expected.erase_identity(u.identity);
      table.remove(u.address, u.identity);
      break;
    }
    case 1:
      ++tick;
      if (random() % 8 == 0) {
        std::erase_if(expected.peers, [&](const auto& p) { return tick - p.second.tick > 500; });
        table.expire(tick, 500);
      }
      break;
    default:
      expected.erase_identity(u.identity);
      expected.peers[u.address] = {u.identity, u.seed, tick};
      table.put(u, 0);
    }
    REQUIRE(table.size() == expected.peers.size());
    if (step % 50 != 0) continue;
    std::set<peer_table<4>::endpoint_bytes> all;
    peer_table<4>::choice c;
    c.want = 10'000;
    c.random = random();
    table.choose(c, [&](const auto& raw, bool) { REQUIRE(all.insert(raw).second); });
    REQUIRE(all.size() == expected.peers.size());
    std::uint32_t seeds = 0;
    for (const auto& [address, p] : expected.peers) {
      REQUIRE(all.contains(address));
      REQUIRE(table.contains(address));
      seeds += p.seed;
    }
    REQUIRE(table.seeds() == seeds);
    c.asker_is_seed = true;
    REQUIRE(table.choose(c, [&](const auto& raw, bool) {
      REQUIRE_FALSE(expected.peers[raw].seed);
    }) == expected.peers.size() - seeds);
  }
}

TEST_CASE("swarm store: threads announce at once and nothing is lost") {
  store_fixture f;
  std::vector<std::thread> threads;
  std::array<std::atomic<int>, 5> refused{};
  for (std::uint32_t t = 0; t < 4; ++t) {
    threads.emplace_back([&f, &refused, t] {
      std::array<byte, 300> four{};
      for (std::uint32_t i = 0; i < 20'000; ++i) {
        const auto answer =
            f.store.announce(request(i % 500, static_cast<std::uint16_t>(1 + t), i % 2),
                             {v4(i / 500)}, start_ms, i, four, {});
        refused[static_cast<std::size_t>(answer.what)] += answer.what != verdict::accepted;
      }
    });
  }
  for (int i = 0; i < 200; ++i) {
    f.store.sweep(start_ms, 100);
    f.store.take_demands(100);
  }
  for (auto& t : threads) t.join();
  for (const auto& count : refused) CHECK(count == 0);
  CHECK(f.store.totals().peers == 80'000);
  CHECK(f.store.totals().swarms == 500);
  std::uint64_t sum = 0;
  for (std::uint32_t i = 0; i < 500; ++i)
    sum += f.store.status(name(i)).leechers + f.store.status(name(i)).seeders;
  CHECK(sum == 80'000);
}
