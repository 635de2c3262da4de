#include "actors/runtime/keys.hpp"
#include "actors/runtime/rpc_dialer.hpp"
#include "actors/runtime/rpc_listener.hpp"
#include "tests/actor/runtime/fixture.hpp"
#include "tests/actor/runtime/process.hpp"
#include "tests/scratch.hpp"

using namespace interswarm;
using namespace interswarm::runtime;

namespace {

/// What a dialler told, for a test's thread.
struct dialled {
  std::mutex mutex;
  msg::probe_actor probe;
  unsigned ups = 0;
  std::vector<error> downs;
  caf::actor dialler;

  result<void> start(loop& home, dial_options options) {
    options.first_wait = 20ms;
    options.longest_wait = 100ms;
    auto made = start_dialer<msg::probe_actor>(
        home, std::move(options),
        [this](msg::probe_actor p) {
          const std::lock_guard guard(mutex);
          probe = std::move(p);
          ++ups;
        },
        [this](const error& e) {
          const std::lock_guard guard(mutex);
          downs.push_back(e);
        });
    if (!made) return tl::unexpected(made.error());
    dialler = *made;
    return {};
  }
  msg::probe_actor wait_up(unsigned times = 1) {
    eventually([&] {
      const std::lock_guard guard(mutex);
      return ups >= times;
    });
    const std::lock_guard guard(mutex);
    REQUIRE(ups >= times);
    return probe;
  }
  error wait_down() {
    eventually([&] {
      const std::lock_guard guard(mutex);
      return !downs.empty();
    });
    const std::lock_guard guard(mutex);
    REQUIRE_FALSE(downs.empty());
    return downs.back();
  }
  bool never_up() {
    const std::lock_guard guard(mutex);
    return ups == 0;
  }
  void stop(loop& home) {
    dialler = nullptr;
    probe = nullptr;
    on(home, [] {});
    on(home, [] {});
  }
};

std::size_t open_files() {
  std::size_t n = 0;
  for ([[maybe_unused]] const auto& e : std::filesystem::directory_iterator("/proc/self/fd")) ++n;
  return n;
}

} // namespace

TEST_CASE("handles cross between processes, and a new one comes after kill -9") {
  world w;
  auto& home = w.new_loop("one");
  dialled d;
  auto process = std::make_unique<probe_process>();
  const auto address = process->address();
  REQUIRE(d.start(home, {.address = address}));
  const auto first = d.wait_up();
  const auto mine = probe::spawn_listener(home);
  const auto back = ask<msg::probe_pass_result>(w.system, first,
                                                msg::probe_pass{{.label = "x", .listener = mine}});
  REQUIRE(back);
  CHECK(back->gift.listener == mine);
  REQUIRE(tell(w.system, first, msg::probe_keep{mine}));
  CHECK(ask<msg::probe_poke_result>(w.system, first, msg::probe_poke{"x"})->count == 1);
  // Remote lifetimes follow our handles.
  auto child = ask<msg::probe_child_result>(w.system, first, msg::probe_child{})->child;
  CHECK(ask<msg::probe_children_result>(w.system, first, msg::probe_children{})->alive == 2);
  child = nullptr;
  CHECK(eventually([&] {
    return ask<msg::probe_children_result>(w.system, first, msg::probe_children{})->alive == 1;
  }));

  auto pending =
      std::async(std::launch::async, [&] { return tell(w.system, first, msg::probe_hang{}, 60s); });
  std::this_thread::sleep_for(50ms);
  const auto killed = std::chrono::steady_clock::now();
  process->end(SIGKILL);
  CHECK(pending.get().error().code == errc::disconnected);
  CHECK(std::chrono::steady_clock::now() - killed < 1s);
  CHECK(d.wait_down().code == errc::disconnected);
  CHECK(ask<msg::probe_next_result>(w.system, first, msg::probe_next{}).error().code ==
        errc::disconnected);
  d.stop(home);
}

TEST_CASE("a dialler tries until the other side is there, and again after it went") {
  world w;
  auto& home = w.new_loop("one");
  auto make = [&](const peer_identity&) { return probe::spawn_probe(home); };
  auto listener = start_listener<msg::probe_actor>(home, {}, make);
  REQUIRE(listener);
  const auto address = "127.0.0.1:" + std::to_string(listener->port);
  listener->handle = nullptr;
  dialled d;
  std::this_thread::sleep_for(20ms);
  REQUIRE(d.start(home, {.address = address}));
  CHECK(d.wait_down().code == errc::disconnected);
  for (unsigned round = 1; round <= 3; ++round) {
    listener = start_listener<msg::probe_actor>(home, {.address = address}, make);
    REQUIRE(listener);
    const auto p = d.wait_up(round);
    CHECK(ask<msg::probe_next_result>(w.system, p, msg::probe_next{})->number == 0);
    listener->handle = nullptr; // its connections end with it
    CHECK(eventually([&] { return !ask<msg::probe_next_result>(w.system, p, msg::probe_next{}); }));
  }
  d.stop(home);
}

TEST_CASE("a port in use, a foreign address and plain TCP to others are refused in one line") {
  world w;
  auto& home = w.new_loop("one");
  auto make = [&](const peer_identity&) { return probe::spawn_probe(home); };
  const auto listener = start_listener<msg::probe_actor>(home, {}, make);
  REQUIRE(listener);
  const auto taken = "127.0.0.1:" + std::to_string(listener->port);
  const auto again = start_listener<msg::probe_actor>(home, {.address = taken}, make);
  REQUIRE_FALSE(again);
  CHECK(again.error().code == errc::io);
  CHECK(again.error().text.find(taken) != std::string::npos);
  CHECK(start_listener<msg::probe_actor>(home, {.address = "0.0.0.0:0"}, make).error().code ==
        errc::configuration);
  CHECK(start_listener<msg::probe_actor>(home, {.address = "nonsense"}, make).error().code ==
        errc::configuration);
  dialled d;
  CHECK(d.start(home, {.address = "192.0.2.1:1"}).error().code == errc::configuration);
}

TEST_CASE("mutual TLS: the authority's own get in, all others do not, and the listener goes on") {
  scratch_folder ours;
  scratch_folder theirs;
  REQUIRE(make_keys(ours.path(), {"node-a", "node-b"}));
  REQUIRE(make_keys(theirs.path(), {"node-b"}));
  const auto identity = [](const scratch_folder& folder, const char* name) {
    return *tls_identity::load(folder.path(), name);
  };
  world w;
  auto& home = w.new_loop("one");
  std::mutex mutex;
  std::vector<peer_identity> seen;
  listen_options options;
  options.tls = identity(ours, "node-a");
  const auto listener =
      start_listener<msg::probe_actor>(home, options, [&](const peer_identity& peer) {
        const std::lock_guard guard(mutex);
        seen.push_back(peer);
        return probe::spawn_probe(home);
      });
  REQUIRE(listener);
  const auto address = "127.0.0.1:" + std::to_string(listener->port);
  const auto good = [&] {
    dialled d;
    REQUIRE(d.start(
        home, {.address = address, .tls = identity(ours, "node-b"), .expected_name = "node-a"}));
    CHECK(ask<msg::probe_next_result>(w.system, d.wait_up(), msg::probe_next{})->number == 0);
    d.stop(home);
  };
  const auto bad = [&](dial_options o) {
    dialled d;
    REQUIRE(d.start(home, std::move(o)));
    d.wait_down();
    CHECK(d.never_up());
    d.stop(home);
  };
  good();
  bad({.address = address,
       .tls = identity(theirs, "node-b"),
       .expected_name = "node-a"}); // another authority
  bad({.address = address,
       .tls = identity(ours, "node-b"),
       .expected_name = "node-c"});                                    // another name
  bad({.address = address, .tls = std::nullopt, .expected_name = ""}); // no TLS at all
  // A certificate of the right authority at the client, a wrong one at the server.
  auto stranger = identity(theirs, "node-b");
  stranger.authority = identity(ours, "node-b").authority;
  bad({.address = address, .tls = stranger, .expected_name = "node-a"});
  good();
  const std::lock_guard guard(mutex);
  CHECK(seen.size() == 2);
  CHECK(seen.back().name == "node-b");
  CHECK(seen.back().authenticated);
}

TEST_CASE("two processes over mutual TLS") {
  scratch_folder keys;
  REQUIRE(make_keys(keys.path(), {"server", "client"}));
  probe_process process({"--tls", keys.path(), "server"});
  world w;
  auto& home = w.new_loop("one");
  dialled d;
  REQUIRE(d.start(home, {.address = process.address(),
                         .tls = *tls_identity::load(keys.path(), "client"),
                         .expected_name = "server"}));
  const auto p = d.wait_up();
  msg::everything x;
  x.data = slice(bytes(1 << 20, 0x5A));
  CHECK(ask<msg::probe_echo_result>(w.system, p, msg::probe_echo{x})->value == x);
  CHECK(process.end(SIGTERM) == 0);
  CHECK(d.wait_down().code == errc::disconnected);
  d.stop(home);
}

TEST_CASE("a client that says nothing, or nonsense, does not keep its place") {
  world w;
  auto& home = w.new_loop("one");
  scratch_folder keys;
  REQUIRE(make_keys(keys.path(), {"server"}));
  listen_options options;
  options.tls = *tls_identity::load(keys.path(), "server");
  options.handshake_timeout = 100ms;
  const auto listener = start_listener<msg::probe_actor>(
      home, options, [&](const peer_identity&) { return probe::spawn_probe(home); });
  REQUIRE(listener);
  const auto before = open_files();
  on(home, [] {});
  std::vector<on_loop<kj::Own<kj::AsyncIoStream>>> silent;
  std::promise<void> connected;
  REQUIRE(home.post([&] {
    home.io()
        .provider->getNetwork()
        .parseAddress("127.0.0.1", listener->port)
        .then([&](kj::Own<kj::NetworkAddress> a) { return a->connect().attach(kj::mv(a)); })
        .then([&](kj::Own<kj::AsyncIoStream> s) {
          silent.emplace_back(home, kj::mv(s));
          connected.set_value();
        })
        .detach([&](kj::Exception&&) { connected.set_value(); });
  }));
  connected.get_future().wait();
  REQUIRE(silent.size() == 1);
  CHECK(eventually(
      [&] { return open_files() == before + 1; })); // ours; the server has closed its end
  silent.clear();
}

TEST_CASE("keys are made once, readable by their owner only, and never overwritten") {
  scratch_folder folder;
  const auto made = make_keys(folder.file("new"), {"a"});
  REQUIRE(made);
  CHECK(made->size() == 4);
  namespace fs = std::filesystem;
  CHECK((fs::status(folder.file("new/a.key")).permissions() & fs::perms::mask) ==
        (fs::perms::owner_read | fs::perms::owner_write));
  CHECK((fs::status(folder.file("new/authority.key")).permissions() & fs::perms::mask) ==
        (fs::perms::owner_read | fs::perms::owner_write));
  CHECK(make_keys(folder.file("new"), {"b", "a"}).error().code == errc::conflict);
  CHECK_FALSE(fs::exists(folder.file("new/b.key")));
  CHECK(make_keys(folder.file("new"), {"b"})->size() == 2);
  for (const char* name : {"", "A", "a/b", "..", "-a", "a-", "authority", "a b"})
    CHECK(make_keys(folder.file("new"), {name}).error().code == errc::configuration);
  CHECK(make_keys(folder.file("new"), std::vector<std::string>(max_key_names + 1, "x"))
            .error()
            .code == errc::configuration);
  CHECK(make_keys("/proc/nowhere", {"a"}).error().code == errc::io);
  CHECK(tls_identity::load(folder.file("new"), "c").error().code == errc::configuration);
  CHECK(tls_identity::load(folder.file("new"), "../a").error().code == errc::configuration);
}
