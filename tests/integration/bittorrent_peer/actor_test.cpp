#include "actors/overlays/bittorrent/peer.hpp"
#include "actors/overlays/bittorrent/session_settings.hpp"
#include "actors/runtime/error.hpp"
#include "tests/catch.hpp"
#include "tests/integration/bittorrent_peer/stock.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <libtorrent/torrent_status.hpp>

using namespace interswarm;
using namespace interswarm::bittorrent;
using namespace interswarm::bittorrent::testing;
using namespace std::chrono_literals;

namespace {

struct world {
  caf::actor_system_config config;
  caf::actor_system system;
  std::shared_ptr<runtime::loop> loop;
  msg::peer_actor peer;

  explicit world(peer_options o = options())
      : system(config), loop(runtime::loop::start(system, "io")) {
    peer = spawn_peer(*loop, std::move(o)).value();
  }
  ~world() {
    peer = nullptr;
    system.await_actors_before_shutdown(false);
    loop->stop();
  }
  static peer_options options() {
    peer_options o;
    o.listen = {{*ip_address::parse("127.0.0.1"), 0}};
    o.several_connections_per_address = true;
    return o;
  }
  template <class R, class H, class Q>
  result<R> ask(const H& to, Q request, std::chrono::milliseconds limit = 30s) {
    caf::scoped_actor self(system);
    result<R> out;
    self->request(to, limit, std::move(request))
        .receive([&](const R& r) { out = r; },
                 [&](const caf::error& e) { out = tl::unexpected(runtime::to_error(e)); });
    return out;
  }
  lt::tcp::endpoint at() {
    const auto d = ask<msg::peer_describe_result>(peer, msg::peer_describe{}).value();
    REQUIRE(d.overlay == "bittorrent");
    REQUIRE(d.listen.size() == 1);
    return to_libtorrent({*ip_address::from_bytes(d.listen[0].address), d.listen[0].port});
  }
};

/// A tracker that knows a fixed list.
msg::tracker_actor fixed_tracker(caf::actor_system& system, std::vector<endpoint> known) {
  return system.spawn([known = std::move(known)](
                          msg::tracker_actor::pointer) -> msg::tracker_actor::behavior_type {
    const auto no = [] { return runtime::make_caf_error(errc::unimplemented, "not in this test"); };
    return {
        [no](const msg::tracker_announce&) -> caf::result<msg::tracker_announce_result> {
          return no();
        },
        [known](const msg::tracker_find&) {
          msg::tracker_find_result out;
          for (const auto& e : known)
            out.peers.push_back(
                {{.address = slice::copy_of(e.address.network_bytes()), .port = e.port}, {}});
          return out;
        },
        [no](const msg::tracker_scrape&) -> caf::result<msg::tracker_scrape_result> {
          return no();
        },
        [no](const msg::tracker_watch&) -> caf::result<msg::tracker_watch_result> { return no(); },
        [](const msg::tracker_follow&) {}};
  });
}

/// A source over bytes in memory that wants no polling without a pause.
msg::source_actor fixed_source(caf::actor_system& system, bytes data,
                               std::shared_ptr<std::atomic<int>> asked) {
  return system.spawn([data = slice(std::move(data)),
                       asked](msg::source_actor::pointer self) -> msg::source_actor::behavior_type {
    return {[data](const msg::source_info&) {
              msg::source_info_result out;
              out.info.size = data.size();
              return out;
            },
            [=](const msg::source_have& h) -> caf::result<msg::source_have_result> {
              ++*asked;
              if (h.after_version >= 1 && h.wait_ms > 0) { // never changes
                auto promise = self->make_response_promise<msg::source_have_result>();
                return promise;
              }
              return msg::source_have_result{1, {{.begin = 0, .end = data.size()}}, 0};
            },
            [data](const msg::source_read& r) {
              return msg::source_read_result{data.sub(r.range.begin, r.range.end - r.range.begin)};
            },
            [](const msg::source_judge&) {},
            [](const msg::source_genuine& g) {
              return msg::source_genuine_result{g.range, msg::verdict::good};
            }};
  });
}

msg::name_record record_of(const made_torrent& t, bool magnet) {
  msg::name_record out;
  out.name = {"bittorrent", slice(t.name().key())};
  if (magnet) return out;
  const auto m = t.metadata();
  out.metadata = slice::copy_of(m->raw);
  out.size = m->map.files()[0].length;
  for (const auto& p : m->proofs_of(0))
    if (p.v2)
      out.hashes.push_back({.algorithm = msg::hash_algorithm::bep52,
                            .unit = p.unit,
                            .offset = 0,
                            .end = p.covers.end,
                            .hashes = slice::copy_of(p.hashes),
                            .evidence = msg::evidence::structural});
  return out;
}

} // namespace

TEST_CASE("the peer actor serves an actor's source", "[bittorrent][actor]") {
  const auto k = GENERATE(kind::v1, kind::v2, kind::hybrid);
  const scratch there;
  const scratch here;
  const auto data = content(2'000'000, 3);
  const auto t = make_torrent(there.path, "a.bin", {{"a.bin", data}}, k, 65536);
  stock leech;
  const auto h = leech.add(t, here.path, false);
  world w;
  const auto asked = std::make_shared<std::atomic<int>>(0);
  auto source = fixed_source(w.system, data, asked);
  // The tracker names the seeker, which is dialled: it never heard of us.
  auto serving = w.ask<msg::peer_serve_result>(
      w.peer, msg::peer_serve{record_of(t, false), source, fixed_tracker(w.system, {leech.at()})});
  REQUIRE(serving.has_value());
  REQUIRE(wait_for([&] { return h.status().is_seeding; }, 30s));
  CHECK(read_file(here.path / "a.bin") == data);
  const auto s = w.ask<msg::serving_status_result>(serving->serving, msg::serving_status{});
  REQUIRE(s.has_value());
  CHECK(s->status.bytes_sent >= data.size());
  CHECK(*asked <= 3);
  // The last handle ends it, and with it the hold on the source.
  const caf::actor_addr watched = source.address();
  source = nullptr;
  serving->serving = nullptr;
  CHECK(wait_for([&] { return caf::actor_cast<caf::strong_actor_ptr>(watched) == nullptr; }, 3s));
}

TEST_CASE("refusals of the peer actor", "[bittorrent][actor]") {
  const scratch there;
  const auto data = content(200'000, 3);
  const auto t = make_torrent(there.path, "a.bin", {{"a.bin", data}}, kind::v1, 65536);
  const auto p = make_torrent(there.path, "p.bin", {{"p.bin", data}}, kind::v1, 65536, true);
  world w;
  const auto source = fixed_source(w.system, data, std::make_shared<std::atomic<int>>(0));
  const auto serve = [&](msg::name_record r) {
    const auto out =
        w.ask<msg::peer_serve_result>(w.peer, msg::peer_serve{std::move(r), source, {}});
    return out ? errc::internal : out.error().code;
  };
  CHECK(serve(record_of(p, false)) == errc::denied);
  CHECK(serve(record_of(t, true)) == errc::malformed);
  auto r = record_of(t, false);
  r.permission = msg::permission::forbidden;
  CHECK(serve(r) == errc::denied);
  r = record_of(t, false);
  r.name.overlay = "ed2k";
  CHECK(serve(r) == errc::malformed);
  r = record_of(t, false);
  r.metadata = slice::copy_of(as_bytes("d4:name1:ae"));
  CHECK(serve(r) == errc::malformed);
  r = record_of(t, false);
  r.metadata = record_of(p, false).metadata;
  CHECK(serve(r) == errc::refuted);
  const auto fetched =
      w.ask<msg::peer_fetch_result>(w.peer, msg::peer_fetch{record_of(p, false), {}});
  REQUIRE(!fetched.has_value());
  CHECK(fetched.error().code == errc::denied);
  auto o = world::options();
  o.listen = {{*ip_address::parse("127.0.0.1"), w.at().port()}};
  const auto taken = spawn_peer(*w.loop, o);
  REQUIRE(!taken.has_value());
  CHECK(taken.error().code == errc::io);
  CHECK(taken.error().text.find(std::to_string(w.at().port())) != std::string::npos);
}

TEST_CASE("what one swarm has crosses to another through the peer actor", "[bittorrent][actor]") {
  const scratch there;
  const scratch here;
  const auto data = content(6'000'000, 3);
  const auto t = make_torrent(there.path, "a.bin", {{"a.bin", data}}, kind::hybrid, 65536);
  stock seed;
  seed.add(t, there.path, true);
  world w;
  auto fetched = w.ask<msg::peer_fetch_result>(
      w.peer, msg::peer_fetch{record_of(t, true), fixed_tracker(w.system, {seed.at()})});
  REQUIRE(fetched.has_value());
  auto info = w.ask<msg::source_info_result>(fetched->source, msg::source_info{0, 0});
  REQUIRE(info.has_value());
  std::uint64_t version = info->info.version;
  while (info->info.size == msg::unknown_size || info->info.peers == 0) {
    info = w.ask<msg::source_info_result>(fetched->source, msg::source_info{version, 10'000});
    REQUIRE(info.has_value());
    REQUIRE(info->info.version > version);
    version = info->info.version;
  }
  CHECK(info->info.size == data.size());
  CHECK(info->info.record.permission == msg::permission::allowed);
  CHECK(info->info.record.content_id.size() == 32);
  CHECK(!info->info.record.metadata.empty());
  CHECK(info->info.record.hashes.size() >= 1);
  CHECK(info->info.held_bytes == 0);

  // Served with what the fetch learned; the v1 pieces are in the info dictionary.
  auto serving = w.ask<msg::peer_serve_result>(
      w.peer, msg::peer_serve{info->info.record, fetched->source, {}});
  REQUIRE(serving.has_value());
  stock leech;
  const auto h = leech.add_magnet(lt::info_hash_t(t.info->info_hashes().v1), here.path);
  h.connect_peer(w.at());
  REQUIRE(wait_for([&] { return h.status().is_seeding; }, 60s));
  CHECK(read_file(here.path / "a.bin") == data);

  const auto read = w.ask<msg::source_read_result>(
      fetched->source, msg::source_read{{.begin = 100, .end = 5000}, 5000, true});
  REQUIRE(read.has_value());
  CHECK(equal(read->data, byte_view(data).subspan(100, 4900)));
  const auto too_long = w.ask<msg::source_read_result>(
      fetched->source, msg::source_read{{.begin = 0, .end = msg::max_read_bytes + 1}, 5000, true});
  REQUIRE(!too_long.has_value());
  CHECK(too_long.error().code == errc::malformed);
  const auto genuine = w.ask<msg::source_genuine_result>(
      fetched->source, msg::source_genuine{{.begin = 100, .end = 5000}, 5000});
  REQUIRE(genuine.has_value());
  CHECK(genuine->range == msg::range{0, 65536});
  CHECK(genuine->verdict == msg::verdict::good);
}
