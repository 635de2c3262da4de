#include "tests/integration/bittorrent_peer/fetch_fixture.hpp"
#include "tests/integration/bittorrent_peer/scripted_seed.hpp"

#include <future>
#include <libtorrent/peer_info.hpp>
#include <libtorrent/torrent_status.hpp>

using namespace interswarm;
using namespace interswarm::bittorrent;
using namespace interswarm::bittorrent::testing;
using namespace std::chrono_literals;

TEST_CASE("a seed that leaves is replaced", "[bittorrent][fetch]") {
  const scratch there;
  const auto data = content(4'000'000, 6);
  const auto t = make_torrent(there.path, "a.bin", {{"a.bin", data}}, kind::v1, 65536);
  auto first = std::make_unique<stock>();
  first->add(t, there.path, true);
  auto peers = std::make_shared<listed_peers>();
  peers->set({first->at()});
  auto o = local_options();
  o.read_ahead_bytes = 262144;
  fetcher f(o);
  const auto source = f.session->fetch(t.name(), nullptr, peers).value();
  REQUIRE(read(*source, {0, 100'000}).get().has_value());
  peers->set({});
  first.reset();
  auto waits = read(*source, {3'000'000, 3'200'000}, 30000);
  CHECK(waits.wait_for(1500ms) == std::future_status::timeout);
  stock second;
  second.add(t, there.path, true);
  peers->set({second.at()});
  const auto got = waits.get();
  REQUIRE(got.has_value());
  CHECK(same(*got, data, {3'000'000, 3'200'000}));
}

TEST_CASE("a seed that forgets requests is dialled anew", "[bittorrent][fetch]") {
  const scratch there;
  const auto data = content(2'000'000, 11);
  const auto t = make_torrent(there.path, "a.bin", {{"a.bin", data}}, kind::v1, 65536);
  scripted_seed seed(t.name().info_hash, data, 65536, {.answers = 6});
  auto peers = std::make_shared<listed_peers>();
  peers->set({seed.at()});
  fetcher f;
  const auto source = f.session->fetch(t.name(), t.metadata(), peers).value();
  const byte_range all{0, data.size()};
  const auto got = read(*source, all, 60'000).get();
  REQUIRE(got.has_value());
  CHECK(same(*got, data, all));
  CHECK(seed.connections() == 2);
}

TEST_CASE("a handshake under way outlives the next question for peers", "[bittorrent][fetch]") {
  const scratch there;
  const auto data = content(200'000, 13);
  const auto t = make_torrent(there.path, "a.bin", {{"a.bin", data}}, kind::v1, 65536);
  scripted_seed seed(t.name().info_hash, data, 65536, {.shy_for = 2500ms});
  auto peers = std::make_shared<listed_peers>();
  peers->set({seed.at()});
  fetcher f;
  const auto source = f.session->fetch(t.name(), t.metadata(), peers).value();
  const byte_range all{0, data.size()};
  const auto got = read(*source, all, 20'000).get();
  REQUIRE(got.has_value());
  CHECK(same(*got, data, all));
  CHECK(peers->asked >= 2); // the first repetition comes after 1 s
  CHECK(seed.connections() == 1);
}

TEST_CASE("a reader has peers looked for at once", "[bittorrent][fetch]") {
  const scratch there;
  const auto data = content(300'000, 8);
  const auto t = make_torrent(there.path, "a.bin", {{"a.bin", data}}, kind::v1, 16384);
  stock seed;
  seed.add(t, there.path, true);
  auto peers = std::make_shared<listed_peers>();
  fetcher f;
  const auto source = f.session->fetch(t.name(), t.metadata(), peers).value();
  // Whoever only asks what there is has it looked for ever more seldom: after 0, 1, 3, 7 and 15 s.
  REQUIRE(wait_for(
      [&] {
        state(*source);
        return peers->asked >= 4;
      },
      15s));
  peers->set({seed.at()});
  const auto began = std::chrono::steady_clock::now();
  const auto got = read(*source, {0, 100'000}).get();
  REQUIRE(got.has_value());
  CHECK(same(*got, data, {0, 100'000}));
  CHECK(std::chrono::steady_clock::now() - began < 5s);
}

TEST_CASE("no peer is asked for more at once than it says it takes", "[bittorrent][fetch]") {
  const scratch there;
  const auto data = content(4'000'000, 12);
  const auto t = make_torrent(there.path, "a.bin", {{"a.bin", data}}, kind::v1, 65536);
  scripted_seed seed(t.name().info_hash, data, 65536, {});
  auto peers = std::make_shared<listed_peers>();
  peers->set({seed.at()});
  fetcher f;
  const auto source = f.session->fetch(t.name(), t.metadata(), peers).value();
  const byte_range all{0, data.size()};
  const auto got = read(*source, all, 60'000).get();
  REQUIRE(got.has_value());
  CHECK(same(*got, data, all));
  CHECK(seed.most_waiting() <= 60);
  CHECK(seed.most_waiting() >= 30); // it was near the limit at all
}

TEST_CASE("nobody there is a clean failure", "[bittorrent][fetch]") {
  const scratch there;
  const auto data = content(500'000, 6);
  const auto t = make_torrent(there.path, "a.bin", {{"a.bin", data}}, kind::v1, 65536);
  auto peers = std::make_shared<listed_peers>();
  fetcher f;
  const bool magnet = GENERATE(false, true);
  const auto source = f.session->fetch(t.name(), magnet ? nullptr : t.metadata(), peers).value();
  const auto began = std::chrono::steady_clock::now();
  const auto got = read(*source, {0, 1000}, 1200).get();
  REQUIRE(!got.has_value());
  CHECK(got.error().code == errc::unavailable);
  const auto took = std::chrono::steady_clock::now() - began;
  CHECK(took >= 1100ms);
  CHECK(took < 2500ms);
  CHECK(peers->asked <= 3); // backs off
}

TEST_CASE("without demand there is no connection", "[bittorrent][fetch]") {
  const scratch there;
  const auto data = content(2'000'000, 9);
  const auto t = make_torrent(there.path, "a.bin", {{"a.bin", data}}, kind::v1, 65536);
  stock seed;
  const auto h = seed.add(t, there.path, true);
  auto peers = std::make_shared<listed_peers>();
  peers->set({seed.at()});
  auto o = local_options();
  o.idle_ms = 800;
  fetcher f(o);
  const auto source = f.session->fetch(t.name(), t.metadata(), peers).value();
  REQUIRE(read(*source, {0, 1000}).get().has_value());
  CHECK(h.status().num_peers == 1);
  REQUIRE(wait_for([&] { return h.status().num_peers == 0; }, 5s));
  std::this_thread::sleep_for(300ms);
  const auto asked = peers->asked.load();
  std::this_thread::sleep_for(1500ms);
  CHECK(peers->asked == asked);
  CHECK(h.status().num_peers == 0);
  REQUIRE(read(*source, {1'900'000, 1'950'000}).get().has_value());
}
