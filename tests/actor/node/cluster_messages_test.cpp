#include "actors/node/cluster_desk.hpp"
#include "actors/node/entrance.hpp"
#include "actors/runtime/rpc_listener.hpp"
#include "schema/node.glue.hpp"
#include "tests/actor/services/access_fixture.hpp"

using namespace interswarm;
using namespace interswarm::services::testing;
namespace services = interswarm::services;

namespace {

/// What an access node shows to the others of its cluster, at a port of its own.
struct member_process {
  member_process(access_node& n, const std::string& id, std::uint64_t instance,
                 const std::string& seed)
      : node(n) {
    auto opened = runtime::start_listener<msg::node_actor>(
        node.home, {}, [this, id](const runtime::peer_identity& peer) {
          entrance::context ctx;
          ctx.domain = id;
          ctx.cluster = cluster;
          return msg::node_actor(spawn_on<entrance>(node.home, ctx, peer));
        });
    listener = opened.value();
    cluster_desk::context ctx;
    ctx.own.id = id;
    ctx.own.address = "127.0.0.1:" + std::to_string(listener.port);
    ctx.own.roles = {msg::role::access};
    ctx.own.instance = instance;
    if (!seed.empty()) ctx.seeds = {{"", seed}};
    ctx.network = node.at.network;
    ctx.shelf = node.shelf;
    ctx.post = node.post;
    auto desk = spawn_on<cluster_desk>(node.home, std::move(ctx));
    runtime::on(node.home, [&] { cluster = desk; });
  }
  ~member_process() { end(); }
  member_process(const member_process&) = delete;
  member_process& operator=(const member_process&) = delete;

  void end() {
    caf::anon_send_exit(listener.handle, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(cluster, caf::exit_reason::user_shutdown);
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(listener.port); }

  access_node& node;
  runtime::rpc_listener listener;
  /// Used on the loop.
  cluster_desk_actor cluster;
};

} // namespace

TEST_CASE("cluster: access nodes find each other and hand on their parties' messages") {
  front_desk f;
  access_node second(f, "second");
  access_node third(f, "third");
  member_process a(f.own, "a", 1, "");
  member_process b(second, "b", 2, a.address());
  // It is told of `a` only and hears of `b` from there.
  member_process c(third, "c", 3, a.address());
  const auto one = f.own.log_in(f.add(talker("one"))).value();
  const auto two = second.log_in(f.add(talker("two"))).value();
  const auto three = third.log_in(f.add(talker("three"))).value();
  const auto ear_one = f.listen(one).value();
  const auto ear_two = f.listen(two).value();
  const auto ear_three = f.listen(three).value();
  const auto reaches = [&](const auto& from, const std::string& to) {
    for (int i = 0; i < 150; ++i) {
      if (f.sending(from, to) == errc{}) return true;
      std::this_thread::sleep_for(100ms);
    }
    return false;
  };
  CHECK(reaches(one, "two"));
  CHECK(reaches(two, "one"));
  CHECK(reaches(two, "three"));
  CHECK(reaches(three, "two"));
  CHECK(f.send(three, "two")->status.domain == "heard from three");

  b.end();
  const auto begun = std::chrono::steady_clock::now();
  CHECK(eventually([&] { return f.sending(one, "two") == errc::unavailable; }));
  CHECK(f.sending(three, "one") == errc{});
  CHECK(std::chrono::steady_clock::now() - begun < 8s);
}
