#include "actors/overlays/bittorrent/registrar.hpp"
#include "actors/overlays/bittorrent/tracker.hpp"
#include "schema/base/encoding.hpp"
#include "tests/actor/bittorrent/net.hpp"

#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <sys/wait.h>

using namespace interswarm;
using namespace interswarm::bittorrent;
using namespace interswarm::bittorrent::test;
using namespace interswarm::runtime;

namespace {

const endpoint loopback4{*ip_address::parse("127.0.0.1"), 0};
const endpoint loopback6{*ip_address::parse("::1"), 0};

own_peer_options own_peer() {
  own_peer_options own;
  own.id.fill('r');
  own.key = 77;
  own.listen = {{ip_address::v4(0), 6999}, {ip_address{}, 6999}};
  return own;
}

registrar_options quick(const std::string& url) {
  registrar_options o;
  o.url = url;
  o.timing.scrape_interval_s = 1;
  o.timing.first_pause_s = 1;
  o.udp.first_wait_ms = 300;
  o.udp.sends = 3;
  return o;
}

msg::name_record record_of(const info_hash& hash) {
  msg::name_record r;
  r.name = make_name(hash);
  r.permission = msg::permission::allowed;
  return r;
}

class listener final : public loop_actor<msg::demand_listener_actor> {
public:
  struct notes {
    std::mutex mutex;
    std::vector<msg::swarm_status> told;
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

std::set<std::string> names_in(const msg::tracker_find_result& r) {
  std::set<std::string> out;
  for (const auto& p : r.peers)
    out.insert(endpoint{*ip_address::from_bytes(p.endpoint.address), p.endpoint.port}.to_string());
  return out;
}

/// Debian's opentracker with an allow list, over UDP and TCP on one port of 127.0.0.1; ended by its
/// id.
struct opentracker {
  explicit opentracker(const std::vector<info_hash>& allowed) {
    std::filesystem::create_directories(folder);
    std::filesystem::permissions(folder, std::filesystem::perms(0755));
    std::ofstream list(folder / "allowed");
    for (const auto& hash : allowed) list << to_hex(hash) << '\n';
    list.close();
    std::ofstream(folder / "conf")
        << "listen.tcp_udp 127.0.0.1:" << at.port << "\naccess.whitelist "
        << (::geteuid() == 0 ? "/allowed" : (folder / "allowed").string())
        << "\ntracker.user nobody\ntracker.rootdir " << folder.string() << "\n";
    pid = ::fork();
    if (pid == 0) {
      const int log = ::open((folder / "log").c_str(), O_WRONLY | O_CREAT, 0644);
      ::dup2(log, 1);
      ::dup2(log, 2);
      ::execlp("opentracker", "opentracker", "-f", (folder / "conf").c_str(), nullptr);
      std::_Exit(127);
    }
    REQUIRE(eventually([&] {
      const int fd = open_socket(at, SOCK_STREAM);
      if (fd >= 0) ::close(fd);
      return fd >= 0;
    }));
  }
  ~opentracker() {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    std::filesystem::remove_all(folder);
  }

  /// A port that was free a moment ago.
  static std::uint16_t free_port() {
    const socket_guard s{::socket(AF_INET, SOCK_STREAM, 0)};
    sockaddr_storage a;
    auto length = runtime::to_sockaddr(loopback4, a);
    ::bind(s.fd, reinterpret_cast<sockaddr*>(&a), length);
    ::getsockname(s.fd, reinterpret_cast<sockaddr*>(&a), &length);
    return runtime::from_sockaddr(a).port;
  }

  std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("opentracker." + std::to_string(::getpid()));
  endpoint at{loopback4.address, free_port()};
  pid_t pid = -1;
};

/// Enters, is found, finds, scrapes, is told of demand, leaves.
void exercise(world& w, const std::string& url, const endpoint& udp, const endpoint& http,
              const info_hash& hash) {
  INFO(url);
  const auto r = spawn_registrar(*w.loops[0], quick(url), own_peer());
  REQUIRE(r);
  const bool v6 = !(url.starts_with("udp") ? udp : http).address.is_v4();
  const auto ourselves = v6 ? "[::1]:6999" : "127.0.0.1:6999";
  const auto client = v6 ? "[::1]:1000" : "127.0.0.1:1000";
  const auto& same_family = url.starts_with("udp") ? udp : http;

  const auto notes = std::make_shared<listener::notes>();
  const auto l = spawn_on<listener>(*w.loops[0], notes);
  const auto watching = ask<msg::tracker_watch_result>(w.system, *r, msg::tracker_watch{l});
  REQUIRE(watching);
  REQUIRE(tell(w.system, *r, msg::tracker_follow{{make_name(hash, 3)}}));
  udp_announce(udp, peer_of(hash, 1000, 5));
  if (v6 && !url.starts_with("udp")) http_announce(http, peer_of(hash, 1000, 5));
  eventually([&] {
    const std::lock_guard lock(notes->mutex);
    return !notes->told.empty();
  });
  REQUIRE_FALSE(notes->told.empty());
  CHECK(notes->told[0].name == make_name(hash, 3));
  CHECK(notes->told[0].seekers == 1);
  CHECK(notes->told[0].sources == 0);

  std::optional<msg::registration_actor> lease;
  {
    const auto a = ask<msg::tracker_announce_result>(
        w.system, *r, msg::tracker_announce{record_of(hash), 0}, 10s);
    REQUIRE(a);
    lease = a->lease;
  }
  const auto check =
      ask<msg::registration_check_result>(w.system, *lease, msg::registration_check{});
  REQUIRE(check);
  CHECK(check->in_force);
  const auto seen = [&] {
    auto other = peer_of(hash, 1001, 5);
    const auto peers = url.starts_with("udp") ? udp_announce(same_family, other).announce.peers
                                              : http_announce(same_family, other).peers;
    return names_of(peers).contains(ourselves);
  };
  CHECK(seen());
  const auto found =
      ask<msg::tracker_find_result>(w.system, *r, msg::tracker_find{make_name(hash), 30}, 10s);
  REQUIRE(found);
  CHECK(names_in(*found).contains(client));
  CHECK_FALSE(names_in(*found).contains(ourselves));
  CHECK(found->status.sources == 0);
  const auto scraped =
      ask<msg::tracker_scrape_result>(w.system, *r, msg::tracker_scrape{{make_name(hash)}}, 10s);
  REQUIRE(scraped);
  REQUIRE(scraped->status.size() == 1);
  CHECK(scraped->status[0].known);
  CHECK(scraped->status[0].seekers >= 1);
  CHECK(scraped->status[0].sources == 0); // ourselves are not counted
  lease.reset();
  CHECK(eventually([&] { return !seen(); }));
}

} // namespace

TEST_CASE("registrar: at our own tracker over UDP and HTTP in both families") {
  world w;
  tracker_options o;
  o.listen = {loopback4, loopback6};
  o.scrape_interval_s = 1;
  const auto t = spawn_tracker(w.new_loop("io"), o, {});
  REQUIRE(t);
  const auto path = "/announce";
  exercise(w, "udp://" + t->udp[0].to_string() + path, t->udp[0], t->http[0], some_hash(1));
  exercise(w, "udp://" + t->udp[1].to_string() + path, t->udp[1], t->http[1], some_hash(2));
  exercise(w, "http://" + t->http[0].to_string() + path, t->udp[0], t->http[0], some_hash(3));
  exercise(w, "http://" + t->http[1].to_string() + path, t->udp[1], t->http[1], some_hash(4));
}

TEST_CASE("registrar: at Debian's opentracker over UDP and HTTP; what its list lacks is denied") {
  world w;
  w.new_loop("io");
  const opentracker t({some_hash(1), some_hash(2)});
  exercise(w, "udp://" + t.at.to_string() + "/announce", t.at, t.at, some_hash(1));
  exercise(w, "http://" + t.at.to_string() + "/announce", t.at, t.at, some_hash(2));
  for (const std::string scheme : {"udp://", "http://"}) {
    const auto r =
        spawn_registrar(*w.loops[0], quick(scheme + t.at.to_string() + "/announce"), own_peer());
    REQUIRE(r);
    const auto refused = ask<msg::tracker_announce_result>(
        w.system, *r, msg::tracker_announce{record_of(some_hash(9)), 0}, 10s);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == errc::denied);
  }
}

TEST_CASE("registrar: an unreachable tracker gives a lease that comes into force when the tracker "
          "is there") {
  world w;
  w.new_loop("io");
  const auto port = opentracker::free_port();
  const auto at = endpoint{loopback4.address, port};
  for (const std::string scheme : {"udp://", "http://"}) {
    INFO(scheme);
    const auto r =
        spawn_registrar(*w.loops[0], quick(scheme + at.to_string() + "/announce"), own_peer());
    REQUIRE(r);
    const auto lease = ask<msg::tracker_announce_result>(
        w.system, *r, msg::tracker_announce{record_of(some_hash(1)), 0}, 20s);
    REQUIRE(lease);
    const auto in_force = [&] {
      const auto c =
          ask<msg::registration_check_result>(w.system, lease->lease, msg::registration_check{});
      return c && c->in_force;
    };
    CHECK_FALSE(in_force());
    const auto found = ask<msg::tracker_find_result>(
        w.system, *r, msg::tracker_find{make_name(some_hash(2)), 30}, 20s);
    REQUIRE_FALSE(found);
    CHECK(found.error().code == errc::unavailable);
    tracker_options o;
    o.listen = {at};
    const auto t = spawn_tracker(*w.loops[0], o, {});
    REQUIRE(t);
    CHECK((eventually(in_force) || eventually(in_force)));
  }
}

TEST_CASE("registrar: bad URLs and a peer that listens nowhere are configuration errors; a bad "
          "name is one line later") {
  world w;
  w.new_loop("io");
  CHECK(spawn_registrar(*w.loops[0], quick("gopher://x/"), own_peer()).error().code ==
        errc::configuration);
  CHECK(spawn_registrar(*w.loops[0], quick("http://127.0.0.1:1/announce"), {}).error().code ==
        errc::configuration);
  const auto r =
      spawn_registrar(*w.loops[0], quick("http://no.such.host.invalid/announce"), own_peer());
  REQUIRE(r);
  const auto found = ask<msg::tracker_find_result>(
      w.system, *r, msg::tracker_find{make_name(some_hash(2)), 30}, 20s);
  REQUIRE_FALSE(found);
  CHECK(found.error().code == errc::unavailable);
}

TEST_CASE(
    "registrar: an answer that is none, and one without end, fail the request and nothing else") {
  world w;
  w.new_loop("io");
  const socket_guard s{::socket(AF_INET, SOCK_STREAM, 0)};
  sockaddr_storage a;
  auto length = runtime::to_sockaddr(loopback4, a);
  REQUIRE(::bind(s.fd, reinterpret_cast<sockaddr*>(&a), length) == 0);
  REQUIRE(::listen(s.fd, 5) == 0);
  ::getsockname(s.fd, reinterpret_cast<sockaddr*>(&a), &length);
  const auto at = runtime::from_sockaddr(a);
  std::thread server([&] {
    for (const std::string& body : {std::string("<html>no</html>"), std::string(3'000'000, 'x')}) {
      const socket_guard c{::accept(s.fd, nullptr, nullptr)};
      char part[4096];
      (void)!::recv(c.fd, part, sizeof part, 0);
      const auto answer =
          "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
      for (std::size_t sent = 0; sent < answer.size();) {
        const auto n = ::send(c.fd, answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
        if (n <= 0) break;
        sent += static_cast<std::size_t>(n);
      }
    }
  });
  for (int i = 0; i < 2; ++i) {
    const auto r =
        spawn_registrar(*w.loops[0], quick("http://" + at.to_string() + "/announce"), own_peer());
    REQUIRE(r);
    const auto found = ask<msg::tracker_find_result>(
        w.system, *r, msg::tracker_find{make_name(some_hash(2)), 30}, 20s);
    REQUIRE_FALSE(found);
    CHECK(found.error().code == errc::unavailable);
  }
  server.join();
}
