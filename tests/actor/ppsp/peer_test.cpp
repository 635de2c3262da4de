#include "tests/actor/ppsp/peer_fixture.hpp"

#include <thread>

using namespace interswarm;
using namespace interswarm::ppsp;

namespace {

msg::source_state state_of(peer_world& w, const msg::source_actor& source) {
  const auto told = ask<msg::source_info_result>(w.system, source, msg::source_info{});
  REQUIRE(told);
  return told->info;
}

msg::serving_state state_of(peer_world& w, const msg::serving_actor& serving) {
  const auto told = ask<msg::serving_status_result>(w.system, serving, msg::serving_status{});
  REQUIRE(told);
  return told->status;
}

} // namespace

TEST_CASE("ppsp peer: a fetch takes a served content byte for byte") {
  const bool with_tree = GENERATE(true, false);
  const auto f = GENERATE(merkle_hash::sha256, merkle_hash::sha1);
  INFO("tree known " << with_tree << ", hash " << to_string(f));
  peer_world w;
  auto& one = w.new_loop("one");
  auto& two = w.new_loop("two");
  const test_content content(5'000'777, 3, f);
  const auto up = w.new_peer(one);
  const auto down = w.new_peer(two);
  const auto counters = std::make_shared<source_counters>();
  const auto serving = w.serve(up, content.record(with_tree), w.source(one, content, counters));
  REQUIRE(serving);
  const auto source = w.fetch(down, content.record(false, {w.address_of(up)}, false));
  REQUIRE(source);
  CHECK(eventually([&] { return state_of(w, *source).size == content.data.size(); }));
  if (with_tree) CHECK(counters->read_bytes < 1'000'000); // what was asked for, no more
  CHECK(w.compare(*source, content.data) == "");
  const auto status = state_of(w, *serving);
  CHECK(status.bytes_sent >= content.data.size());
  CHECK(status.bytes_sent < content.data.size() * 11 / 10);
  CHECK(eventually([&] { return state_of(w, *serving).completed == 1; }));
  CHECK(eventually([&] { return state_of(w, *source).held_bytes >= content.data.size(); }));
}

TEST_CASE("ppsp peer: contents of one chunk, whole groups and odd sizes, chunks of any size") {
  const std::uint64_t size = GENERATE(1, 1023, 1024, 1025, 65'536, 65'537, 131'072, 300'001);
  const std::uint32_t chunk_bytes = GENERATE(1024, 1000, 8192);
  INFO("size " << size << ", chunks of " << chunk_bytes);
  peer_world w;
  auto& one = w.new_loop("one");
  const test_content content(size, 4, merkle_hash::sha256, chunk_bytes);
  const auto up = w.new_peer(one);
  const auto down = w.new_peer(one);
  const auto serving = w.serve(up, content.record(false), w.source(one, content));
  REQUIRE(serving);
  const auto source = w.fetch(down, content.record(false, {w.address_of(up)}));
  REQUIRE(source);
  CHECK(w.compare(*source, content.data) == "");
  const auto genuine =
      ask<msg::source_genuine_result>(w.system, *source, msg::source_genuine{{0, 1}, 5000});
  REQUIRE(genuine);
  CHECK(genuine->verdict == msg::verdict::good);
  CHECK(w.read(*source, {0, size + chunk_bytes}).error().code == errc::malformed);
}

TEST_CASE("ppsp peer: the last chunk is genuine also where the size was not known before") {
  peer_world w;
  auto& one = w.new_loop("one");
  const test_content content(70'001);
  const auto up = w.new_peer(one);
  const auto down = w.new_peer(one);
  const auto source = w.fetch(down, content.record(false, {w.address_of(up)}, false));
  REQUIRE(source);
  // Asked before anybody can answer.
  caf::scoped_actor self(w.system);
  auto asked = self->request(*source, 10s, msg::source_genuine{{70'000, 70'001}, 8000});
  const auto serving = w.serve(up, content.record(true), w.source(one, content));
  REQUIRE(serving);
  asked.receive(
      [](const msg::source_genuine_result& r) {
        CHECK(r.verdict == msg::verdict::good);
        CHECK(r.range == msg::range{69'632, 70'001});
      },
      [](const caf::error& e) { FAIL(runtime::to_error(e).text); });
}

TEST_CASE("ppsp peer: peers are found through the tracker, from either side") {
  const bool server_dials = GENERATE(true, false);
  INFO("the server dials " << server_dials);
  peer_world w;
  auto& one = w.new_loop("one");
  const test_content content(200'000);
  const auto up = w.new_peer(one);
  const auto down = w.new_peer(one);
  const auto at = w.address_of(server_dials ? down : up);
  const msg::tracker_actor tracker = runtime::spawn_on<test_tracker>(
      one,
      std::vector{msg::peer_address{{slice::copy_of(at.address.network_bytes()), at.port}, {}}});
  const auto source =
      w.fetch(down, content.record(false), server_dials ? msg::tracker_actor{} : tracker);
  REQUIRE(source);
  state_of(w, *source); // from now on it can be dialled
  const auto serving = w.serve(up, content.record(true), w.source(one, content),
                               server_dials ? tracker : msg::tracker_actor{});
  REQUIRE(serving);
  CHECK(w.compare(*source, content.data) == "");
}

TEST_CASE("ppsp peer: wrong bytes of a source never leave, and it hears of them") {
  peer_world w;
  auto& one = w.new_loop("one");
  const test_content content(400'000);
  const auto up = w.new_peer(one);
  const auto down = w.new_peer(one);
  const auto counters = std::make_shared<source_counters>();
  const auto wrong_once = [&, spoilt = std::make_shared<std::atomic<int>>(2)](byte_range r) {
    auto out = of_bytes(content.data)(r);
    if (r.begin <= 100'000 && 100'000 < r.end && (*spoilt)-- > 0) out[100'000 - r.begin] ^= 1;
    return out;
  };
  const auto serving =
      w.serve(up, content.record(true), w.source(one, content, counters, {}, wrong_once));
  REQUIRE(serving);
  const auto source = w.fetch(down, content.record(false, {w.address_of(up)}));
  REQUIRE(source);
  CHECK(w.compare(*source, content.data) == "");
  CHECK(counters->judged_bad == 2);
}

TEST_CASE("ppsp peer: a source of something else is not served under this name") {
  peer_world w;
  auto& one = w.new_loop("one");
  const test_content content(400'000, 1);
  const test_content other(400'000, 2);
  const auto up = w.new_peer(one);
  const auto down = w.new_peer(one);
  const auto counters = std::make_shared<source_counters>();
  const auto serving = w.serve(up, content.record(false), w.source(one, other, counters));
  REQUIRE(serving);
  const auto source = w.fetch(down, content.record(false, {w.address_of(up)}));
  REQUIRE(source);
  CHECK(w.read(*source, {0, 1000}, 2s).error().code == errc::timed_out);
  CHECK(counters->judged_bad == 1);
}

TEST_CASE("ppsp peer: what a source lacks is not told of") {
  peer_world w;
  auto& one = w.new_loop("one");
  const test_content content(1'000'000);
  const auto up = w.new_peer(one);
  const auto down = w.new_peer(one);
  // The last group too, for its peaks.
  const range_set there{{0, 262'144}, {917'504, 1'000'000}};
  const auto serving = w.serve(up, content.record(true), w.source(one, content, {}, there));
  REQUIRE(serving);
  const auto source = w.fetch(down, content.record(false, {w.address_of(up)}));
  REQUIRE(source);
  CHECK(w.read(*source, {0, 262'144}).has_value());
  CHECK(w.read(*source, {999'000, 1'000'000}).has_value());
  CHECK(w.read(*source, {300'000, 300'100}, 1s).error().code == errc::timed_out);
  const auto have = ask<msg::source_have_result>(w.system, *source, msg::source_have{});
  REQUIRE(have);
  CHECK(have->ranges == std::vector<msg::range>{{0, 262'144}, {917'504, 1'000'000}});
  CHECK(have->received >= 262'144);
}

TEST_CASE("ppsp peer: nobody to fetch from is told in time") {
  peer_world w;
  auto& one = w.new_loop("one");
  const test_content content(100'000);
  const auto down = w.new_peer(one);
  const auto source = w.fetch(down, content.record(false));
  REQUIRE(source);
  CHECK(w.read(*source, {0, 1000}, 500ms).error().code == errc::timed_out);
  CHECK(w.read(*source, {0, 1000}, 30s).error().code == errc::unavailable);
}

TEST_CASE("ppsp peer: one serving and one fetch of a name, until their handles go") {
  peer_world w;
  auto& one = w.new_loop("one");
  const test_content content(100'000);
  const auto peer = w.new_peer(one);
  const auto record = content.record(true);
  auto first = w.serve(peer, record, w.source(one, content));
  REQUIRE(first);
  CHECK(w.serve(peer, record, w.source(one, content)).error().code == errc::conflict);
  auto source = w.fetch(peer, record);
  REQUIRE(source);
  CHECK(w.fetch(peer, record).error().code == errc::conflict);
  first = fail(errc::cancelled, "");
  source = fail(errc::cancelled, "");
  CHECK(eventually([&] { return w.serve(peer, record, w.source(one, content)).has_value(); }));
  CHECK(eventually([&] { return w.fetch(peer, record).has_value(); }));
}

TEST_CASE("ppsp peer: what cannot be served or fetched is refused") {
  peer_world w;
  auto& one = w.new_loop("one");
  const test_content content(100'000);
  const auto peer = w.new_peer(one);
  auto record = content.record(true);
  record.permission = msg::permission::forbidden;
  CHECK(w.serve(peer, record, w.source(one, content)).error().code == errc::denied);
  CHECK(w.serve(peer, content.record(true), {}).error().code == errc::malformed);
  record.name.overlay = "ed2k";
  CHECK(w.serve(peer, record, w.source(one, content)).error().code == errc::malformed);
  CHECK(w.fetch(peer, record).error().code == errc::malformed);
  peer_options o;
  o.listen = w.address_of(peer);
  CHECK(spawn_peer(one, o).error().code == errc::io);
}
