#include "actors/overlays/ppsp/tracker.hpp"
#include "actors/runtime/socket_address.hpp"
#include "schema/base/encoding.hpp"
#include "schema/ppsp/record.hpp"
#include "schema/ppsp/tracker_request.hpp"
#include "schema/ppsp/tracker_response.hpp"
#include "tests/actor/runtime/fixture.hpp"

#include <fstream>
#include <unistd.h>

using namespace interswarm;
using namespace interswarm::ppsp;
using runtime::ask;
using runtime::eventually;
using namespace std::chrono_literals;

namespace {

/// Whether `answer` has the body that its head promises.
bool is_whole(const std::string& answer) {
  const auto head = answer.find("\r\n\r\n");
  const auto length = answer.find("Content-Length: ");
  return head != answer.npos && length < head &&
         answer.size() >= head + 4 + std::stoul(answer.substr(length + 16));
}

/// The whole answer, headers and all, of a client with plain sockets.
std::string talk_http(const endpoint& to, const std::string& request) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  const timeval patience{5, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_storage a;
  const auto length = runtime::to_sockaddr(to, a);
  std::string out;
  if (::connect(fd, reinterpret_cast<sockaddr*>(&a), length) == 0) {
    (void)!::send(fd, request.data(), request.size(), MSG_NOSIGNAL);
    char part[4096];
    for (ssize_t n = 0; !is_whole(out) && (n = ::recv(fd, part, sizeof part, 0)) > 0;)
      out.append(part, static_cast<std::size_t>(n));
  }
  ::close(fd);
  return out;
}

std::string post(const endpoint& to, const std::string& body,
                 const std::string& type = std::string(tracker_media_type)) {
  return talk_http(
      to, "POST /tracker HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Type: " + type +
              "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
}

tracker_response ask_tracker(const endpoint& to, const tracker_request& r) {
  const auto raw = encode_tracker_request(r);
  const auto answer = post(to, std::string(raw.begin(), raw.end()));
  const auto head = answer.find("\r\n\r\n");
  REQUIRE(head != answer.npos);
  CHECK(answer.starts_with("HTTP/1.1 200 "));
  CHECK(answer.find("application/ppsp-tracker+json") < head);
  const auto read = decode_tracker_response(as_bytes(std::string_view(answer).substr(head + 4)));
  REQUIRE(read);
  return *read;
}

swarm_link content() {
  swarm_link out;
  out.key.id = bytes(32, 0x5A);
  return out;
}

tracker_request joining(const std::string& peer, std::uint16_t port, bool seeds) {
  tracker_request out;
  out.transaction_id = "t" + peer;
  out.peer_id = peer;
  connect_request c;
  c.addresses.push_back({.at = {*ip_address::parse("127.0.0.1"), port}});
  c.numbers = peer_num{};
  c.actions.push_back({swarm_text(content().key.id), true, seeds});
  out.body = std::move(c);
  return out;
}

class listener final : public runtime::loop_actor<msg::demand_listener_actor> {
public:
  listener(caf::actor_config& config, runtime::loop& at, std::shared_ptr<std::atomic<int>> told)
      : loop_actor(config, at), told_(std::move(told)) {}
  behavior_type make_behavior() override {
    return {[this](const msg::demand_listener_demand& x) {
      if (x.status.name == make_name(content().key) && x.status.seekers == 1) ++*told_;
    }};
  }

private:
  std::shared_ptr<std::atomic<int>> told_;
};

struct tracker_world : runtime::world {
  runtime::loop& home = new_loop("tracker");
  running_tracker running;

  explicit tracker_world(const std::function<void(tracker_options&)>& set = {}) {
    tracker_options o;
    o.listen = {{*ip_address::parse("127.0.0.1"), 0}};
    if (set) set(o);
    own_party own;
    own.peer_id = "ours";
    own.listen = {{*ip_address::parse("127.0.0.1"), 7574}};
    auto made = spawn_tracker(home, o, own);
    REQUIRE(made);
    running = std::move(*made);
  }
  ~tracker_world() { running = {}; }
  const endpoint& http() const { return running.http.front(); }
};

} // namespace

TEST_CASE("ppsp tracker: peers that join by HTTP are found by the node and by each other") {
  tracker_world w;
  const auto seed = ask_tracker(w.http(), joining("seed", 1001, true));
  CHECK(seed.error == tracker_error::none);
  msg::tracker_find find;
  find.name = make_name(content().key);
  find.want = 10;
  const auto found = ask<msg::tracker_find_result>(w.system, w.running.actor, find);
  REQUIRE(found);
  REQUIRE(found->peers.size() == 1);
  CHECK(found->peers[0].endpoint.port == 1001);
  CHECK(found->status.sources == 1);
  CHECK(found->status.known);
  const auto leech = ask_tracker(w.http(), joining("leech", 1002, false));
  REQUIRE(leech.swarms.size() == 1);
  REQUIRE(leech.swarms[0].peers->size() == 1);
  CHECK(leech.swarms[0].peers->at(0).peer_id == "seed");
}

TEST_CASE("ppsp tracker: this node's peer is told while its registration is held, never counted") {
  tracker_world w;
  msg::tracker_announce announce;
  announce.record = make_record(content());
  auto entered = ask<msg::tracker_announce_result>(w.system, w.running.actor, announce);
  REQUIRE(entered);
  const auto leech = ask_tracker(w.http(), joining("leech", 1002, false));
  REQUIRE(leech.swarms.size() == 1);
  REQUIRE(leech.swarms[0].peers->size() == 1);
  CHECK(leech.swarms[0].peers->at(0).addresses[0].at.port == 7574);
  msg::tracker_scrape scrape;
  scrape.names = {announce.record.name};
  const auto status = [&] {
    const auto told = ask<msg::tracker_scrape_result>(w.system, w.running.actor, scrape);
    REQUIRE(told);
    return told->status.at(0);
  };
  CHECK(status().sources == 0);
  CHECK(status().seekers == 1);
  const auto in_force =
      ask<msg::registration_check_result>(w.system, entered->lease, msg::registration_check{});
  REQUIRE(in_force);
  CHECK(in_force->in_force);
  entered = fail(errc::cancelled, "");
  CHECK(eventually([&] {
    auto again = joining("late", 1003, false);
    const auto told = ask_tracker(w.http(), again);
    for (const auto& s : told.swarms)
      for (const auto& p : s.peers.value())
        if (p.peer_id == "ours") return false;
    return true;
  }));
  announce.record.permission = msg::permission::forbidden;
  const auto denied = ask<msg::tracker_announce_result>(w.system, w.running.actor, announce);
  CHECK(denied.error().code == errc::denied);
}

TEST_CASE("ppsp tracker: whoever watches is told of demand, as long as it watches") {
  tracker_world w;
  const auto told = std::make_shared<std::atomic<int>>(0);
  const auto l = runtime::spawn_on<listener>(w.home, told);
  auto watching = ask<msg::tracker_watch_result>(w.system, w.running.actor, msg::tracker_watch{l});
  REQUIRE(watching);
  ask_tracker(w.http(), joining("leech", 1002, false));
  CHECK(eventually([&] { return *told == 1; }));
  // Not again before its time.
  std::this_thread::sleep_for(300ms);
  CHECK(*told == 1);
  watching = fail(errc::cancelled, "");
  const auto nobody =
      ask<msg::tracker_watch_result>(w.system, w.running.actor, msg::tracker_watch{});
  CHECK(nobody.error().code == errc::malformed);
}

TEST_CASE("ppsp tracker: what is no request of its protocol") {
  tracker_world w;
  CHECK(post(w.http(), "{}", "text/html").starts_with("HTTP/1.1 415 "));
  CHECK(post(w.http(), std::string(1u << 20, ' ')).starts_with("HTTP/1.1 413 "));
  CHECK(post(w.http(), "no json").starts_with("HTTP/1.1 200 "));
  CHECK(talk_http(w.http(), "GET /stats HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
            .find("\"swarms\"") != std::string::npos);
  CHECK(talk_http(w.http(), "PUT / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n"
                            "Content-Length: 0\r\n\r\n")
            .starts_with("HTTP/1.1 405 "));
}

TEST_CASE("ppsp tracker: lists, and what cannot be started") {
  const auto file = std::string("/tmp/interswarm-ppsp-list-") + std::to_string(::getpid());
  std::ofstream(file) << "# only this\n" << std::string(64, 'a') << "\n";
  {
    tracker_world w([&](tracker_options& o) { o.allow_list_file = file; });
    const auto refused = ask_tracker(w.http(), joining("seed", 1001, true));
    CHECK(refused.error == tracker_error::forbidden_action);
    tracker_options o;
    o.listen = {w.http()};
    CHECK(spawn_tracker(w.home, o, {}).error().code == errc::configuration);
  }
  std::ofstream(file) << "not hexadecimal\n";
  runtime::world w;
  tracker_options o;
  o.deny_list_file = file;
  const auto broken = spawn_tracker(w.new_loop("one"), o, {});
  CHECK(broken.error().code == errc::configuration);
  CHECK(broken.error().text.find("line 1") != std::string::npos);
  o.deny_list_file = file + "-absent";
  CHECK(spawn_tracker(*w.loops[0], o, {}).error().code == errc::configuration);
  ::unlink(file.c_str());
}
