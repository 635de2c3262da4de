#include "actors/runtime/wall_clock.hpp"
#include "schema/base/range.hpp"
#include "tests/actor/bridge/scripted.hpp"

using namespace interswarm;
using namespace interswarm::bridge;
using runtime::ask;
using runtime::eventually;
using runtime::tell;

namespace {

bytes sample(std::size_t size) {
  bytes out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<byte>(i * 7);
  return out;
}

result<msg::source_read_result> read(runtime::world& w, const msg::source_actor& source,
                                     byte_range r, std::uint32_t deadline_ms = 5000) {
  msg::source_read question;
  question.range = {r.begin, r.end};
  question.deadline_ms = deadline_ms;
  return ask<msg::source_read_result>(w.system, source, question, 30s);
}

result<void> judge(runtime::world& w, const msg::source_actor& source, byte_range r,
                   msg::verdict verdict) {
  return tell(w.system, source, msg::source_judge{{r.begin, r.end}, verdict});
}

} // namespace

TEST_CASE("a demand in one overlay is met from another, and both ends write the same ledger") {
  runtime::world w;
  scripted_node node(w, "here", {"red", "blue"});
  auto& red = *node.overlays["red"];
  auto& blue = *node.overlays["blue"];
  red.sources = 0;
  blue.content->content = sample(100'000);
  const auto sought = scripted_record("red", 1, 100'000);
  REQUIRE(node.link({sought, scripted_record("blue", 2, 100'000)}));
  red.demand(sought.name);
  REQUIRE(eventually([&] { return bool(red.last_served()); }));
  CHECK(eventually([&] { return red.announced == 1; }));
  CHECK(blue.content->reads == 0); // nothing moves before a client asks

  const auto source = red.last_served();
  for (const byte_range r : {byte_range{0, 40'000}, {30'000, 100'000}}) {
    const auto got = read(w, source, r);
    REQUIRE(got);
    CHECK(equal(got->data, byte_view(blue.content->content).subspan(r.begin, r.size())));
    CHECK(judge(w, source, r, msg::verdict::good));
  }
  REQUIRE(eventually([&] {
    const auto entries = node.ledger();
    return entries.size() == 2 && entries[0].bytes == 100'000 && entries[1].bytes == 100'000;
  }));
  const auto entries = node.ledger();
  CHECK(entries[0].receipt == entries[1].receipt);
  CHECK(entries[0].role != entries[1].role);
  CHECK(entries[0].from_overlay == "blue");
  CHECK(entries[0].to_overlay == "red");
  CHECK(entries[0].tenant == "whose blue is");
  CHECK(entries[1].tenant == entries[0].tenant);
}

TEST_CASE(
    "what clients are sent is told, repeated bytes and the last ones too, and nothing twice") {
  runtime::world w;
  scripted_node node(w, "here", {"red", "blue"});
  auto& red = *node.overlays["red"];
  red.sources = 0;
  node.overlays["blue"]->content->content = sample(1000);
  const auto sought = scripted_record("red", 1, 1000);
  REQUIRE(node.link({sought, scripted_record("blue", 2, 1000)}));
  red.demand(sought.name);
  REQUIRE(eventually([&] { return red.announced == 1; }));
  red.sent = 1000;
  CHECK(eventually([&] { return node.delivered_to("red") == 1000; }));
  red.sent = 2500;
  CHECK(eventually([&] { return node.delivered_to("red") == 2500; }));
  // At once after that it is withdrawn.
  red.sent = 2600;
  caf::anon_send(node.handler, name_withdrawn{sought.name});
  CHECK(eventually([&] { return node.delivered_to("red") == 2600; }));
  // Another serving of the same name counts from its own beginning.
  red.sent = 0;
  red.demand(sought.name);
  REQUIRE(eventually([&] { return red.serve_calls == 2; }));
  red.sent = 30;
  CHECK(eventually([&] { return node.delivered_to("red") == 2630; }));
  CHECK(node.delivered_to("blue") == 0);
}

TEST_CASE("a gateway opened for a demand begins to read before its client does") {
  runtime::world w;
  policy rules;
  rules.warm_up_bytes = 1000;
  scripted_node node(w, "here", {"red", "blue"}, rules);
  auto& red = *node.overlays["red"];
  auto& blue = *node.overlays["blue"];
  red.sources = 0;
  blue.content->content = sample(100'000);
  const auto sought = scripted_record("red", 1, 100'000);
  REQUIRE(node.link({sought, scripted_record("blue", 2, 100'000)}));
  red.demand(sought.name);
  CHECK(eventually([&] { return blue.content->reads == 1; }));
  REQUIRE(eventually([&] { return bool(red.last_served()); }));
  const byte_range used{50'000, 60'000};
  REQUIRE(read(w, red.last_served(), used));
  REQUIRE(judge(w, red.last_served(), used, msg::verdict::good));
  REQUIRE(eventually([&] {
    const auto entries = node.ledger();
    return entries.size() == 2 && entries[0].bytes > 0 && entries[1].bytes > 0;
  }));
  // Nobody judged the bytes of the first read: they are charged to nobody.
  for (const auto& entry : node.ledger()) CHECK(entry.bytes == used.size());
}

TEST_CASE("nothing is bridged that is private, unknown, or has no source elsewhere") {
  runtime::world w;
  scripted_node node(w, "here", {"red", "blue"});
  auto& red = *node.overlays["red"];
  red.sources = 0;
  auto secret = scripted_record("red", 1, 10);
  secret.permission = msg::permission::forbidden;
  REQUIRE(node.link({secret, scripted_record("blue", 2, 10)}));
  const auto lonely = scripted_record("red", 3, 10);
  REQUIRE(node.link({lonely, scripted_record("green", 4, 10)}));
  const auto open = scripted_record("red", 5, 10);
  REQUIRE(node.link({open, scripted_record("blue", 6, 10)}));
  red.demand(secret.name);
  red.demand(lonely.name);
  red.demand(scripted_record("red", 9, 10).name);
  red.demand(open.name);
  // The last demand was met, so the ones before it were decided.
  REQUIRE(eventually([&] { return red.serve_calls == 1; }));
  std::this_thread::sleep_for(300ms);
  CHECK(red.serve_calls == 1);
}

TEST_CASE("bytes that are genuine under the giver's name but not the taker's refute the equation") {
  runtime::world w;
  scripted_node node(w, "here", {"red", "blue"});
  auto& red = *node.overlays["red"];
  red.sources = 0;
  node.overlays["blue"]->content->content = sample(1000);
  const auto sought = scripted_record("red", 1, 1000);
  const auto giver = scripted_record("blue", 2, 1000);
  REQUIRE(node.link({sought, giver}));
  red.demand(sought.name);
  REQUIRE(eventually([&] { return bool(red.last_served()); }));
  const auto source = red.last_served();
  REQUIRE(read(w, source, {0, 1000}));
  REQUIRE(judge(w, source, {0, 1000}, msg::verdict::bad));
  CHECK(eventually([&] {
    for (const auto& r : node.names_for(sought.name)) {
      if (r.name == giver.name && r.evidence == msg::evidence::refuted) return true;
    }
    return false;
  }));
  const auto after = read(w, source, {0, 10}, 1000);
  REQUIRE_FALSE(after);
  const auto again = node.link({sought, giver});
  REQUIRE_FALSE(again);
  CHECK(again.error().code == errc::refuted);
}

TEST_CASE("a liar is not mistaken for a false equation") {
  runtime::world w;
  scripted_node node(w, "here", {"red", "blue"});
  auto& red = *node.overlays["red"];
  red.sources = 0;
  auto& content = *node.overlays["blue"]->content;
  content.content = sample(1000);
  content.lies = true;
  const auto sought = scripted_record("red", 1, 1000);
  const auto giver = scripted_record("blue", 2, 1000);
  REQUIRE(node.link({sought, giver}));
  red.demand(sought.name);
  REQUIRE(eventually([&] { return bool(red.last_served()); }));
  REQUIRE(read(w, red.last_served(), {0, 1000}));
  REQUIRE(judge(w, red.last_served(), {0, 1000}, msg::verdict::bad));
  REQUIRE(eventually([&] { return content.examined == 1; }));
  content.lies = false;
  const auto again = read(w, red.last_served(), {0, 1000});
  REQUIRE(again);
  CHECK(equal(again->data, content.content));
  CHECK(node.names_for(sought.name).size() == 2);
  CHECK(node.names_for(sought.name)[1].evidence == msg::evidence::declared);
}

TEST_CASE("two nodes bridge as one, each with its end of the ledger") {
  runtime::world w;
  scripted_node a(w, "a", {"red"});
  scripted_node b(w, "b", {"blue"});
  caf::anon_send(a.handler, neighbour_joined{"b", caf::actor_cast<msg::bridge_actor>(b.handler)});
  caf::anon_send(b.handler, neighbour_joined{"a", caf::actor_cast<msg::bridge_actor>(a.handler)});
  auto& red = *a.overlays["red"];
  red.sources = 0;
  b.overlays["blue"]->content->content = sample(5000);
  const auto sought = scripted_record("red", 1, 5000);
  // Only the giver's node knows the equation.
  REQUIRE(b.link({sought, scripted_record("blue", 2, 5000)}));
  red.demand(sought.name);
  REQUIRE(eventually([&] { return bool(red.last_served()); }));
  REQUIRE(read(w, red.last_served(), {0, 5000}));
  REQUIRE(judge(w, red.last_served(), {0, 5000}, msg::verdict::good));
  REQUIRE(eventually([&] { return a.ledger().size() == 1 && b.ledger().size() == 1; }));
  const auto taken = a.ledger().front();
  const auto given = b.ledger().front();
  CHECK(taken.receipt == given.receipt);
  CHECK(taken.bytes == given.bytes);
  CHECK(taken.role == msg::ledger_entry_role::taker);
  CHECK(given.role == msg::ledger_entry_role::giver);
  CHECK(given.from_domain == "b");
  CHECK(given.to_domain == "a");
  CHECK(a.names_for(sought.name).size() == 2); // learned from the neighbour

  // The taker counted more than the giver could write before it was killed: told while both stay
  // joined.
  auto more = taken;
  more.bytes += 1000;
  more.last_at = runtime::unix_ms();
  caf::anon_send(a.names, ledger_enter{{more}});
  for (int i = 0; i < 20; ++i) caf::anon_send(a.handler, handler_tick{});
  CHECK(eventually([&] { return b.ledger().front().bytes == more.bytes; }));
}

TEST_CASE("a source without progress is replaced by the next") {
  runtime::world w;
  auto impatient = only_what_clients_read();
  impatient.no_progress = 1s;
  impatient.first_delivery = 1s;
  scripted_node node(w, "here", {"red", "blue", "green"}, impatient);
  auto& red = *node.overlays["red"];
  red.sources = 0;
  for (const auto* overlay : {"blue", "green"}) {
    node.overlays[overlay]->content->content = sample(1000);
  }
  node.overlays["blue"]->sources = 50; // preferred
  node.overlays["blue"]->content->stalls = true;
  const auto sought = scripted_record("red", 1, 1000);
  REQUIRE(node.link({sought, scripted_record("blue", 2, 1000), scripted_record("green", 3, 1000)}));
  red.demand(sought.name);
  REQUIRE(eventually([&] { return bool(red.last_served()); }));
  const auto got = read(w, red.last_served(), {0, 1000}, 20'000);
  REQUIRE(got);
  CHECK(node.overlays["blue"]->content->reads == 1);
  CHECK(node.overlays["green"]->content->reads == 1);
}
