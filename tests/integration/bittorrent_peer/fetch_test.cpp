#include "tests/integration/bittorrent_peer/fetch_fixture.hpp"

#include <future>
#include <libtorrent/peer_info.hpp>
#include <libtorrent/torrent_status.hpp>
#include <random>

using namespace interswarm;
using namespace interswarm::bittorrent;
using namespace interswarm::bittorrent::testing;
using namespace std::chrono_literals;

TEST_CASE("fetches nothing before it is read, then what is read", "[bittorrent][fetch]") {
  const auto k = GENERATE(kind::v1, kind::v2, kind::hybrid);
  const bool magnet = GENERATE(false, true);
  const scratch there;
  const auto data = content(6'000'001, 3);
  const auto t = make_torrent(there.path, "a.bin", {{"a.bin", data}}, k, 65536);
  stock seed;
  const auto h = seed.add(t, there.path, true);
  auto peers = std::make_shared<listed_peers>();
  peers->set({seed.at()});
  auto o = local_options();
  o.read_ahead_bytes = 1 << 20;
  fetcher f(o);
  const auto source = f.session->fetch(t.name(), magnet ? nullptr : t.metadata(), peers);
  REQUIRE(source.has_value());
  std::this_thread::sleep_for(300ms);
  CHECK(peers->asked == 0);

  REQUIRE(wait_for([&] { return state(**source).have.contains({0, data.size()}); }, 15s));
  const auto s = state(**source);
  REQUIRE(s.metadata);
  CHECK(s.peers == 1);
  CHECK(s.held_bytes == 0);
  CHECK(!s.failure);
  CHECK(h.status().total_payload_upload == 0);

  const byte_range some{1'000'000, 1'200'000};
  const auto got = read(**source, some).get();
  REQUIRE(got.has_value());
  CHECK(same(*got, data, some));
  const auto held = state(**source).held_bytes;
  CHECK(held >= 200'000);
  std::this_thread::sleep_for(500ms);
  CHECK(state(**source).held_bytes <= 200'000 + 2 * 65536 + (1 << 20));

  const byte_range tail{5'999'990, 6'000'001};
  const auto end = read(**source, tail).get();
  REQUIRE(end.has_value());
  CHECK(same(*end, data, tail));
  const auto past = read(**source, {5'999'990, 6'000'002}).get();
  REQUIRE(!past.has_value());
  CHECK(past.error().code == errc::malformed);
}

TEST_CASE("reads in order and at random give the seed's bytes", "[bittorrent][fetch]") {
  const scratch there;
  const auto data = content(20'000'000, 4);
  const auto t = make_torrent(there.path, "a.bin", {{"a.bin", data}}, kind::hybrid, 131072);
  stock seed;
  seed.add(t, there.path, true);
  auto peers = std::make_shared<listed_peers>();
  peers->set({seed.at()});
  fetcher f;
  const auto source = f.session->fetch(t.name(), t.metadata(), peers).value();
  SECTION("in order, eight at a time") {
    std::deque<std::pair<byte_range, std::future<result<slice>>>> waiting;
    for (std::uint64_t at = 0; at < data.size() || !waiting.empty();) {
      while (at < data.size() && waiting.size() < 8) {
        const byte_range r{at, std::min<std::uint64_t>(data.size(), at + 300'000)};
        waiting.emplace_back(r, read(*source, r));
        at = r.end;
      }
      auto got = waiting.front().second.get();
      REQUIRE(got.has_value());
      REQUIRE(same(*got, data, waiting.front().first));
      waiting.pop_front();
    }
  }
  SECTION("at random") {
    const auto seed_number = std::random_device{}();
    INFO("random seed " << seed_number);
    std::mt19937 random(seed_number);
    for (int i = 0; i < 60; ++i) {
      const auto begin = random() % (data.size() - 1);
      const byte_range r{begin,
                         std::min<std::uint64_t>(data.size(), begin + 1 + random() % 400'000)};
      auto got = read(*source, r, 20000, i % 3 == 0).get();
      REQUIRE(got.has_value());
      REQUIRE(same(*got, data, r));
    }
  }
}

TEST_CASE("takes one file out of many", "[bittorrent][fetch]") {
  const auto k = GENERATE(kind::v1, kind::v2, kind::hybrid);
  const scratch there;
  const auto a = content(900'000, 1);
  const auto b = content(777'777, 2);
  const auto t = make_torrent(there.path, "many", {{"a", a}, {"b", b}}, k, 65536);
  stock seed;
  const auto h = seed.add(t, there.path, true);
  auto peers = std::make_shared<listed_peers>();
  peers->set({seed.at()});
  fetcher f;
  const auto second = f.session->fetch(t.name(1), nullptr, peers).value();
  const auto got = read(*second, {0, b.size()}).get();
  REQUIRE(got.has_value());
  CHECK(same(*got, b, {0, b.size()}));
  CHECK(state(*second).held_bytes == b.size());
  CHECK(h.status().total_payload_upload <= 777'777 + 65536);
  // The other file is another handle on the same torrent.
  const auto first = f.session->fetch(t.name(0), nullptr, peers).value();
  const auto rest = read(*first, {0, a.size()}).get();
  REQUIRE(rest.has_value());
  CHECK(same(*rest, a, {0, a.size()}));
  const auto none = f.session->fetch(t.name(2), nullptr, peers).value();
  CHECK(read(*none, {0, 1}).get().error().code == errc::not_found);
}

TEST_CASE("private torrents stop when they show", "[bittorrent][fetch]") {
  const scratch there;
  const auto data = content(500'000, 8);
  const auto t = make_torrent(there.path, "a.bin", {{"a.bin", data}}, kind::v1, 65536, true);
  auto peers = std::make_shared<listed_peers>();
  fetcher f;
  const auto refused = f.session->fetch(t.name(), t.metadata(), peers);
  REQUIRE(!refused.has_value());
  CHECK(refused.error().code == errc::denied);
}

TEST_CASE("what is held is read after a rest, though the seed is gone", "[bittorrent][fetch]") {
  const scratch there;
  const auto data = content(2'000'000, 10);
  const auto t = make_torrent(there.path, "a.bin", {{"a.bin", data}}, kind::v1, 65536);
  const bool whole = GENERATE(true, false);
  auto peers = std::make_shared<listed_peers>();
  auto o = local_options();
  o.idle_ms = 800;
  o.read_ahead_bytes = 65536;
  fetcher f(o);
  const auto source = f.session->fetch(t.name(), t.metadata(), peers).value();
  const byte_range held{0, whole ? data.size() : 1'000'000};
  {
    stock seed;
    const auto h = seed.add(t, there.path, true);
    peers->set({seed.at()});
    REQUIRE(read(*source, held).get().has_value());
    REQUIRE(wait_for([&] { return h.status().num_peers == 0; }, 5s));
  }
  for (int i = 0; i < 2; ++i) {
    const auto got = read(*source, {100, 70'000}).get();
    REQUIRE(got.has_value());
    CHECK(same(*got, data, {100, 70'000}));
    std::this_thread::sleep_for(1500ms);
  }
}

TEST_CASE("genuine bytes are told from spoiled ones", "[bittorrent][fetch]") {
  const scratch there;
  const auto data = content(2'000'000, 10);
  const auto t = make_torrent(there.path, "a.bin", {{"a.bin", data}}, kind::v1, 65536);
  stock seed;
  seed.add(t, there.path, true);
  auto peers = std::make_shared<listed_peers>();
  peers->set({seed.at()});
  fetcher f;
  const auto source = f.session->fetch(t.name(), t.metadata(), peers).value();
  REQUIRE(wait_for([&] { return state(*source).peers == 1; }, 10s));
  const auto g = ask<genuine_answer>([&](auto done) {
                   source->genuine({100, 70'000}, 20000, done);
                 }).get();
  REQUIRE(g.has_value());
  CHECK(g->good);
  CHECK(g->range == byte_range{0, 131072});
  // Judged bad without being it: the torrent's own hashes keep them.
  source->judge({100, 70'000}, false);
  const auto got = read(*source, {100, 70'000}).get();
  REQUIRE(got.has_value());
  CHECK(same(*got, data, {100, 70'000}));
}

TEST_CASE("dropping the handle ends the fetch", "[bittorrent][fetch]") {
  const scratch there;
  const auto data = content(2'000'000, 12);
  const auto t = make_torrent(there.path, "a.bin", {{"a.bin", data}}, kind::v1, 65536);
  auto peers = std::make_shared<listed_peers>();
  fetcher f;
  auto source = f.session->fetch(t.name(), t.metadata(), peers).value();
  auto waits = read(*source, {0, 1000}, 60000);
  source.reset();
  REQUIRE(waits.wait_for(5s) == std::future_status::ready);
  CHECK(waits.get().error().code == errc::cancelled);
}

TEST_CASE("a session ends at once though reads wait", "[bittorrent][fetch]") {
  scratch s;
  const auto data = content(1 << 20);
  const auto t = make_torrent(s.path, "a.bin", {{"a.bin", data}}, kind::v1, 32768);
  auto peers = std::make_shared<listed_peers>();
  fetcher f;
  auto fetch = f.session->fetch(t.name(), t.metadata(), peers).value();
  auto waiting = read(*fetch, {0, 1000}, 600'000);
  REQUIRE(wait_for([&] { return peers->asked > 0; }, 5s));
  auto ended = std::async(std::launch::async, [&] { f.session.reset(); });
  const bool in_time = ended.wait_for(5s) == std::future_status::ready;
  CHECK(in_time);
  // The handle outlives its session, and answers.
  REQUIRE(waiting.wait_for(5s) == std::future_status::ready);
  CHECK(waiting.get().error().code == errc::cancelled);
}
