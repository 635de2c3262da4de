#include "actors/overlays/ppsp/chunk_picker.hpp"
#include "tests/catch.hpp"

using namespace interswarm;
using namespace interswarm::ppsp;
using namespace std::chrono_literals;
using runs = std::vector<chunk_range>;
using tier = chunk_picker::tier;

TEST_CASE("ppsp picker: nothing is asked for that nobody wants or the peer lacks") {
  chunk_picker p;
  p.add_peer(1);
  p.peer_has(1, {0, 100});
  CHECK(p.assign(1, 10, 0s, 1s).empty());
  p.want({90, 120}, tier::asked);
  CHECK(p.assign(1, 100, 0s, 1s) == runs{{90, 100}});
  CHECK(p.assign(1, 100, 0s, 1s).empty());
  CHECK(p.under_way(1) == 10);
  p.hold({90, 95});
  CHECK(p.under_way(1) == 5);
  CHECK(p.assign(2, 10, 0s, 1s).empty());
}

TEST_CASE("ppsp picker: urgent chunks come first and in order, the others rarest first") {
  chunk_picker p;
  for (const peer_number n : {1, 2, 3}) p.add_peer(n);
  p.peer_has(1, {0, 1000});
  p.peer_has(2, {0, 640});
  p.peer_has(3, {0, 128});
  p.want({0, 1000}, tier::asked);
  p.want({200, 210}, tier::urgent);
  p.want({190, 195}, tier::urgent);
  CHECK(p.assign(1, 20, 0s, 1s) == runs{{190, 195}, {200, 210}, {640, 645}});
  CHECK(p.assign(1, 80, 0s, 1s) == runs{{645, 704}, {704, 725}});
  CHECK(p.assign(2, 10, 0s, 1s) == runs{{128, 138}});
}

TEST_CASE("ppsp picker: a chunk is asked of one peer, late urgent ones of a second") {
  chunk_picker p;
  p.add_peer(1);
  p.add_peer(2);
  p.peer_has(1, {0, 10});
  p.peer_has(2, {0, 10});
  p.want({0, 4}, tier::urgent);
  p.want({4, 10}, tier::asked);
  CHECK(p.assign(1, 100, 0s, 1s) == runs{{0, 4}, {4, 10}});
  CHECK(p.assign(2, 100, 100ms, 1s).empty());
  CHECK(p.assign(2, 100, 600ms, 2s) == runs{{0, 4}});
  CHECK(p.owing({0, 1}, 2) == std::vector<peer_number>{1});
  p.hold({0, 4});
  CHECK(p.under_way(1) == 6);
  CHECK(p.under_way(2) == 0);
  CHECK(p.next_late() == 1s);
  CHECK(p.late(999ms).empty());
  CHECK(p.late(1s) == std::vector<std::pair<peer_number, std::uint64_t>>{{1, 6}});
  CHECK(p.assign(2, 100, 1s, 2s) == runs{{4, 10}});
}

TEST_CASE("ppsp picker: what a peer that goes or chokes owed is asked of others") {
  chunk_picker p;
  p.add_peer(1);
  p.add_peer(2);
  p.peer_has(1, {0, 10});
  p.peer_has(2, {0, 10});
  p.want({0, 10}, tier::asked);
  CHECK(p.assign(1, 5, 0s, 1s) == runs{{0, 5}});
  p.release(1);
  CHECK(p.assign(2, 5, 0s, 1s) == runs{{0, 5}});
  p.remove_peer(2);
  CHECK(p.assign(1, 10, 0s, 1s) == runs{{0, 10}});
}

TEST_CASE("ppsp picker: what is held is not wanted, what is lost may be again") {
  chunk_picker p;
  p.add_peer(1);
  p.peer_has(1, {0, 10});
  p.hold({0, 5});
  p.want({0, 6}, tier::urgent);
  CHECK(p.assign(1, 10, 0s, 1s) == runs{{5, 6}});
  p.hold({5, 6});
  CHECK_FALSE(p.wants_anything());
  p.lose({2, 3});
  p.want({0, 6}, tier::asked);
  CHECK(p.assign(1, 10, 0s, 1s) == runs{{2, 3}});
  p.unwant({0, 6});
  CHECK_FALSE(p.wants_anything());
  p.peer_dropped(1, 8);
  p.want({7, 9}, tier::asked);
  CHECK(p.assign(1, 10, 0s, 1s) == runs{{8, 9}});
}
