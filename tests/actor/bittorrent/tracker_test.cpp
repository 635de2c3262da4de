#include "actors/overlays/bittorrent/tracker.hpp"
#include "schema/base/encoding.hpp"
#include "tests/actor/bittorrent/net.hpp"
#include "tests/scratch.hpp"

#include <filesystem>
#include <fstream>
#include <mutex>

using namespace interswarm;
using namespace interswarm::bittorrent;
using namespace interswarm::bittorrent::test;
using namespace interswarm::runtime;

namespace {

const auto loopback4 = endpoint{*ip_address::parse("127.0.0.1"), 0};
const auto loopback6 = endpoint{*ip_address::parse("::1"), 0};

own_peer_options own_peer() {
  own_peer_options own;
  own.id.fill('o');
  own.key = 5;
  own.listen = {{ip_address::v4(0), 6881}, {ip_address{}, 6881}};
  return own;
}

tracker_options both_families() {
  tracker_options o;
  o.listen = {loopback4, loopback6};
  return o;
}

struct tracker_fixture {
  explicit tracker_fixture(const tracker_options& o = both_families()) {
    auto started = spawn_tracker(w.new_loop("io"), o, own_peer());
    REQUIRE(started);
    running = std::move(*started);
  }

  world w;
  running_tracker running;
};

/// Remembers what it is told.
class listener final : public loop_actor<msg::demand_listener_actor> {
public:
  struct notes {
    std::mutex mutex;
    std::vector<msg::swarm_status> told;

    std::size_t count() {
      const std::lock_guard lock(mutex);
      return told.size();
    }
  };
  listener(caf::actor_config& config, loop& home, std::shared_ptr<notes> to)
      : loop_actor(config, home), to_(to) {}
  behavior_type make_behavior() override {
    return {[this](const msg::demand_listener_demand& x) {
      const std::lock_guard lock(to_->mutex);
      to_->told.push_back(x.status);
    }};
  }

private:
  std::shared_ptr<notes> to_;
};

msg::name_record record_of(const info_hash& hash) {
  msg::name_record r;
  r.name = make_name(hash);
  r.permission = msg::permission::allowed;
  return r;
}

} // namespace

TEST_CASE("tracker: clients over UDP and HTTP, IPv4 and IPv6, share one swarm") {
  tracker_fixture f;
  REQUIRE(f.running.udp.size() == 2);
  REQUIRE(f.running.http.size() == 2);
  const auto hash = some_hash(1);
  udp_announce(f.running.udp[0], peer_of(hash, 1001, 0));
  udp_announce(f.running.udp[1], peer_of(hash, 1002, 0));
  http_announce(f.running.http[0], peer_of(hash, 1003, 5));
  const auto http6 = http_announce(f.running.http[1], peer_of(hash, 1004, 5));
  CHECK(http6.seeders == 2);
  CHECK(http6.leechers == 2);
  CHECK(http6.external_address == loopback6.address);
  CHECK(names_of(http6.peers) ==
        std::set<std::string>{"127.0.0.1:1001", "[::1]:1002", "127.0.0.1:1003"});
  const auto udp4 = udp_announce(f.running.udp[0], peer_of(hash, 1001, 0));
  CHECK(names_of(udp4.announce.peers) ==
        std::set<std::string>{"127.0.0.1:1003"}); // a seed gets no seed
  const auto udp6 = udp_announce(f.running.udp[1], peer_of(hash, 1005, 5));
  CHECK(names_of(udp6.announce.peers) == std::set<std::string>{"[::1]:1002", "[::1]:1004"});

  const auto scrape = http_tracker::decode_scrape_response(as_bytes(body_of(
      http_get(f.running.http[0], "/scrape?" + http_tracker::encode_scrape_query({hash})))));
  REQUIRE(scrape);
  REQUIRE(scrape->entries.size() == 1);
  CHECK(scrape->entries[0].seeders == 2);
  CHECK(scrape->entries[0].leechers == 3);
  CHECK(body_of(http_get(f.running.http[0], "/stats")).find("\"announces\":4") !=
        std::string::npos);
  CHECK(http_get(f.running.http[0], "/metrics").find("interswarm_tracker_peers 5\n") !=
        std::string::npos);
  CHECK(http_get(f.running.http[0], "/nothing").starts_with("HTTP/1.1 404"));
}

TEST_CASE("tracker: HTTP connections are kept alive, bounded, and survive garbage") {
  auto o = both_families();
  o.http_connections = 3;
  tracker_fixture f(o);
  const auto& at = f.running.http[0];
  {
    const socket_guard s{open_socket(at, SOCK_STREAM)};
    const std::string request = "GET /announce HTTP/1.1\r\nHost: t\r\n\r\n";
    for (int i = 0; i < 3; ++i) {
      REQUIRE(::send(s.fd, request.data(), request.size(), MSG_NOSIGNAL) > 0);
      char part[4096];
      std::string got;
      while (got.find("retry in") == got.npos) {
        const auto n = ::recv(s.fd, part, sizeof part, 0);
        REQUIRE(n > 0);
        got.append(part, static_cast<std::size_t>(n));
      }
      CHECK(got.starts_with("HTTP/1.1 200 OK"));
    }
    const socket_guard second{open_socket(at, SOCK_STREAM)};
    const socket_guard third{open_socket(at, SOCK_STREAM)};
    CHECK(eventually([&] { return http_get(at, "/stats").empty(); })); // closed as it came
  }
  CHECK(eventually([&] { return !http_get(at, "/stats").empty(); }));
  const socket_guard s{open_socket(at, SOCK_STREAM)};
  const std::string garbage = "\x13"
                              "BitTorrent protocol\r\n\r\n\r\n\r\n";
  (void)!::send(s.fd, garbage.data(), garbage.size(), MSG_NOSIGNAL);
  char part[4096];
  const auto n = ::recv(s.fd, part, sizeof part, 0);
  CHECK(
      (n <= 0 || std::string_view(part, static_cast<std::size_t>(n)).starts_with("HTTP/1.1 501")));
  const auto flood = "GET /" + std::string(200'000, 'x') + " HTTP/1.1\r\n\r\n";
  const socket_guard long_one{open_socket(at, SOCK_STREAM)};
  (void)!::send(long_one.fd, flood.data(), flood.size(), MSG_NOSIGNAL);
  ::shutdown(long_one.fd, SHUT_WR);
  CHECK(eventually([&] { return http_get(at, "/stats").starts_with("HTTP/1.1 200"); }));
}

TEST_CASE("tracker: announce enters our own peer until the lease is dropped") {
  tracker_fixture f;
  const auto hash = some_hash(2);
  {
    const auto a = ask<msg::tracker_announce_result>(f.w.system, f.running.actor,
                                                     msg::tracker_announce{record_of(hash), 0});
    REQUIRE(a);
    const auto check =
        ask<msg::registration_check_result>(f.w.system, a->lease, msg::registration_check{});
    REQUIRE(check);
    CHECK(check->in_force);
    // Each client is told the address under which it knows us.
    CHECK(names_of(udp_announce(f.running.udp[0], peer_of(hash, 1000, 5)).announce.peers) ==
          std::set<std::string>{"127.0.0.1:6881"});
    CHECK(names_of(udp_announce(f.running.udp[1], peer_of(hash, 1000, 5)).announce.peers) ==
          std::set<std::string>{"[::1]:6881"});
    CHECK(http_announce(f.running.http[0], peer_of(hash, 1001, 5)).peers.size() >= 2);
    const auto found = ask<msg::tracker_find_result>(f.w.system, f.running.actor,
                                                     msg::tracker_find{make_name(hash), 10});
    REQUIRE(found);
    CHECK(found->peers.size() == 3); // the clients, not ourselves
    CHECK(found->status.sources == 0);
    CHECK(found->status.seekers == 3);
    CHECK(found->status.known);
  }
  CHECK(eventually([&] {
    return udp_announce(f.running.udp[0], peer_of(hash, 1000, 5)).announce.seeders == 0;
  }));
}

TEST_CASE("tracker: refusals are denied, wrong names malformed, long scrapes too large") {
  tracker_fixture f;
  auto secret = record_of(some_hash(3));
  secret.permission = msg::permission::forbidden;
  CHECK(ask<msg::tracker_announce_result>(f.w.system, f.running.actor,
                                          msg::tracker_announce{secret, 0})
            .error()
            .code == errc::denied);
  const msg::name foreign{"ed2k", slice::copy_of(bytes(24))};
  CHECK(ask<msg::tracker_find_result>(f.w.system, f.running.actor, msg::tracker_find{foreign, 1})
            .error()
            .code == errc::malformed);
  const std::vector<msg::name> many(limits::scrape_names + 1, make_name(some_hash(1)));
  CHECK(ask<msg::tracker_scrape_result>(f.w.system, f.running.actor, msg::tracker_scrape{many})
            .error()
            .code == errc::too_large);
  const auto scrape = ask<msg::tracker_scrape_result>(
      f.w.system, f.running.actor, msg::tracker_scrape{{make_name(some_hash(9))}});
  REQUIRE(scrape);
  CHECK_FALSE(scrape->status[0].known);
}

TEST_CASE("tracker: whoever watches is told of demand, under the names that are followed") {
  tracker_fixture f;
  const auto notes = std::make_shared<listener::notes>();
  const auto l = spawn_on<listener>(*f.w.loops[0], notes);
  auto watching =
      ask<msg::tracker_watch_result>(f.w.system, f.running.actor, msg::tracker_watch{l});
  REQUIRE(watching);
  sha256_digest v2{};
  v2.fill(4);
  REQUIRE(
      tell(f.w.system, f.running.actor, msg::tracker_follow{{make_name(v2, 1), make_name(v2, 2)}}));
  const auto begin = std::chrono::steady_clock::now();
  udp_announce(f.running.udp[0], peer_of(some_hash(3), 1000, 5));
  CHECK(eventually([&] { return notes->count() == 1; }));
  CHECK(std::chrono::steady_clock::now() - begin < 1s);
  CHECK(notes->told[0].name == make_name(some_hash(3)));
  CHECK(notes->told[0].seekers == 1);
  http_announce(f.running.http[0], peer_of(some_hash(4), 1000, 5));
  CHECK(eventually([&] { return notes->count() == 3; }));
  CHECK(notes->told[1].name == make_name(v2, 1));
  CHECK(notes->told[2].name == make_name(v2, 2));
  CHECK(
      ask<msg::registration_check_result>(f.w.system, watching->watching, msg::registration_check{})
          ->in_force);
  watching = fail(errc::cancelled, "");
  std::this_thread::sleep_for(50ms);
  udp_announce(f.running.udp[0], peer_of(some_hash(5), 1000, 5));
  std::this_thread::sleep_for(100ms);
  CHECK(notes->count() == 3);
}

TEST_CASE(
    "tracker: the allow list is a file that may change; a broken one is refused with its line") {
  const auto path =
      std::filesystem::temp_directory_path() / ("allow." + std::to_string(::getpid()));
  const auto write = [&](const std::string& text) { std::ofstream(path) << text; };
  write("# names\n" + to_hex(some_hash(1)) + "\nnonsense\n");
  auto o = both_families();
  o.allow_list_file = path;
  world w;
  const auto refused = spawn_tracker(w.new_loop("io"), o, own_peer());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text.find("line 3") != std::string::npos);
  write(to_hex(some_hash(1)) + "\n");
  const auto started = spawn_tracker(*w.loops[0], o, own_peer());
  REQUIRE(started);
  CHECK(udp_announce(started->udp[0], peer_of(some_hash(1), 1000, 5)).what ==
        udp_tracker::action::announce);
  CHECK(udp_announce(started->udp[0], peer_of(some_hash(2), 1000, 5)).what ==
        udp_tracker::action::error);
  CHECK(http_announce(started->http[0], peer_of(some_hash(2), 1000, 5)).failure);
  CHECK(ask<msg::tracker_announce_result>(w.system, started->actor,
                                          msg::tracker_announce{record_of(some_hash(2)), 0})
            .error()
            .code == errc::denied);
  write(to_hex(some_hash(2)) + "\n");
  bool taken = false;
  for (int i = 0; i < 100 && !taken; ++i) {
    std::this_thread::sleep_for(100ms);
    taken = udp_announce(started->udp[0], peer_of(some_hash(2), 1000, 5)).what ==
            udp_tracker::action::announce;
  }
  CHECK(taken);
  std::filesystem::remove(path);
}

TEST_CASE("tracker: a port in use is one clear line, and the port is free again when the tracker "
          "is gone") {
  world w;
  auto o = both_families();
  std::optional<running_tracker> first(spawn_tracker(w.new_loop("io"), o, own_peer()).value());
  o.listen = {first->udp[0]};
  o.http = false;
  auto second = spawn_tracker(*w.loops[0], o, own_peer());
  REQUIRE_FALSE(second);
  CHECK(second.error().code == errc::configuration);
  CHECK(second.error().text.find(o.listen[0].to_string()) != std::string::npos);
  first.reset();
  CHECK(eventually([&] {
    second = spawn_tracker(*w.loops[0], o, own_peer());
    return second.has_value();
  }));
}

TEST_CASE("tracker: the swarms outlast the tracker; a file that is not whole is passed over") {
  const scratch_folder folder;
  auto options = both_families();
  options.state_file = folder.file("swarms");
  const auto hash = some_hash(1);
  {
    tracker_fixture f(options);
    udp_announce(f.running.udp[0], peer_of(hash, 1001, 0));
    udp_announce(f.running.udp[1], peer_of(hash, 1002, 5));
    CHECK(eventually([&] { return std::filesystem::exists(options.state_file); }));
  }
  const auto seen = [&] {
    tracker_fixture f(options);
    return udp_announce(f.running.udp[0], peer_of(hash, 1003, 5)).announce;
  };
  const auto after = seen();
  CHECK(after.seeders == 1);
  CHECK(after.leechers == 2);
  CHECK(names_of(after.peers).contains("127.0.0.1:1001"));
  std::filesystem::resize_file(options.state_file,
                               std::filesystem::file_size(options.state_file) - 1);
  CHECK(seen().seeders == 0);
}
