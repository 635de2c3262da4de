#include "actors/overlays/bittorrent/fetch.hpp"
#include "tests/catch.hpp"
#include "tests/integration/bittorrent_peer/scripted_seed.hpp"
#include "tests/integration/bittorrent_peer/stock.hpp"

#include <libtorrent/peer_info.hpp>
#include <libtorrent/torrent_status.hpp>

#include <future>
#include <random>

using namespace interswarm;
using namespace interswarm::bittorrent;
using namespace interswarm::bittorrent::testing;
using namespace std::chrono_literals;

namespace {

peer_options local_options() {
  peer_options o;
  o.listen = {{*ip_address::parse("127.0.0.1"), 0}};
  o.several_connections_per_address = true;
  return o;
}

/// Hands out a list that the test may change.
struct listed_peers final : peer_finder {
  void find(std::uint16_t, reply<std::vector<endpoint>> done) override {
    ++asked;
    const std::lock_guard guard(mutex);
    done(peers);
  }
  void set(std::vector<endpoint> p) {
    const std::lock_guard guard(mutex);
    peers = std::move(p);
  }
  std::atomic<int> asked{0};
  std::mutex mutex;
  std::vector<endpoint> peers;
};

struct fetcher {
  explicit fetcher(peer_options o = local_options())
      : session(fetch_session::start(std::move(o), workers).value()) {}
  std::shared_ptr<runtime::worker_pool> workers = std::make_shared<runtime::worker_pool>(2);
  std::unique_ptr<fetch_session> session;
};

template <class T, class F>
std::future<result<T>> ask(F f) {
  auto p = std::make_shared<std::promise<result<T>>>();
  auto out = p->get_future();
  f(reply<T>([p](result<T> r) { p->set_value(std::move(r)); }));
  return out;
}

std::future<result<slice>> read(fetching& f, byte_range r, std::uint32_t deadline_ms = 20000,
                                bool urgent = false) {
  return ask<slice>([&](auto done) { f.read(r, deadline_ms, urgent, done); });
}

fetch_state state(fetching& f) {
  return ask<fetch_state>([&](auto done) { f.state(done); }).get().value();
}

bool same(const slice& got, const bytes& all, byte_range r) {
  return equal(got, byte_view(all).subspan(r.begin, r.size()));
}

} // namespace

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
