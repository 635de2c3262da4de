#include "actors/runtime/gate.hpp"
#include "actors/runtime/supervisor.hpp"
#include "actors/runtime/system.hpp"
#include "tests/actor/runtime/fixture.hpp"
#include "tests/actor/runtime/process.hpp"

#include <set>

using namespace interswarm;
using namespace interswarm::runtime;

TEST_CASE("a closed gate cuts all that was obtained through it, and nothing else") {
  world w;
  auto& home = w.new_loop("one");
  auto inner = probe::spawn_probe(home);
  on_loop<gate> door;
  msg::probe_actor shown;
  on(home, [&] {
    door = {home, gate(home)};
    shown = door->pass(inner);
  });
  // Serve the shown handle over a connection, as a session is.
  on_loop<kj::Own<connection>> server;
  on_loop<kj::Own<connection>> client;
  msg::probe_actor remote;
  on(home, [&] {
    auto pipe = home.io().provider->newTwoWayPipe();
    server = {home, connection::serve(home, kj::mv(pipe.ends[0]), {}, [&](runtime::link& via) {
                return export_capability(shown, via);
              })};
    client = {home, connection::dial(home, kj::mv(pipe.ends[1]), {})};
    remote = import_capability<msg::probe_actor>((*client)->bootstrap().castAs<wire::Probe>(),
                                                 (*client)->via());
  });
  const auto child = ask<msg::probe_child_result>(w.system, remote, msg::probe_child{})->child;
  CHECK(ask<msg::probe_next_result>(w.system, child, msg::probe_next{})->number == 0);
  const auto mine = probe::spawn_listener(home);
  REQUIRE(tell(w.system, remote, msg::probe_keep{mine})); // a handle inwards
  CHECK(ask<msg::probe_poke_result>(w.system, remote, msg::probe_poke{"x"})->count == 1);
  CHECK(ask<msg::probe_pass_result>(w.system, remote,
                                    msg::probe_pass{{.label = "", .listener = mine}})
            ->gift.listener == mine);
  auto waiting =
      std::async(std::launch::async, [&] { return tell(w.system, child, msg::probe_hang{}, 60s); });
  std::this_thread::sleep_for(20ms);
  door->close({errc::denied, "the session has ended"});
  CHECK(waiting.get().error() == error{errc::denied, "the session has ended"});
  CHECK(ask<msg::probe_next_result>(w.system, remote, msg::probe_next{}).error().code ==
        errc::denied);
  CHECK(ask<msg::probe_next_result>(w.system, child, msg::probe_next{}).error().code ==
        errc::denied);
  CHECK(ask<msg::probe_poke_result>(w.system, inner, msg::probe_poke{"x"}).error().code ==
        errc::denied); // inwards too
  CHECK(ask<msg::probe_next_result>(w.system, inner, msg::probe_next{})->number == 0);
  door.reset();
  server.reset();
  client.reset();
}

TEST_CASE("work that CAF's pool owns does not run on a loop") {
  world w;
  auto& home = w.new_loop("one");
  std::promise<std::thread::id> ran;
  auto pooled = w.system.spawn([&ran](caf::event_based_actor*) -> caf::behavior {
    return {[&ran](int) { ran.set_value(std::this_thread::get_id()); }};
  });
  struct sender final : loop_actor<caf::actor> {
    sender(caf::actor_config& c, loop& l, caf::actor to) : loop_actor(c, l), to_(std::move(to)) {}
    caf::behavior make_behavior() override {
      return {[this](int x) { send(to_, x); }};
    }
    caf::actor to_;
  };
  const auto on_home = spawn_on<sender>(home, pooled);
  caf::anon_send(on_home, 1);
  const auto loop_thread = on(home, [] { return std::this_thread::get_id(); });
  CHECK(ran.get_future().get() != loop_thread);
}

TEST_CASE("boxes are destroyed on their loop, whoever drops them and whenever") {
  struct witness {
    std::atomic<int>* where;
    loop* home;
    witness(std::atomic<int>* w, loop* h) : where(w), home(h) {}
    witness(const witness&) = delete;
    ~witness() noexcept(false) {
      *where = home->here() ? 1 : 2;
      kj::throwRecoverableException(KJ_EXCEPTION(FAILED, "a destructor that throws"));
    }
  };
  world w;
  auto& home = w.new_loop("one");
  std::atomic<int> here{0};
  std::atomic<int> elsewhere{0};
  std::atomic<int> at_end{0};
  on_loop<witness> late;
  on(home, [&] {
    on_loop<witness> box(home, std::in_place, &here, &home);
    late = on_loop<witness>(home, std::in_place, &at_end, &home);
  });
  CHECK(here == 1);
  {
    on_loop<witness> box;
    on(home, [&] { box = on_loop<witness>(home, std::in_place, &elsewhere, &home); });
  }
  CHECK(eventually([&] { return elsewhere == 1; }));
  home.stop();
  CHECK(at_end == 1);
  CHECK_FALSE(late); // empty from now on
  CHECK_FALSE(home.post([] {}));
}

TEST_CASE("an actor whose own callback holds it again after the last handle went ends once") {
  struct mayfly final : loop_actor<caf::actor> {
    mayfly(caf::actor_config& c, loop& l, std::atomic<int>* ends, std::atomic<bool>* inside)
        : loop_actor(c, l), ends_(ends), inside_(inside) {}
    ~mayfly() noexcept override {
      ++*ends_;
      *inside_ = bound_to()->here();
    }
    caf::behavior make_behavior() override {
      return {[](int) {}};
    }
    caf::strong_actor_ptr hold() { return caf::strong_actor_ptr{ctrl()}; }

    std::atomic<int>* ends_;
    std::atomic<bool>* inside_;
  };
  world w;
  auto& home = w.new_loop("one");
  std::atomic<int> ends{0};
  std::atomic<bool> inside{false};
  const auto make = [&] { return spawn_on<mayfly>(home, &ends, &inside); };
  const auto as_mayfly = [](const caf::actor& a) {
    return static_cast<mayfly*>(caf::actor_cast<caf::abstract_actor*>(a));
  };
  // As a KJ callback does that runs between the last handle's end and the destruction.
  on(home, [&] {
    auto handle = make();
    auto* self = as_mayfly(handle);
    handle = nullptr;
    self->hold();
    self->hold();
  });
  CHECK(eventually([&] { return ends == 1; }));
  caf::strong_actor_ptr kept;
  on(home, [&] {
    auto handle = make();
    auto* self = as_mayfly(handle);
    handle = nullptr;
    kept = self->hold();
  });
  on(home, [] {});
  CHECK(ends == 1); // the callback's handle counts like any other
  kept = nullptr;
  CHECK(eventually([&] { return ends == 2; }));
  CHECK(inside);
  // What is on its way when the loop is told to stop still ends on the loop.
  auto last = make();
  on(home, [&] { home.post([&] { last = nullptr; }); });
  home.stop();
  CHECK(eventually([&] { return ends == 3; }));
  CHECK(inside);
}

TEST_CASE("a loop is fair between what is posted, actors and sockets") {
  world w;
  auto& home = w.new_loop("one");
  struct spinner final : loop_actor<caf::actor> {
    using loop_actor::loop_actor;
    caf::behavior make_behavior() override {
      send(this, 1);
      return {[this](int x) { send(this, x); }};
    }
  };
  const auto busy = spawn_on<spinner>(home); // never idle
  std::promise<void> timer;
  REQUIRE(home.post([&] {
    home.timer()
        .afterDelay(5 * kj::MILLISECONDS)
        .then([&] { timer.set_value(); })
        .detach([](kj::Exception&&) {});
  }));
  CHECK(timer.get_future().wait_for(2s) == std::future_status::ready);
  piped p(home);
  CHECK(ask<msg::probe_next_result>(w.system, p.remote, msg::probe_next{})->number == 0);
  caf::anon_send_exit(busy, caf::exit_reason::user_shutdown);
  p.cut();
}

TEST_CASE("a restart budget waits longer each time, gives up, and forgets with time") {
  restart_policy policy{.most = 3, .window = 1000ms, .first_wait = 10ms, .longest_wait = 25ms};
  restart_budget budget(policy, 7);
  const auto first = budget.on_death(0ms);
  const auto second = budget.on_death(1ms);
  const auto third = budget.on_death(2ms);
  REQUIRE((first && second && third));
  CHECK((*first >= 5ms && *first <= 10ms));
  CHECK((*second >= 10ms && *second <= 20ms));
  CHECK((*third >= 12ms && *third <= 25ms));
  CHECK_FALSE(budget.on_death(3ms));
  const auto later = budget.on_death(5000ms);
  REQUIRE(later);
  CHECK(*later <= 10ms);
}

TEST_CASE("a supervisor starts what died again, and gives up what always dies") {
  world w;
  std::atomic<int> made{0};
  std::atomic<int> hopeless{0};
  std::promise<error> gave_up;
  std::mutex mutex;
  caf::actor current;
  child steady{"steady",
               [&] {
                 ++made;
                 return caf::actor_cast<caf::strong_actor_ptr>(
                     w.system.spawn([](caf::event_based_actor* self) -> caf::behavior {
                       return {[self](int) { self->quit(make_caf_error(errc::io, "disk gone")); }};
                     }));
               },
               [&](const caf::strong_actor_ptr& p) {
                 const std::lock_guard guard(mutex);
                 current = caf::actor_cast<caf::actor>(p);
               },
               nullptr};
  child doomed{"doomed",
               [&]() -> caf::strong_actor_ptr {
                 ++hopeless;
                 throw std::runtime_error("no such device");
               },
               nullptr, [&](const error& why) { gave_up.set_value(why); }};
  const auto supervisor = spawn_supervisor(w.system, {steady, doomed},
                                           {.most = 3, .first_wait = 5ms, .longest_wait = 10ms});
  CHECK(gave_up.get_future().get().text == "no such device");
  CHECK(hopeless == 4);
  for (int round = 1; round <= 3; ++round) {
    CHECK(eventually([&] { return made == round; }));
    CHECK(eventually([&] {
      const std::lock_guard guard(mutex);
      return static_cast<bool>(current);
    }));
    const std::lock_guard guard(mutex);
    caf::anon_send(current, 1);
    current = nullptr;
  }
  caf::anon_send_exit(supervisor, caf::exit_reason::user_shutdown);
}

TEST_CASE("SIGTERM ends a node in order, and a stuck actor is named and does not hold it up") {
  probe_process good;
  CHECK(good.end(SIGTERM) == 0);
  probe_process interrupted;
  CHECK(interrupted.end(SIGINT) == 0);
  probe_process stuck({"--stuck"});
  const auto start = std::chrono::steady_clock::now();
  CHECK(stuck.end(SIGTERM) == stuck_exit_code);
  CHECK(std::chrono::steady_clock::now() - start < 5s);
  const auto said = stuck.errors();
  CHECK(said.find("glued did not stop") != std::string::npos);
  CHECK(said.find("still there: glued") != std::string::npos);
}
