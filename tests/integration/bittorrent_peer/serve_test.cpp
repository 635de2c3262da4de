#include "actors/overlays/bittorrent/serve.hpp"
#include "actors/overlays/bittorrent/session_settings.hpp"
#include "tests/catch.hpp"
#include "tests/integration/bittorrent_peer/stock.hpp"

#include <libtorrent/magnet_uri.hpp>
#include <libtorrent/peer_info.hpp>
#include <libtorrent/torrent_status.hpp>

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

struct server {
  explicit server(peer_options o = local_options())
      : session(serve_session::start(std::move(o), workers).value()) {}
  lt::tcp::endpoint at() const { return to_libtorrent(session->listening().at(0)); }
  std::shared_ptr<runtime::worker_pool> workers = std::make_shared<runtime::worker_pool>(2);
  std::unique_ptr<serve_session> session;
};

bool finished(const lt::torrent_handle& h) { return h.status().is_seeding; }

} // namespace

TEST_CASE("serves a single file to a stock client", "[bittorrent][serve]") {
  const auto k = GENERATE(kind::v1, kind::v2, kind::hybrid);
  const scratch there;
  const scratch here;
  const auto data = content(3'000'001);
  const auto t = make_torrent(there.path, "a.bin", {{"a.bin", data}}, k, 65536);
  server s;
  const auto source = std::make_shared<memory_source>(data);
  const auto offer = s.session->serve(t.name(), t.metadata(), source);
  REQUIRE(offer.has_value());
  CHECK(source->reads == 0);

  stock leech;
  const auto h = leech.add(t, here.path, false);
  h.connect_peer(s.at());
  REQUIRE(wait_for([&] { return finished(h); }, 30s));
  CHECK(read_file(here.path / "a.bin") == data);
  CHECK(source->reads <= 60); // 46 pieces, each read once or little more
  CHECK(source->judged_good >= 46);
  CHECK(source->judged_bad == 0);
  CHECK(wait_for([&] { return (*offer)->state().completed == 1; }, 5s));
  CHECK((*offer)->state().bytes_sent >= data.size());
}

TEST_CASE("serves a magnet link's metadata", "[bittorrent][serve]") {
  const auto k = GENERATE(kind::v1, kind::v2, kind::hybrid);
  const scratch there;
  const scratch here;
  const auto data = content(1'500'000, 7);
  const auto t = make_torrent(there.path, "a.bin", {{"a.bin", data}}, k, 32768);
  server s;
  const auto offer =
      s.session->serve(t.name(), t.metadata(), std::make_shared<memory_source>(data));
  REQUIRE(offer.has_value());
  stock leech;
  const auto h = leech.add_magnet(t.info->info_hashes(), here.path);
  h.connect_peer(s.at());
  REQUIRE(wait_for([&] { return finished(h); }, 30s));
  CHECK(read_file(here.path / "a.bin") == data);
}

TEST_CASE("serves the pieces inside one file of many", "[bittorrent][serve]") {
  const auto k = GENERATE(kind::v1, kind::v2, kind::hybrid);
  const scratch there;
  const scratch here;
  const auto a = content(100'000, 1);
  const auto b = content(700'000, 2);
  const auto c = content(250'000, 3);
  const auto t = make_torrent(there.path, "many", {{"a", a}, {"b", b}, {"c", c}}, k, 32768);
  server s;
  auto b_source = std::make_shared<memory_source>(b);
  const auto offer = s.session->serve(t.name(1), t.metadata(1), b_source);
  REQUIRE(offer.has_value());
  stock leech;
  const auto h = leech.add(t, here.path, false);
  h.connect_peer(s.at());
  const auto whole = t.metadata(1)->map.whole_pieces(1).size();
  REQUIRE(whole >= 20);
  REQUIRE(wait_for([&] { return h.status().num_pieces >= static_cast<int>(whole); }, 30s));
  if (k == kind::v1) {
    std::this_thread::sleep_for(300ms);
    CHECK(h.status().num_pieces == static_cast<int>(whole)); // the two shared ones are not on offer
  }
  // With the neighbours on offer too, everything can be had, on the same connection.
  const auto more_a =
      s.session->serve(t.name(0), t.metadata(0), std::make_shared<memory_source>(a));
  const auto more_c =
      s.session->serve(t.name(2), t.metadata(2), std::make_shared<memory_source>(c));
  REQUIRE(more_a.has_value());
  REQUIRE(more_c.has_value());
  const bool done = wait_for([&] { return finished(h); }, 30s);
  INFO("kind " << static_cast<int>(k) << ", " << h.status().num_pieces << " pieces, "
               << h.status().num_peers << " peers");
  REQUIRE(done);
  CHECK(read_file(here.path / "many/a") == a);
  CHECK(read_file(here.path / "many/b") == b);
  CHECK(read_file(here.path / "many/c") == c);
}

TEST_CASE("announces pieces when the source can give them", "[bittorrent][serve]") {
  const auto k = GENERATE(kind::v1, kind::v2, kind::hybrid);
  const scratch there;
  const scratch here;
  const auto data = content(1'000'000, 5);
  const auto t = make_torrent(there.path, "a.bin", {{"a.bin", data}}, k, 65536);
  server s;
  auto source = std::make_shared<memory_source>(data);
  source->set_have({{100'000, 400'000}});
  const auto offer = s.session->serve(t.name(), t.metadata(), source);
  REQUIRE(offer.has_value());
  stock leech;
  const auto h = leech.add(t, here.path, false);
  h.connect_peer(s.at());
  REQUIRE(wait_for([&] { return h.status().num_pieces == 4; }, 10s)); // 131072 .. 393216
  std::this_thread::sleep_for(200ms);
  CHECK(h.status().num_pieces == 4);
  source->set_have({{0, 700'000}});
  REQUIRE(wait_for([&] { return h.status().num_pieces == 10; }, 10s));
  source->set_have({{0, 1'000'000}});
  REQUIRE(wait_for([&] { return finished(h); }, 10s));
  CHECK(read_file(here.path / "a.bin") == data);
}

TEST_CASE("a wrong byte never leaves and the source hears of it", "[bittorrent][serve]") {
  const auto k = GENERATE(kind::v1, kind::v2, kind::hybrid);
  const scratch there;
  const scratch here;
  const auto data = content(500'000, 9);
  const auto t = make_torrent(there.path, "a.bin", {{"a.bin", data}}, k, 65536);
  server s;
  auto source = std::make_shared<memory_source>(data);
  source->lies = true;
  const auto offer = s.session->serve(t.name(), t.metadata(), source);
  REQUIRE(offer.has_value());
  stock leech;
  const auto h = leech.add(t, here.path, false);
  h.connect_peer(s.at());
  REQUIRE(wait_for([&] { return source->judged_bad >= 3; }, 10s));
  CHECK((*offer)->state().bytes_sent == 0);
  CHECK(h.status().total_payload_download == 0);
  source->lies = false;
  REQUIRE(wait_for([&] { return finished(h); }, 30s));
  CHECK(h.status().total_failed_bytes == 0);
  CHECK(read_file(here.path / "a.bin") == data);
}

TEST_CASE("a swarm recovers when its source does", "[bittorrent][serve]") {
  const scratch there;
  const scratch here;
  const auto data = content(800'000, 11);
  const auto t = make_torrent(there.path, "a.bin", {{"a.bin", data}}, kind::hybrid, 65536);
  auto o = local_options();
  o.source_deadline_ms = 700;
  server s(o);
  auto source = std::make_shared<memory_source>(data);
  source->fails = true;
  const auto offer = s.session->serve(t.name(), t.metadata(), source);
  REQUIRE(offer.has_value());
  stock leech;
  const auto h = leech.add(t, here.path, false);
  h.connect_peer(s.at());
  // Long enough that requests were rejected and pieces taken back.
  std::this_thread::sleep_for(3s);
  CHECK(h.status().total_payload_download == 0);
  CHECK(source->reads > 0);
  source->fails = false;
  REQUIRE(wait_for([&] { return finished(h); }, 20s));
  CHECK(read_file(here.path / "a.bin") == data);
  CHECK((*offer)->state().clients <= 1);
}

TEST_CASE("several clients of a slow source share its reads", "[bittorrent][serve]") {
  const scratch there;
  const auto data = content(2'000'000, 13);
  const auto t = make_torrent(there.path, "a.bin", {{"a.bin", data}}, kind::v1, 65536);
  server s;
  auto source = std::make_shared<memory_source>(data);
  source->delay_ms = 20;
  const auto offer = s.session->serve(t.name(), t.metadata(), source);
  REQUIRE(offer.has_value());
  std::vector<std::unique_ptr<scratch>> folders;
  std::vector<std::unique_ptr<stock>> leeches;
  std::vector<lt::torrent_handle> handles;
  for (int i = 0; i < 3; ++i) {
    folders.push_back(std::make_unique<scratch>());
    leeches.push_back(std::make_unique<stock>());
    handles.push_back(leeches.back()->add(t, folders.back()->path, false));
    handles.back().connect_peer(s.at());
  }
  for (int i = 0; i < 3; ++i) {
    REQUIRE(wait_for([&] { return finished(handles[static_cast<std::size_t>(i)]); }, 30s));
    CHECK(read_file(folders[static_cast<std::size_t>(i)]->path / "a.bin") == data);
  }
  CHECK(source->reads <= 40); // 31 pieces for three clients
}

TEST_CASE("the last handle ends the serving", "[bittorrent][serve]") {
  const scratch there;
  const scratch here;
  const auto data = content(300'000, 17);
  const auto t = make_torrent(there.path, "a.bin", {{"a.bin", data}}, kind::v1, 65536);
  server s;
  auto source = std::make_shared<memory_source>(data);
  auto offer = s.session->serve(t.name(), t.metadata(), source);
  REQUIRE(offer.has_value());
  stock leech;
  const auto h = leech.add(t, here.path, false);
  offer->reset();
  REQUIRE(wait_for([&] { return source.use_count() == 1; }, 5s));
  h.connect_peer(s.at());
  std::this_thread::sleep_for(1s);
  CHECK(h.status().num_pieces == 0);
  CHECK(source->reads == 0);
  // And it can be offered again.
  offer = s.session->serve(t.name(), t.metadata(), source);
  REQUIRE(offer.has_value());
  (*offer)->dial(leech.at());
  REQUIRE(wait_for([&] { return finished(h); }, 20s));
}

TEST_CASE("private and unprovable torrents are refused", "[bittorrent][serve]") {
  const scratch there;
  const auto data = content(300'000, 19);
  server s;
  const auto p = make_torrent(there.path, "p.bin", {{"p.bin", data}}, kind::v1, 65536, true);
  const auto source = std::make_shared<memory_source>(data);
  auto refused = s.session->serve(p.name(), p.metadata(), source);
  REQUIRE(!refused.has_value());
  CHECK(refused.error().code == errc::denied);

  const auto t = make_torrent(there.path, "v.bin", {{"v.bin", data}}, kind::v2, 65536);
  const auto raw = t.info->info_section();
  const auto bare = parse_metadata(
      t.name(), {reinterpret_cast<const byte*>(raw.data()), static_cast<std::size_t>(raw.size())},
      {});
  REQUIRE(bare.has_value());
  refused = s.session->serve(t.name(), *bare, source);
  REQUIRE(!refused.has_value());
  CHECK(refused.error().code == errc::malformed);
}
