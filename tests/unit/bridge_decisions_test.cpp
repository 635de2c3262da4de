#include "actors/bridge/delivery.hpp"
#include "actors/bridge/demand_desk.hpp"
#include "actors/bridge/limits.hpp"
#include "actors/bridge/status_board.hpp"
#include "tests/catch.hpp"

using namespace interswarm::bridge;
using namespace std::chrono_literals;

namespace {

const instant start = instant{} + 1000s;

} // namespace

TEST_CASE(
    "a measured fast domain is preferred, and a failing one falls behind until its failures fade") {
  status_board board{policy{}};
  const std::vector<candidate> offers{{"a", "x", 1, 0, 0, false}, {"b", "x", 1, 0, 0, false}};
  CHECK(board.rank(offers, start) == std::vector<std::size_t>{0, 1});
  board.delivered("b", "x", 100'000'000, 1s);
  CHECK(board.rank(offers, start) == std::vector<std::size_t>{1, 0});
  for (int i = 0; i < 8; ++i) board.failed("b", "x", start);
  CHECK(board.rank(offers, start) == std::vector<std::size_t>{0, 1});
  CHECK(board.rank(offers, start + 10min) == std::vector<std::size_t>{1, 0});
}

TEST_CASE("policy is data: price, load and locality decide as they are weighted") {
  policy cheap;
  cheap.price_weight = 100;
  const std::vector<candidate> offers{{"a", "x", 50, 0, 5.0, true}, {"b", "x", 1, 0.9, 0.0, false}};
  CHECK(status_board{cheap}.rank(offers, start).front() == 1);
  policy indifferent;
  indifferent.price_weight = 0;
  CHECK(status_board{indifferent}.rank(offers, start).front() == 0);
}

TEST_CASE("an overlay without enough sources is not offered") {
  policy p;
  p.min_sources = 2;
  CHECK(status_board{p}.rank({{"a", "x", 1, 0, 0, true}}, start).empty());
}

TEST_CASE("the board does not grow with the names that neighbours invent") {
  status_board board{policy{}};
  for (std::size_t i = 0; i < limits::max_measured + 10; ++i)
    board.failed(std::to_string(i), "x", start);
  std::size_t known = 0;
  for (std::size_t i = 0; i < limits::max_measured + 10; ++i) {
    known += board.look(std::to_string(i), "x").failures > 0 ? 1 : 0;
  }
  CHECK(known == limits::max_measured);
}

TEST_CASE("a demand is resolved once, kept while it lasts and closed when nobody wants it") {
  demand_desk desk{policy{}};
  CHECK(desk.demand("n", 0, start) == demand_action::resolve);
  CHECK(desk.demand("n", 0, start) == demand_action::wait);
  desk.resolved("n", start);
  CHECK(desk.demand("n", 0, start + 30s) == demand_action::keep);
  CHECK(desk.stale(start + 89s).empty());
  CHECK(desk.stale(start + 90s) == std::vector<std::string>{"n"});
  desk.used("n", start + 100s);
  CHECK(desk.stale(start + 120s).empty());
  desk.closed("n");
  CHECK_FALSE(desk.serving("n"));
}

TEST_CASE("a swarm with sources of its own is left alone, but one that we feed is not cut off") {
  demand_desk desk{policy{}};
  CHECK(desk.demand("n", 1, start) == demand_action::enough);
  CHECK(desk.demand("n", 0, start) == demand_action::resolve);
  desk.resolved("n", start);
  CHECK(desk.demand("n", 3, start) == demand_action::keep);
}

TEST_CASE("a refusal is remembered for a while, and only so many are") {
  policy p;
  demand_desk desk{p};
  CHECK(desk.demand("n", 0, start) == demand_action::resolve);
  desk.refused("n", start);
  auto now = start;
  auto life = p.first_refusal;
  for (int i = 0; i < 20; ++i) {
    CHECK(desk.demand("n", 0, now + life - 1s) == demand_action::refused);
    now += life;
    CHECK(desk.demand("n", 0, now) == demand_action::resolve);
    desk.refused("n", now);
    life = std::min(2 * life, p.refusal_life);
  }
  CHECK(desk.demand("n", 0, now + p.refusal_life) == demand_action::resolve);
  desk.resolved("n", now);
  desk.closed("n");
  CHECK(desk.demand("n", 0, now) == demand_action::resolve);
  desk.refused("n", now);
  CHECK(desk.demand("n", 0, now + p.first_refusal) == demand_action::resolve); // as at first
  desk.refused("n", start);
  for (std::size_t i = 0; i < limits::max_refusals; ++i)
    desk.refused("x" + std::to_string(i), start);
  CHECK(desk.demand("n", 0, start) == demand_action::resolve);
}

TEST_CASE("a refused name is tried again by itself while it is sought") {
  policy p;
  demand_desk desk{p};
  desk.demand("n", 0, start);
  desk.refused("n", start);
  CHECK(desk.retry(start + p.first_refusal - 1ms).empty());
  CHECK(desk.retry(start + p.first_refusal) == std::vector<std::string>{"n"});
  CHECK(desk.retry(start + p.first_refusal).empty()); // in work
  desk.refused("n", start + p.first_refusal);
  CHECK(desk.demand("n", 0, start + 5s) == demand_action::refused); // still sought
  CHECK(desk.retry(start + 6s) == std::vector<std::string>{"n"});
  desk.refused("n", start + 6s);
  CHECK(desk.retry(start + 30s).empty()); // nobody asked since
}

TEST_CASE("a name that is news is asked for often, and what was refused before counts no more") {
  policy p;
  demand_desk desk{p};
  for (int i = 0; i < 6; ++i) desk.refused("n", start);
  CHECK(desk.demand("n", 0, start + p.refusal_life - 1s) == demand_action::refused);
  auto now = start + 10s;
  desk.changed("n", now);
  CHECK(desk.demand("n", 0, now) == demand_action::resolve);
  desk.refused("n", now);
  CHECK(desk.demand("n", 0, now + p.first_refusal) == demand_action::resolve);
  while (now < start + 129s) {
    desk.refused("n", now);
    CHECK(desk.demand("n", 0, now + 2 * p.first_refusal - 1ms) == demand_action::refused);
    now += 2 * p.first_refusal;
    CHECK(desk.demand("n", 0, now) == demand_action::resolve);
  }
  now = start + 130s;
  desk.refused("n", now);
  CHECK(desk.demand("n", 0, now + 2 * p.first_refusal) == demand_action::refused);
  CHECK(desk.demand("n", 0, now + 4 * p.first_refusal) == demand_action::resolve);
  // Newer ones push it out.
  desk.changed("m", now);
  desk.refused("m", now);
  for (std::size_t i = 0; i < limits::news_names; ++i) desk.changed("y" + std::to_string(i), now);
  for (int i = 0; i < 6; ++i) desk.refused("m", now);
  CHECK(desk.demand("m", 0, now + 4 * p.first_refusal) == demand_action::refused);
  // News that nobody seeks makes no question.
  desk.changed("unsought", now);
  const auto again = desk.retry(now);
  CHECK(std::find(again.begin(), again.end(), "unsought") == again.end());
  // What is still sought is tried again at once when its name is told.
  desk.refused("sought", now);
  CHECK(desk.retry(now).empty());
  desk.changed("sought", now);
  CHECK(desk.retry(now) == std::vector<std::string>{"sought"});
}

TEST_CASE("only so many demands are in work at once") {
  demand_desk desk{policy{}};
  for (std::size_t i = 0; i < limits::max_demands_in_work; ++i) {
    CHECK(desk.demand(std::to_string(i), 0, start) == demand_action::resolve);
  }
  CHECK(desk.demand("one more", 0, start) == demand_action::wait);
  desk.refused("0", start);
  CHECK(desk.demand("one more", 0, start) == demand_action::resolve);
}

TEST_CASE("a message is handled once") {
  demand_desk desk{policy{}};
  CHECK(desk.first_time(7));
  CHECK_FALSE(desk.first_time(7));
  for (std::uint64_t i = 0; i < limits::max_seen_messages; ++i) CHECK(desk.first_time(1000 + i));
  CHECK(desk.first_time(7));
}

TEST_CASE("a source that delivers slowly is not replaced while bytes come to it") {
  policy p;
  delivery d{p};
  d.offered(2, start);
  d.asked(start);
  for (auto at = start; at < start + 5min; at += 5s) {
    d.progressed(at);
    CHECK(d.tick(at + 4s) == delivery_step::stay);
  }
  CHECK(d.tick(start + 6min) == delivery_step::switched);
}

TEST_CASE("a source without progress is replaced, and then others are asked for") {
  policy p;
  delivery d{p};
  d.offered(2, start);
  d.asked(start);
  CHECK(d.tick(start + p.first_delivery - 1s) == delivery_step::stay);
  d.asked(start + 5s);
  d.answered(16384, start + 9s);
  CHECK(d.tick(start + p.no_progress) == delivery_step::stay);
  CHECK(d.tick(start + 9s + p.no_progress) == delivery_step::switched);
  CHECK(d.current() == 1u);
  d.asked(start + 30s);
  CHECK(d.tick(start + 30s + p.no_progress) == delivery_step::stay); // a newcomer waits
  CHECK(d.failed(true, start + 41s) == delivery_step::resolve);
  CHECK_FALSE(d.current());
}

TEST_CASE("an idle source is never blamed") {
  delivery d{policy{}};
  d.offered(1, start);
  CHECK(d.tick(start + 10min) == delivery_step::stay);
  d.asked(start + 10min);
  CHECK(d.tick(start + 10min + 5s) == delivery_step::stay);
}

TEST_CASE("a source that fails or lies repeatedly is replaced, one slip is forgiven") {
  delivery d{policy{}};
  d.offered(2, start);
  d.asked(start);
  CHECK(d.failed(false, start) == delivery_step::stay);
  d.asked(start);
  d.answered(1, start);
  CHECK(d.failed(false, start) == delivery_step::stay);
  CHECK(d.failed(false, start) == delivery_step::stay);
  CHECK(d.failed(false, start) == delivery_step::switched);
  CHECK(d.mismatched(start) == delivery_step::stay);
  CHECK(d.mismatched(start) == delivery_step::stay);
  CHECK(d.mismatched(start) == delivery_step::resolve);
}
