#include "actors/overlays/bittorrent/registrar_desk.hpp"
#include "tests/catch.hpp"

using namespace interswarm;
using namespace interswarm::bittorrent;

namespace {

info_hash name(byte n) {
  info_hash out{};
  out.fill(n);
  return out;
}

struct desk_fixture {
  registrar_timing timing;
  std::uint64_t now_ms = 1'000'000;
  registrar_desk desk{timing, own(), true};

  static registrar_desk::self own() {
    registrar_desk::self s;
    s.id.fill('i');
    s.key = 99;
    s.port = 6881;
    s.addresses = {*ip_address::parse("192.0.2.1")};
    return s;
  }
  /// Takes news of which exactly one is a task.
  registrar_desk::task one_task() {
    auto n = desk.take(now_ms);
    REQUIRE(n.tasks.size() == 1);
    return n.tasks[0];
  }
  static announce_response good(std::uint32_t interval_s = 600) {
    announce_response r;
    r.interval_s = interval_s;
    r.seeders = 1;
    r.leechers = 2;
    r.peers = {{*endpoint::parse("192.0.2.1:6881"), {}}, {*endpoint::parse("192.0.2.9:6881"), {}}};
    return r;
  }
  void pass_s(std::uint64_t s) { now_ms += s * 1000; }
};

} // namespace

TEST_CASE("registrar desk: an entry is started, repeated and stopped") {
  desk_fixture f;
  f.desk.enter(name(1), 0, f.now_ms);
  auto t = f.one_task();
  CHECK(t.announce.event == announce_event::started);
  CHECK(t.announce.left == 0);
  CHECK(t.announce.port == 6881);
  CHECK(t.announce.key == 99);
  CHECK(f.desk.take(f.now_ms).tasks.empty());
  CHECK_FALSE(f.desk.standing_of(name(1)).in_force);
  f.desk.announced(t.id, f.good(), f.now_ms);
  const auto news = f.desk.take(f.now_ms);
  REQUIRE(news.outcomes.size() == 1);
  CHECK_FALSE(news.outcomes[0].failure);
  CHECK(f.desk.standing_of(name(1)).in_force);
  REQUIRE(f.desk.peers_of(name(1)).size() == 1); // without ourselves
  CHECK(f.desk.peers_of(name(1))[0].address.to_string() == "192.0.2.9:6881");
  CHECK(f.desk.status_of(name(1)).seeders == 0); // the one seed is us
  CHECK(f.desk.status_of(name(1)).own == 1);

  f.pass_s(599);
  CHECK(f.desk.take(f.now_ms).tasks.empty());
  f.pass_s(1);
  t = f.one_task();
  CHECK(t.announce.event == announce_event::none);
  f.desk.announced(t.id, f.good(), f.now_ms);
  f.desk.enter(name(1), 0, f.now_ms); // a second holder
  f.desk.withdraw(name(1), f.now_ms);
  CHECK(f.desk.take(f.now_ms).tasks.empty());
  f.desk.withdraw(name(1), f.now_ms);
  t = f.one_task();
  CHECK(t.announce.event == announce_event::stopped);
  CHECK(t.announce.want == 0);
  f.desk.announced(t.id, f.good(), f.now_ms);
  f.pass_s(10'000);
  CHECK(f.desk.take(f.now_ms).tasks.empty());
}

TEST_CASE("registrar desk: completed is said once, and only for what was finished while entered") {
  desk_fixture f;
  f.desk.enter(name(1), 100, f.now_ms);
  auto t = f.one_task();
  f.desk.announced(t.id, f.good(), f.now_ms);
  f.desk.enter(name(1), 0, f.now_ms);
  t = f.one_task();
  CHECK(t.announce.event == announce_event::completed);
  f.desk.announced(t.id, f.good(), f.now_ms);
  f.pass_s(600);
  CHECK(f.one_task().announce.event == announce_event::none);
}

TEST_CASE("registrar desk: intervals are the tracker's, within bounds") {
  desk_fixture f;
  const auto next_after = [&](announce_response r) {
    desk_fixture g;
    g.desk.enter(name(1), 0, g.now_ms);
    g.desk.announced(g.one_task().id, r, g.now_ms);
    g.desk.take(g.now_ms);
    for (std::uint64_t s = 1; s < 10'000; ++s) {
      g.pass_s(1);
      if (!g.desk.take(g.now_ms).tasks.empty()) return s;
    }
    return std::uint64_t{0};
  };
  CHECK(next_after(f.good(0)) == 1800);
  CHECK(next_after(f.good(1)) == 15);
  CHECK(next_after(f.good(100'000)) == 7200);
  auto slow = f.good(60);
  slow.min_interval_s = 300;
  CHECK(next_after(slow) == 300);
}

TEST_CASE("registrar desk: a refusal is denied, retried when the tracker says so") {
  desk_fixture f;
  f.desk.enter(name(1), 0, f.now_ms);
  announce_response no;
  no.failure = tracker_failure{"unregistered", 2, false};
  f.desk.announced(f.one_task().id, no, f.now_ms);
  auto news = f.desk.take(f.now_ms);
  REQUIRE(news.outcomes.size() == 1);
  CHECK(news.outcomes[0].failure->code == errc::denied);
  CHECK(news.status_line.empty()); // the tracker itself is well
  CHECK(f.desk.standing_of(name(1)).note == "unregistered");
  f.pass_s(119);
  CHECK(f.desk.take(f.now_ms).tasks.empty());
  f.pass_s(1);
  const auto again = f.one_task();
  CHECK(again.announce.event == announce_event::started);
  no.failure->never = true;
  f.desk.announced(again.id, no, f.now_ms);
  f.pass_s(1'000'000);
  CHECK(f.desk.take(f.now_ms).tasks.empty());
}

TEST_CASE("registrar desk: an unreachable tracker is one line, tried with growing pauses by one "
          "request") {
  desk_fixture f;
  for (byte i = 1; i <= 5; ++i) f.desk.enter(name(i), 0, f.now_ms);
  auto news = f.desk.take(f.now_ms);
  REQUIRE(news.tasks.size() == 5);
  for (const auto& t : news.tasks) f.desk.failed(t.id, "connection refused", f.now_ms);
  news = f.desk.take(f.now_ms);
  CHECK(news.status_line == "cannot be reached: connection refused");
  CHECK(news.outcomes.size() == 5);
  CHECK(news.outcomes[0].failure->code == errc::unavailable);
  CHECK_FALSE(f.desk.reachable());
  std::vector<std::uint64_t> pauses;
  auto last = f.now_ms;
  while (pauses.size() < 4) {
    f.pass_s(1);
    news = f.desk.take(f.now_ms);
    CHECK(news.status_line.empty());
    if (news.tasks.empty()) continue;
    REQUIRE(news.tasks.size() == 1);
    pauses.push_back((f.now_ms - last) / 1000);
    last = f.now_ms;
    f.desk.failed(news.tasks[0].id, "connection refused", f.now_ms);
  }
  CHECK(std::is_sorted(pauses.begin(), pauses.end()));
  CHECK(pauses.back() == 300);
  f.desk.take(f.now_ms);
  f.desk.seek(name(9), 50, f.now_ms); // fails at once instead of waiting
  news = f.desk.take(f.now_ms);
  REQUIRE(news.outcomes.size() == 1);
  CHECK(news.outcomes[0].failure->code == errc::unavailable);
  f.pass_s(300);
  f.desk.announced(f.one_task().id, f.good(), f.now_ms);
  news = f.desk.take(f.now_ms);
  CHECK(news.status_line == "can be reached again");
  CHECK(news.tasks.size() >= 4);
}

TEST_CASE(
    "registrar desk: seeking enters us as a seeker for a while and uses young answers again") {
  desk_fixture f;
  f.desk.seek(name(1), 30, f.now_ms);
  auto t = f.one_task();
  CHECK(t.announce.event == announce_event::started);
  CHECK(t.announce.left > 0);
  CHECK(t.announce.want == 30);
  f.desk.announced(t.id, f.good(1200), f.now_ms);
  CHECK(f.desk.take(f.now_ms).outcomes.size() == 1);
  CHECK(f.desk.status_of(name(1)).leechers == 1); // not ourselves
  f.pass_s(10);
  f.desk.seek(name(1), 30, f.now_ms);
  auto news = f.desk.take(f.now_ms);
  CHECK(news.tasks.empty());
  CHECK(news.outcomes.size() == 1);
  f.pass_s(10);
  f.desk.seek(name(1), 30, f.now_ms);
  t = f.one_task();
  CHECK(t.announce.event == announce_event::none);
  f.desk.announced(t.id, f.good(1200), f.now_ms);
  f.desk.take(f.now_ms);
  f.pass_s(601);
  CHECK(f.one_task().announce.event == announce_event::stopped);
}

TEST_CASE("registrar desk: followed names are scraped in batches and give demand") {
  desk_fixture f;
  std::vector<info_hash> names;
  for (byte i = 0; i < 120; ++i) names.push_back(name(i));
  f.desk.follow(names, f.now_ms);
  auto news = f.desk.take(f.now_ms);
  REQUIRE(news.tasks.size() == 3);
  CHECK(news.tasks[0].names.size() == 50);
  CHECK(news.tasks[2].names.size() == 20);
  scrape_response r;
  r.entries = {{name(3), 0, 7, 2}, {name(4), 1, 3, 5}, {name(5), 0, 0, 0}, {name(200), 0, 0, 9}};
  f.desk.scraped(news.tasks[0].id, r, f.now_ms);
  const auto told = f.desk.take(f.now_ms);
  REQUIRE(told.demands.size() == 1);
  CHECK(told.demands[0].hash == name(3));
  CHECK(told.demands[0].leechers == 2);
  CHECK(told.demands[0].completed == 7);
  CHECK_FALSE(f.desk.status_of(name(200)).known); // nobody asked for it
  for (std::size_t i = 1; i < 3; ++i) f.desk.scraped(news.tasks[i].id, {}, f.now_ms);
  f.pass_s(29);
  CHECK(f.desk.take(f.now_ms).tasks.empty());
  f.pass_s(1);
  news = f.desk.take(f.now_ms);
  CHECK(news.tasks.size() == 3);
  r.min_interval_s = 100;
  for (const auto& t : news.tasks) f.desk.scraped(t.id, r, f.now_ms);
  CHECK(f.desk.take(f.now_ms).demands.size() == 1); // it lasts
  f.pass_s(99);
  CHECK(f.desk.take(f.now_ms).tasks.empty());
  f.pass_s(1);
  CHECK(f.desk.take(f.now_ms).tasks.size() == 3);
}

TEST_CASE(
    "registrar desk: parties that come complete without a download are suspected of seeking") {
  // aria2 with nothing but a magnet link announces left=0.
  desk_fixture f;
  f.desk.follow({name(1), name(2)}, f.now_ms);
  const auto round = [&](std::vector<scrape_entry> entries) {
    scrape_response r;
    r.entries = std::move(entries);
    auto news = f.desk.take(f.now_ms);
    REQUIRE(news.tasks.size() == 1);
    f.desk.scraped(news.tasks[0].id, r, f.now_ms);
    f.pass_s(30);
    return f.desk.take(f.now_ms - 1).demands;
  };
  CHECK(round({{name(2), 1, 4, 0}}).empty()); // others completed before: believed
  auto told = round({{name(1), 1, 0, 0}, {name(2), 1, 4, 0}});
  REQUIRE(told.size() == 1);
  CHECK(told[0].hash == name(1));
  CHECK(told[0].seeders == 0);
  CHECK(told[0].leechers == 1);
  CHECK(f.desk.status_of(name(1)).seeders == 1); // as the tracker says, for all else
  CHECK(round({{name(1), 1, 0, 0}, {name(2), 1, 4, 0}}).size() == 1);
  CHECK(round({{name(1), 0, 0, 1}, {name(2), 2, 5, 0}}).size() ==
        1);                                                       // it has its metadata: a leecher
  CHECK(round({{name(1), 1, 1, 0}, {name(2), 2, 5, 0}}).empty()); // and finished
  for (int i = 0; i < 3; ++i) round({{name(1), 5, 1, 0}, {name(2), 2, 5, 0}});
  f.pass_s(601);
  CHECK(round({{name(1), 5, 1, 0}}).empty());
}

TEST_CASE("registrar desk: names that were followed a moment ago are looked at more often") {
  desk_fixture f;
  f.desk.follow({name(1)}, f.now_ms);
  f.desk.scraped(f.one_task().id, {}, f.now_ms);
  f.pass_s(1);
  f.desk.follow({name(1), name(2)}, f.now_ms);
  std::size_t looks = 0;
  for (int s = 0; s < 240; ++s) {
    for (const auto& t : f.desk.take(f.now_ms).tasks) {
      looks += t.names == std::vector<info_hash>{name(2)} ? 1 : 0;
      f.desk.scraped(t.id, {}, f.now_ms);
    }
    f.pass_s(1);
  }
  CHECK(looks == 25); // at once and every 5 s for two minutes
  // No more of them than fit one scrape.
  std::vector<info_hash> many;
  for (byte i = 0; i < 200; ++i) many.push_back(name(i));
  f.desk.follow(many, f.now_ms);
  std::size_t most = 0;
  for (const auto& t : f.desk.take(f.now_ms).tasks) most = std::max(most, t.names.size());
  CHECK(most == 50);
}

TEST_CASE("registrar desk: a seeker that was there before the first scrape is found, too") {
  desk_fixture f;
  f.desk.follow({name(1), name(2), name(3)}, f.now_ms);
  auto news = f.desk.take(f.now_ms);
  scrape_response r;
  r.entries = {{name(1), 1, 0, 0}, {name(2), 4, 0, 0}, {name(3), 1, 1, 0}};
  f.desk.scraped(news.tasks.at(0).id, r, f.now_ms);
  const auto told = f.desk.take(f.now_ms).demands;
  REQUIRE(told.size() == 1); // four at once are a swarm, and the third name's party completed
  CHECK(told[0].hash == name(1));
  f.pass_s(601);
  news = f.desk.take(f.now_ms);
  f.desk.scraped(news.tasks.at(0).id, r, f.now_ms);
  CHECK(f.desk.take(f.now_ms).demands.empty()); // it is a seed after all
}

TEST_CASE("registrar desk: a single look is a scrape of its own and always ends") {
  desk_fixture f;
  f.desk.look({name(1), name(2)}, f.now_ms);
  auto t = f.one_task();
  CHECK(t.names.size() == 2);
  scrape_response r;
  r.entries = {{name(1), 3, 0, 4}};
  f.desk.scraped(t.id, r, f.now_ms);
  CHECK(f.desk.take(f.now_ms).looked.size() == 2);
  CHECK(f.desk.status_of(name(1)).seeders == 3);
  CHECK_FALSE(f.desk.status_of(name(2)).known);
  f.desk.look({name(1)}, f.now_ms);
  f.desk.failed(f.one_task().id, "gone", f.now_ms);
  CHECK(f.desk.take(f.now_ms).looked.size() == 1);
  f.desk.look({name(1)}, f.now_ms); // closed: no question is asked
  const auto closed = f.desk.take(f.now_ms);
  CHECK(closed.tasks.empty());
  CHECK(closed.looked.size() == 1);
}

TEST_CASE("registrar desk: our own seed does not hide the demand of others") {
  desk_fixture f;
  f.desk.follow({name(1)}, f.now_ms);
  f.desk.enter(name(1), 0, f.now_ms);
  const auto news = f.desk.take(f.now_ms);
  REQUIRE(news.tasks.size() == 2);
  auto r = f.good();
  f.desk.announced(news.tasks[0].id, r, f.now_ms);
  CHECK(f.desk.take(f.now_ms).demands.size() == 1);
  r.seeders = 2;
  f.pass_s(600);
  for (const auto& t : f.desk.take(f.now_ms).tasks) {
    if (t.what == registrar_desk::kind::announce) f.desk.announced(t.id, r, f.now_ms);
  }
  CHECK(f.desk.take(f.now_ms).demands.empty());
}

TEST_CASE("registrar desk: who gives a content and seeks it as well is no seed meanwhile") {
  desk_fixture f;
  f.desk.enter(name(1), 0, f.now_ms);
  auto t = f.one_task();
  CHECK(t.announce.left == 0);
  auto answer = f.good();
  answer.peers.clear();
  f.desk.announced(t.id, answer, f.now_ms);
  f.desk.take(f.now_ms);
  // At once, though it announced a moment ago: a seed was told of no seeds.
  f.desk.seek(name(1), 50, f.now_ms);
  t = f.one_task();
  CHECK(t.announce.left > 0);
  CHECK(t.announce.event == announce_event::none);
  f.desk.announced(t.id, f.good(), f.now_ms);
  CHECK(f.desk.take(f.now_ms).outcomes.size() == 1);
  CHECK(f.desk.peers_of(name(1)).size() == 1);
  CHECK(f.desk.status_of(name(1)).seeders == 1); // we are the one of the two leechers
  CHECK(f.desk.status_of(name(1)).leechers == 1);
  // Not again and again.
  f.desk.seek(name(1), 50, f.now_ms);
  const auto news = f.desk.take(f.now_ms);
  CHECK(news.tasks.empty());
  CHECK(news.outcomes.size() == 1);
  // Another holder changes nothing.
  f.desk.enter(name(1), 0, f.now_ms);
  CHECK(f.desk.take(f.now_ms).tasks.empty());
  // A seed again once nobody seeks any more.
  f.pass_s(f.timing.seek_linger_s + 1);
  t = f.one_task();
  CHECK(t.announce.left == 0);
  CHECK(t.announce.event == announce_event::none);
}

TEST_CASE("registrar desk: what is found completely is told at once") {
  desk_fixture f;
  f.desk.enter(name(1), 100, f.now_ms);
  f.desk.announced(f.one_task().id, f.good(), f.now_ms);
  f.desk.seek(name(1), 50, f.now_ms);
  f.desk.take(f.now_ms);
  f.desk.enter(name(1), 0, f.now_ms);
  const auto t = f.one_task();
  CHECK(t.announce.event == announce_event::completed);
  CHECK(t.announce.left == 0);
}

TEST_CASE("registrar desk: leaving says goodbye to all, and lists are limited") {
  desk_fixture f;
  for (byte i = 1; i <= 3; ++i) f.desk.enter(name(i), 0, f.now_ms);
  for (const auto& t : f.desk.take(f.now_ms).tasks) f.desk.announced(t.id, f.good(), f.now_ms);
  f.desk.take(f.now_ms);
  f.desk.leave(f.now_ms);
  const auto news = f.desk.take(f.now_ms);
  REQUIRE(news.tasks.size() == 3);
  for (const auto& t : news.tasks) CHECK(t.announce.event == announce_event::stopped);

  desk_fixture many;
  for (std::uint32_t i = 0; i <= tracker_limits::announced_names; ++i) {
    info_hash h{};
    std::memcpy(h.data(), &i, sizeof i);
    many.desk.enter(h, 0, many.now_ms);
  }
  const auto full = many.desk.take(many.now_ms);
  CHECK(full.tasks.size() == tracker_limits::requests_in_flight);
  REQUIRE(full.outcomes.size() == 1);
  CHECK(full.outcomes[0].failure->code == errc::overloaded);
}
