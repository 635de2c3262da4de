// Finished programs among live peers: what their users do when, without any program.
#include "modes/compare/live/client_errands.hpp"
#include "tests/catch.hpp"
#include "tests/unit/compare_plans.hpp"

using namespace interswarm;
using namespace interswarm::compare;
using step = client_errands::step;
using kind = step::kind;

namespace {

/// One peer that holds content 0 and wants 1 at 5 s and 2 at 20 s; patience is 30 s.
struct one_user {
  plan p = empty_plan(1);
  std::vector<request_slot> slots{2};

  one_user() {
    for (int i = 0; i < 3; ++i) add_content(p, 1000);
    add_peer(p, 0, 1e6, 1e6, {0});
    p.patience = 30;
    add_request(p, 5, 0, 1);
    add_request(p, 20, 0, 2);
  }
  client_errands errands() { return {p, 0, slots}; }
};

std::string told(const std::vector<step>& steps) {
  static constexpr const char* names[] = {"hold", "start", "stop", "add", "drop"};
  std::string out;
  for (const auto& s : steps) {
    out += (out.empty() ? "" : " ") + std::string(names[static_cast<int>(s.what)]);
    if (s.what != kind::start && s.what != kind::stop) out += std::to_string(s.content);
  }
  return out;
}

} // namespace

TEST_CASE("live client: it joins before the clock starts, and wants only behind that") {
  one_user u;
  add_request(u.p, 0, 0, 1);
  u.slots = std::vector<request_slot>(3);
  auto e = u.errands();
  CHECK(told(e.turn(0)) == "hold0 start add0");
  CHECK(told(e.turn(0)).empty());
  CHECK_FALSE(e.ready());
  e.look({{0, {1000, true, false}}}, 0);
  CHECK_FALSE(e.ready());
  e.look({{0, {1000, true, true}}}, 0);
  CHECK(e.ready());
  CHECK_FALSE(e.ready()); // said once
  CHECK(told(e.turn(0.1)) == "add1");
  CHECK(u.slots[0].state == request_state::running);
}

TEST_CASE("live client: a download moves, is compared and then offered") {
  one_user u;
  auto e = u.errands();
  e.turn(0);
  CHECK(told(e.turn(5)) == "add1");
  CHECK(e.look({{1, {0, false, false}}}, 6).empty());
  CHECK(u.slots[0].first_byte == never);
  CHECK(e.look({{1, {400, false, false}}}, 7).empty());
  CHECK(u.slots[0].first_byte == 7);
  CHECK(u.slots[0].received == 400);
  CHECK(e.look({{1, {1200, true, false}}}, 9) == std::vector<content_id>{1});
  CHECK(u.slots[0].received == 1000); // some came twice
  e.compared(1, true, 9);
  CHECK(u.slots[0].state == request_state::satisfied);
  CHECK(u.slots[0].finished == 9);
  // Whole once, and asked no more.
  CHECK(e.look({{1, {1200, true, false}}}, 10).empty());
}

TEST_CASE("live client: wrong bytes are no satisfied request") {
  one_user u;
  auto e = u.errands();
  e.turn(0);
  e.turn(5);
  e.look({{1, {1000, true, false}}}, 6);
  e.compared(1, false, 6);
  CHECK(u.slots[0].state == request_state::failed);
}

TEST_CASE("live client: what does not move is given up after its patience") {
  one_user u;
  auto e = u.errands();
  e.turn(0);
  e.turn(5);
  e.look({{1, {10, false, false}}}, 15);
  CHECK(told(e.turn(20)) == "add2");
  CHECK(told(e.turn(44)).empty());
  CHECK(told(e.turn(45)) == "drop1");
  CHECK(u.slots[0].state == request_state::failed);
  CHECK(u.slots[0].finished == 45);
  CHECK(u.slots[1].state == request_state::running);
  CHECK(told(e.turn(50)) == "drop2");
}

TEST_CASE("live client: who is away loses no patience and goes on with everything") {
  one_user u;
  u.p.peers[0].online = {{0, 6}, {100, never}};
  auto e = u.errands();
  e.turn(0);
  CHECK(told(e.turn(6)) == "add1 stop");
  CHECK(told(e.turn(60)).empty()); // wants 2 meanwhile
  CHECK(u.slots[1].state == request_state::running);
  CHECK(told(e.turn(100)) == "start add0 add1 add2");
  CHECK(told(e.turn(129)).empty());
  CHECK(told(e.turn(130)) == "drop1 drop2");
}

TEST_CASE("live client: events of others do not concern it") {
  one_user u;
  add_peer(u.p, 0, 1e6, 1e6, {1});
  add_request(u.p, 1, 1, 0);
  u.slots = std::vector<request_slot>(3);
  auto e = u.errands();
  e.turn(0);
  CHECK(told(e.turn(4)).empty());
  CHECK(told(e.turn(5)) == "add1");
  CHECK(u.slots[0].state == request_state::waiting);
  CHECK(u.slots[1].state == request_state::running);
}
