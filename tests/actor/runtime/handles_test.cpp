#include "tests/actor/runtime/fixture.hpp"

using namespace interswarm;
using namespace interswarm::runtime;

namespace {

msg::everything sample() {
  msg::everything x;
  x.flag = false;
  x.tiny = -128;
  x.small = -32768;
  x.middle = std::numeric_limits<std::int32_t>::min();
  x.big = std::numeric_limits<std::int64_t>::min();
  x.byte = 255;
  x.port = 65535;
  x.count = std::numeric_limits<std::uint32_t>::max();
  x.size = std::numeric_limits<std::uint64_t>::max();
  x.ratio = 0.25F;
  x.price = -1e300;
  x.text = "na\xC3\xAFve";
  x.data = slice(bytes{0, 1, 255});
  x.colour = msg::colour::dark_blue;
  x.leaf = {.number = 9, .word = ""};
  x.range = {.begin = 1, .end = 2};
  x.flags = {true, false, true};
  x.numbers = {0, 65535};
  x.texts = {"", "two"};
  x.blobs = {slice(), slice(bytes{7})};
  x.colours = {msg::colour::green, msg::colour::red};
  x.leaves = {{.number = 1, .word = "a"}, {}};
  x.grid = {{1, 2}, {}, {3}};
  x.position = {.x = -1, .y = 1};
  return x;
}

} // namespace

TEST_CASE("defaults of the schema are the defaults of the structs") {
  const msg::everything x;
  CHECK(x.flag);
  CHECK(x.port == 4711);
  CHECK(x.price == 2.5);
  CHECK(x.colour == msg::colour::green);
  CHECK(x.leaf.number == -7);
  CHECK(x.leaf.word == "leaf");
  CHECK(x.which == msg::everything::which_t::none);
  CHECK(to_string(msg::colour::dark_blue) == "dark_blue");
}

TEST_CASE("every kind of field survives encoding and a call") {
  world w;
  piped p(w.new_loop("one"));
  using which = msg::everything::which_t;
  for (const auto alternative :
       {which::none, which::digits, which::label, which::many, which::size2d}) {
    auto x = sample();
    x.which = alternative;
    if (alternative == which::digits) x.digits = 5;
    if (alternative == which::label) x.label = "label";
    if (alternative == which::many) x.many = {{.number = 3, .word = "x"}};
    if (alternative == which::size2d) x.size2d = {.width = 3, .height = 4};
    CHECK(msg::decode<msg::everything>(msg::encode(x)) == x);
    CHECK(ask<msg::probe_echo_result>(w.system, p.remote, msg::probe_echo{x})->value == x);
  }
  CHECK(ask<msg::probe_echo_result>(w.system, p.remote, msg::probe_echo{})->value ==
        msg::everything{});
}

TEST_CASE("handles cross both ways, in structs, lists and unions, and come back unwrapped") {
  world w;
  auto& one = w.new_loop("one");
  piped p(one);
  const auto mine = probe::spawn_listener(one);
  const auto pooled = probe::spawn_pool_listener(w.system);
  msg::gift gift{.label = "g", .listener = mine, .more = {pooled, {}, mine}};
  gift.which = msg::gift::which_t::inner;
  gift.inner = {{.label = "in", .listener = pooled, .more = {}, .source = {}, .inner = {}}};
  const auto back = ask<msg::probe_pass_result>(w.system, p.remote, msg::probe_pass{gift});
  REQUIRE(back);
  CHECK(back->gift == gift); // the same actors, not proxies of proxies
  // A handle of theirs stays one capability: what came from there goes back as itself.
  const auto child = ask<msg::probe_child_result>(w.system, p.remote, msg::probe_child{});
  REQUIRE(child);
  CHECK(child->child != p.local);
  CHECK(ask<msg::probe_next_result>(w.system, child->child, msg::probe_next{})->number == 0);
  CHECK(ask<msg::probe_next_result>(w.system, child->child, msg::probe_next{})->number == 1);
  // A call back from the other side.
  REQUIRE(tell(w.system, p.remote, msg::probe_keep{mine}));
  CHECK(ask<msg::probe_poke_result>(w.system, p.remote, msg::probe_poke{"x"})->count == 1);
  REQUIRE(tell(w.system, p.remote, msg::probe_keep{pooled}));
  CHECK(ask<msg::probe_poke_result>(w.system, p.remote, msg::probe_poke{"x"})->count == 1);
  REQUIRE(tell(w.system, p.remote, msg::probe_keep{{}}));
  CHECK(ask<msg::probe_poke_result>(w.system, p.remote, msg::probe_poke{"x"}).error().code ==
        errc::unavailable);
  p.cut();
}

TEST_CASE("a failure arrives with its code and text") {
  world w;
  piped p(w.new_loop("one"));
  for (int code = 1; code <= 15; ++code) {
    const error sent{static_cast<errc>(code), "what: where\nwhy \xC3\xA9"};
    const auto got =
        tell(w.system, p.remote, msg::probe_refuse{static_cast<std::uint8_t>(code), sent.text});
    REQUIRE_FALSE(got);
    CHECK(got.error() == sent);
  }
  p.cut();
}

TEST_CASE("the last handle gone frees the remote actor") {
  world w;
  auto& one = w.new_loop("one");
  piped p(one);
  const auto before = probe::living().probes.load();
  auto child = ask<msg::probe_child_result>(w.system, p.remote, msg::probe_child{})->child;
  CHECK(probe::living().probes == before + 1);
  CHECK(on(one, [&] { return (*p.client)->via().imports; }) == 2);
  child = nullptr; // on this thread, which is not the loop's
  CHECK(eventually([&] { return probe::living().probes == before; }));
  CHECK(on(one, [&] { return (*p.client)->via().imports; }) == 1);
  CHECK(on(one, [&] { return (*p.server)->via().exports(); }) == 1);
  p.cut();
}

TEST_CASE("a lost connection fails every waiting call at once") {
  world w;
  auto& one = w.new_loop("one");
  piped p(one);
  std::vector<std::future<errc>> waiting;
  for (int i = 0; i < 8; ++i) {
    waiting.push_back(std::async(std::launch::async, [&] {
      const auto got = tell(w.system, p.remote, msg::probe_hang{}, 60s);
      return got ? errc::internal : got.error().code;
    }));
  }
  CHECK(eventually([&] { return on(one, [&] { return (*p.server)->via().calls_in(); }) == 8; }));
  const auto start = std::chrono::steady_clock::now();
  on(one, [&] { p.server.reset(); });
  for (auto& w1 : waiting) CHECK(w1.get() == errc::disconnected);
  CHECK(std::chrono::steady_clock::now() - start < 2s);
  CHECK(ask<msg::probe_next_result>(w.system, p.remote, msg::probe_next{}).error().code ==
        errc::disconnected);
  p.cut();
}

TEST_CASE("calls above the limit fail overloaded, the others are not hurt") {
  world w;
  auto& one = w.new_loop("one");
  link_limits few;
  few.calls_in = 4;
  piped p(one, few);
  caf::scoped_actor self(w.system);
  int overloaded = 0;
  for (int i = 0; i < 6; ++i) self->send(caf::actor_cast<caf::actor>(p.remote), msg::probe_hang{});
  CHECK(eventually([&] { return on(one, [&] { return (*p.server)->via().calls_in(); }) == 4; }));
  for (int i = 0; i < 3; ++i) {
    const auto got = ask<msg::probe_next_result>(w.system, p.remote, msg::probe_next{});
    REQUIRE_FALSE(got);
    overloaded += got.error().code == errc::overloaded ? 1 : 0;
  }
  CHECK(overloaded == 3);
  p.cut();
}

TEST_CASE("an actor that ends fails the calls it has not answered") {
  world w;
  auto& one = w.new_loop("one");
  piped p(one);
  auto lost = std::async(std::launch::async,
                         [&] { return tell(w.system, p.remote, msg::probe_hang{}, 60s); });
  CHECK(eventually([&] { return on(one, [&] { return (*p.server)->via().calls_in(); }) == 1; }));
  caf::anon_send_exit(p.local, caf::exit_reason::user_shutdown);
  CHECK(lost.get().error().code == errc::unavailable);
  CHECK(ask<msg::probe_next_result>(w.system, p.remote, msg::probe_next{}).error().code ==
        errc::unavailable);
  p.cut();
}

TEST_CASE("an actor that never answers is given up") {
  world w;
  auto& one = w.new_loop("one");
  link_limits brief;
  brief.call_timeout = 50ms;
  piped p(one, brief);
  CHECK(tell(w.system, p.remote, msg::probe_hang{}).error().code == errc::timed_out);
  CHECK(on(one, [&] { return (*p.server)->via().calls_in(); }) == 0);
  p.cut();
}

TEST_CASE("calls arrive in the order they were made") {
  world w;
  auto& one = w.new_loop("one");
  piped p(one);
  caf::scoped_actor self(w.system);
  std::vector<std::uint32_t> got;
  for (int i = 0; i < 500; ++i) {
    self->request(p.remote, 5s, msg::probe_next{})
        .receive([&](const msg::probe_next_result& r) { got.push_back(r.number); },
                 [](const caf::error&) {});
  }
  REQUIRE(got.size() == 500);
  for (std::uint32_t i = 0; i < 500; ++i) CHECK(got[i] == i);
  p.cut();
}

TEST_CASE("a stream is written in order, one chunk at a time") {
  world w;
  auto& one = w.new_loop("one");
  piped p(one);
  const auto sink = ask<msg::probe_open_result>(w.system, p.remote, msg::probe_open{})->sink;
  std::uint64_t sent = 0;
  for (int i = 0; i < 100; ++i) {
    bytes chunk(8192, static_cast<byte>(i));
    sent += chunk.size();
    REQUIRE(tell(w.system, sink, msg::sink_write{slice(std::move(chunk))}));
  }
  const auto done = ask<msg::sink_done_result>(w.system, sink, msg::sink_done{});
  REQUIRE(done);
  CHECK(done->bytes == sent);
  CHECK(done->most_at_once == 1);
  // A chunk that is refused breaks the stream; `done` says so.
  (void)tell(w.system, sink, msg::sink_write{slice(bytes{99})});
  CHECK(ask<msg::sink_done_result>(w.system, sink, msg::sink_done{}).error() ==
        error{errc::conflict, "a chunk is out of order"});
  p.cut();
}
