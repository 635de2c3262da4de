#include "actors/overlays/ppsp/tracker_book.hpp"
#include "actors/overlays/ppsp/tracker_limits.hpp"
#include "tests/catch.hpp"

#include <set>

using namespace interswarm;
using namespace interswarm::ppsp;

namespace {

constexpr std::uint64_t second = 1000;
const bytes swarm_a{0xAA, 0x01};
const bytes swarm_b{0xBB, 0x01};

const own_party own{"own-peer", {*endpoint::parse("0.0.0.0:7000")}};

struct fixture {
  explicit fixture(tracker_book_options o = {}) : book(o, own, {11, 12}) {}

  tracker_response ask(const std::string& peer, decltype(tracker_request::body) body,
                       const std::string& from, bool trusted = false,
                       std::vector<tracker_error> refused = {}) {
    tracker_request r{transaction.empty() ? std::to_string(++count) : transaction, peer,
                      std::move(body)};
    const auto a =
        book.answer(r, {*ip_address::parse(from), *ip_address::parse("192.0.2.200"), trusted},
                    refused, now, 0x1234'5678'9ABC'DEF0ull * ++count);
    CHECK(a.transaction_id == r.transaction_id);
    return a;
  }
  static connect_request actions(std::vector<swarm_action> list, const std::string& from,
                                 std::optional<peer_num> numbers = {}) {
    const auto at =
        endpoint::parse((from.find(':') == from.npos ? from : "[" + from + "]") + ":7001");
    return {numbers, {{*at}}, std::move(list)};
  }
  tracker_response join(const std::string& peer, const bytes& swarm, bool seeder,
                        const std::string& from) {
    return ask(peer, actions({{swarm_text(swarm), true, seeder}}, from), from);
  }
  tracker_response leave(const std::string& peer, const bytes& swarm, const std::string& from) {
    return ask(peer, actions({{swarm_text(swarm), false, false}}, from), from);
  }
  tracker_response find(const std::string& peer, const bytes& swarm, const std::string& from,
                        std::optional<peer_num> numbers = {}) {
    return ask(peer, find_request{swarm_text(swarm), numbers}, from);
  }
  tracker_response report(const std::string& peer, const std::string& from) {
    return ask(peer, stat_report{}, from);
  }

  tracker_book book;
  std::uint64_t now = 3'600'000;
  std::uint64_t count = 0;
  /// Every request's where it is set.
  std::string transaction;
};

std::string address_of(int i) {
  return "198.51." + std::to_string(i / 200) + "." + std::to_string(1 + i % 200);
}

std::set<std::string> ids(const tracker_response& r) {
  std::set<std::string> out;
  for (const auto& p : r.swarms.at(0).peers.value()) {
    CHECK(out.insert(p.peer_id).second);
    CHECK(p.addresses.size() == 1);
  }
  return out;
}

} // namespace

TEST_CASE("ppsp tracker book: a peer's way through all states") {
  fixture f;
  const auto state = [&] { return f.book.state_of("p"); };
  CHECK(f.find("p", swarm_a, "198.51.100.1").error == tracker_error::forbidden_action);
  CHECK(f.report("p", "198.51.100.1").error == tracker_error::forbidden_action);
  CHECK(f.leave("p", swarm_a, "198.51.100.1").error == tracker_error::forbidden_action);
  CHECK(state() == tracker_state::start);
  CHECK(f.book.totals().memory_bytes == 0);

  CHECK(f.join("p", swarm_a, false, "198.51.100.1").error == tracker_error::none);
  CHECK(state() == tracker_state::registered);
  f.now += f.book.options().init_timer_s * second - 1;
  f.book.sweep(f.now, 10);
  CHECK(state() == tracker_state::registered);
  CHECK(f.report("p", "198.51.100.1").error == tracker_error::none);
  CHECK(state() == tracker_state::tracking);
  for (int i = 0; i < 5; ++i) {
    f.now += f.book.options().track_timer_s * second - 1;
    f.book.sweep(f.now, 10);
    CHECK((i % 2 ? f.report("p", "198.51.100.1") : f.find("p", swarm_a, "198.51.100.1")).error ==
          tracker_error::none);
  }
  CHECK(f.leave("p", swarm_b, "198.51.100.1").error == tracker_error::forbidden_action);
  CHECK(state() == tracker_state::tracking);
  CHECK(f.leave("p", swarm_a, "198.51.100.1").error == tracker_error::none);
  CHECK(state() == tracker_state::terminated);
  CHECK(f.find("p", swarm_a, "198.51.100.1").error == tracker_error::forbidden_action);
  CHECK(f.report("p", "198.51.100.1").error == tracker_error::forbidden_action);
  CHECK(f.join("p", swarm_b, true, "198.51.100.1").error == tracker_error::none);
  CHECK(state() == tracker_state::registered);
  CHECK(f.join("p", swarm_a, true, "198.51.100.1").error == tracker_error::forbidden_action);

  f.now += f.book.options().init_timer_s * second;
  f.book.sweep(f.now, 10);
  f.book.sweep(f.now, 10);
  CHECK(state() == tracker_state::start);
  CHECK(f.book.totals().swarms == 0);
  CHECK(f.book.totals().memory_bytes == 0);
}

TEST_CASE("ppsp tracker book: a retry is answered alike and changes nothing") {
  fixture f;
  f.transaction = "12345";
  CHECK(f.join("s", swarm_a, true, "198.51.100.1").error == tracker_error::none);
  CHECK(f.join("s", swarm_a, true, "198.51.100.1").error == tracker_error::none);
  CHECK(f.book.state_of("s") == tracker_state::registered);
  CHECK(f.book.status(swarm_a).seeders == 1);
  f.report("s", "198.51.100.1");
  const auto swap = fixture::actions(
      {{swarm_text(swarm_a), false, true}, {swarm_text(swarm_b), true, true}}, "198.51.100.1");
  for (int i = 0; i < 3; ++i) {
    const auto r = f.ask("s", swap, "198.51.100.1");
    CHECK(r.error == tracker_error::none);
    REQUIRE(r.swarms.size() == 2);
    CHECK(r.swarms[0].result == 0);
    CHECK(r.swarms[1].result == 0);
  }
  CHECK(f.book.status(swarm_a).seeders == 0);
  CHECK(f.book.status(swarm_b).seeders == 1);
  for (int i = 0; i < 3; ++i)
    CHECK(f.leave("s", swarm_b, "198.51.100.1").error == tracker_error::none);
  CHECK(f.book.state_of("s") == tracker_state::terminated);
  // The same text for another action is no retry.
  CHECK(f.join("s", swarm_a, true, "198.51.100.1").error == tracker_error::none);
  CHECK(f.book.state_of("s") == tracker_state::registered);
  f.transaction = "2";
  CHECK(f.join("s", swarm_a, true, "198.51.100.1").error == tracker_error::forbidden_action);
}

TEST_CASE("ppsp tracker book: a leech that completes seeds on") {
  fixture f;
  f.join("p", swarm_a, false, "198.51.100.1");
  const auto r = f.ask(
      "p",
      fixture::actions({{swarm_text(swarm_a), true, true}, {swarm_text(swarm_a), false, false}},
                       "198.51.100.1"),
      "198.51.100.1");
  CHECK(r.error == tracker_error::none);
  const auto s = f.book.status(swarm_a);
  CHECK(s.seeders == 1);
  CHECK(s.sources == 1);
  CHECK(s.leechers == 0);
  CHECK(s.completed == 1);
}

TEST_CASE("ppsp tracker book: a group is others of the swarm, as many as wanted") {
  fixture f;
  for (int i = 0; i < 100; ++i)
    f.join("p" + std::to_string(i), i % 10 == 9 ? swarm_b : swarm_a, i % 2 == 0, address_of(i));
  const auto leech = ids(f.join("leech", swarm_a, false, "203.0.113.1"));
  CHECK(leech.size() == f.book.options().default_want);
  std::size_t seeders = 0;
  for (const auto& id : leech) seeders += std::stoi(id.substr(1)) % 2 == 0;
  CHECK(seeders == 10);
  for (int i = 0; i < 50; ++i) {
    const auto some = ids(f.find("leech", swarm_a, "203.0.113.1", peer_num{5, {}, {}, {}, {}}));
    CHECK(some.size() == 5);
    CHECK_FALSE(some.contains("leech"));
    for (const auto& id : some) CHECK(std::stoi(id.substr(1)) % 10 != 9);
  }
  // A seeder is given leeches, and only where it asks.
  const auto quiet = f.join("seed", swarm_a, true, "203.0.113.2");
  CHECK_FALSE(quiet.swarms.at(0).peers);
  for (const auto& id : ids(f.find("seed", swarm_a, "203.0.113.2")))
    CHECK((id == "leech" || std::stoi(id.substr(1)) % 2 == 1));
  CHECK(f.find("seed", swarm_b, "203.0.113.2").error == tracker_error::forbidden_action);
  CHECK(ids(f.find("seed", swarm_a, "203.0.113.2", peer_num{0, {}, {}, {}, {}})).empty());
}

TEST_CASE("ppsp tracker book: NAT abilities and address families decide who is given") {
  fixture f;
  const auto with = [](nat_ability n) { return peer_num{2, n, {}, {}, {}}; };
  const auto enter = [&](const std::string& id, const std::string& from, nat_ability n) {
    return f.ask(id, fixture::actions({{swarm_text(swarm_a), true, false}}, from, with(n)), from);
  };
  for (int i = 0; i < 6; ++i) enter("turn" + std::to_string(i), address_of(i), nat_ability::turn);
  enter("open", "198.51.100.7", nat_ability::no_nat);
  enter("six", "2001:db8::1", nat_ability::no_nat);
  for (int i = 0; i < 20; ++i) {
    f.now += second;
    const auto r = ids(f.find("turn0", swarm_a, address_of(0), with(nat_ability::turn)));
    CHECK(r.size() == 2);
    CHECK(r.contains("open"));
    CHECK_FALSE(r.contains("six"));
  }
  CHECK(ids(f.find("six", swarm_a, "2001:db8::1")).empty());
  // Who has both families is given both.
  connect_request both{peer_num{29, nat_ability::no_nat, {}, {}, {}},
                       {{*endpoint::parse("203.0.113.5:1")}, {*endpoint::parse("[2001:db8::5]:1")}},
                       {{swarm_text(swarm_a), true, false}}};
  CHECK(ids(f.ask("both", both, "203.0.113.5")).size() == 8);
}

TEST_CASE("ppsp tracker book: nobody acts for a peer from another address, but who proves it is") {
  fixture f;
  f.join("p", swarm_a, false, "198.51.100.1");
  f.report("p", "198.51.100.1");
  CHECK(f.leave("p", swarm_a, "203.0.113.66").error == tracker_error::forbidden_action);
  CHECK(f.report("p", "203.0.113.66").error == tracker_error::forbidden_action);
  CHECK(f.find("p", swarm_a, "203.0.113.66").error == tracker_error::forbidden_action);
  CHECK(f.join("own-peer", swarm_a, true, "203.0.113.66").error == tracker_error::forbidden_action);
  CHECK(f.book.status(swarm_a).leechers == 1);
  const auto moved = fixture::actions({{swarm_text(swarm_b), true, false}}, "203.0.113.66");
  CHECK(f.ask("p", moved, "203.0.113.66", true).error == tracker_error::none);
  CHECK(f.report("p", "203.0.113.66").error == tracker_error::none);
  CHECK(f.report("p", "198.51.100.1").error == tracker_error::forbidden_action);
  // Of IPv6 the network counts.
  f.join("six", swarm_a, false, "2001:db8:0:1::1");
  CHECK(f.report("six", "2001:db8:0:1::2").error == tracker_error::none);
  CHECK(f.report("six", "2001:db8:0:2::1").error == tracker_error::forbidden_action);
}

TEST_CASE("ppsp tracker book: a claimed address of a third party reaches nobody") {
  fixture f;
  f.ask("liar", fixture::actions({{swarm_text(swarm_a), true, true}}, "203.0.113.66"),
        "198.51.100.1");
  const auto r = f.join("leech", swarm_a, false, "198.51.100.2");
  REQUIRE(r.swarms.at(0).peers->size() == 1);
  CHECK(r.swarms[0].peers->at(0).addresses[0].at.to_string() == "198.51.100.1:7001");
  std::vector<tracker_book::found_peer> found;
  f.book.find(swarm_a, 10, 5, found);
  REQUIRE(found.size() == 2);
  CHECK(found[0].at.to_string() == "198.51.100.1:7001");
}

TEST_CASE("ppsp tracker book: this node's own peer is given, but is no source and is not found") {
  fixture f;
  REQUIRE(f.book.enter_own(swarm_a, true));
  const auto r = f.join("leech", swarm_a, false, "198.51.100.2");
  REQUIRE(r.swarms.at(0).peers->size() == 1);
  CHECK(r.swarms[0].peers->at(0).peer_id == "own-peer");
  CHECK(r.swarms[0].peers->at(0).addresses[0].at.to_string() == "192.0.2.200:7000");
  const auto s = f.book.status(swarm_a);
  CHECK(s.own);
  CHECK(s.seeders == 0);
  CHECK(s.sources == 0);
  CHECK(f.book.has_demands());
  std::vector<tracker_book::found_peer> found;
  f.book.find(swarm_a, 10, 5, found);
  REQUIRE(found.size() == 1);
  CHECK(found[0].peer_id == "leech");
  f.book.withdraw_own(swarm_a);
  CHECK(ids(f.find("leech", swarm_a, "198.51.100.2")).empty());
  CHECK(f.book.enter_own({}, true).error().code == errc::malformed);
}

TEST_CASE("ppsp tracker book: a swarm without sources is a demand, at most once in the period") {
  fixture f;
  int woken = 0;
  f.book.on_demand([&] { ++woken; });
  f.join("leech", swarm_a, false, "198.51.100.2");
  CHECK(woken == 1);
  CHECK(f.book.take_demands(0).empty());
  const auto d = f.book.take_demands(10);
  REQUIRE(d.size() == 1);
  CHECK(d[0].id == swarm_a);
  CHECK(d[0].leechers == 1);
  f.find("leech", swarm_a, "198.51.100.2");
  f.book.sweep(f.now + 4999, 10);
  CHECK_FALSE(f.book.has_demands());
  f.now += 5000;
  f.book.sweep(f.now, 10);
  CHECK(f.book.take_demands(10).size() == 1);
  // A seeder that cannot be reached is none; one that can ends it.
  f.ask("mute", connect_request{{}, {}, {{swarm_text(swarm_a), true, true}}}, "198.51.100.3");
  CHECK(f.book.status(swarm_a).seeders == 1);
  f.now += 5000;
  f.book.sweep(f.now, 10);
  CHECK(f.book.take_demands(10).size() == 1);
  f.join("seed", swarm_a, true, "198.51.100.4");
  f.now += 5000;
  f.book.sweep(f.now, 10);
  CHECK_FALSE(f.book.has_demands());
}

TEST_CASE("ppsp tracker book: the lists decide, and take swarms out at once") {
  tracker_book_options o;
  o.allow_list = true;
  fixture f(o);
  CHECK(f.join("p", swarm_a, true, "198.51.100.1").error == tracker_error::forbidden_action);
  CHECK(f.book.state_of("p") == tracker_state::start);
  CHECK(f.book.enter_own(swarm_a, true).error().code == errc::denied);
  REQUIRE(f.book.set_allowed({swarm_a}));
  // In part: the one is done, the other's result says why not.
  const auto r =
      f.ask("p",
            fixture::actions({{swarm_text(swarm_a), true, true}, {swarm_text(swarm_b), true, true}},
                             "198.51.100.1"),
            "198.51.100.1");
  CHECK(r.error == tracker_error::none);
  CHECK(r.swarms.at(0).result == 0);
  CHECK(r.swarms.at(1).result == 3);
  CHECK(f.book.status(swarm_a).seeders == 1);
  REQUIRE(f.book.set_denied({swarm_a}));
  CHECK_FALSE(f.book.status(swarm_a).known);
  CHECK(f.book.state_of("p") == tracker_state::terminated);
  CHECK(f.book.set_denied(std::vector<bytes>(tracker_limits::listed_names + 1)).error().code ==
        errc::too_large);
  f.now += 60 * second;
  f.book.sweep(f.now, 10);
  CHECK(f.book.totals().memory_bytes == 0);
}

TEST_CASE("ppsp tracker book: every table has a bound") {
  tracker_book_options o;
  o.peers_per_address = 3;
  o.swarms_per_peer = 2;
  o.peers_per_swarm = 5;
  o.max_peers = 6;
  o.max_swarms = 4;
  const auto full = tracker_error::service_unavailable;
  const auto id = [](int i) { return bytes{1, static_cast<byte>(i)}; };
  {
    fixture f(o);
    for (int i = 0; i < 4; ++i)
      CHECK((f.join("p" + std::to_string(i), swarm_a, true, "198.51.100.1").error == full) ==
            (i == 3));
    CHECK(f.join("q", swarm_a, true, "198.51.100.2").error == tracker_error::none);
    CHECK(f.join("r", swarm_a, true, "198.51.100.3").error == tracker_error::none);
    CHECK(f.join("s", swarm_a, true, "198.51.100.4").error == full);
    CHECK(f.join("s", swarm_b, true, "198.51.100.4").error == tracker_error::none);
    CHECK(f.join("t", swarm_b, true, "198.51.100.5").error == full);
    // One that left makes room.
    f.leave("q", swarm_a, "198.51.100.2");
    CHECK(f.join("t", swarm_b, true, "198.51.100.5").error == tracker_error::none);
    CHECK(f.book.state_of("q") == tracker_state::start);
  }
  {
    fixture f(o);
    const auto r = f.ask("p",
                         fixture::actions({{swarm_text(id(0)), true, true},
                                           {swarm_text(id(1)), true, true},
                                           {swarm_text(id(2)), true, true}},
                                          "198.51.100.1"),
                         "198.51.100.1");
    CHECK(r.swarms.at(1).result == 0);
    CHECK(r.swarms.at(2).result == 5);
    f.join("q", id(2), true, "198.51.100.2");
    f.join("r", id(3), true, "198.51.100.3");
    CHECK(f.join("s", id(4), true, "198.51.100.4").error == full);
    CHECK(f.book.enter_own(id(4), true).error().code == errc::no_room);
  }
  o = {};
  o.max_memory_bytes = 20'000;
  fixture f(o);
  int entered = 0;
  for (int i = 0; i < 1000; ++i)
    entered += f.join("p" + std::to_string(i), id(i % 256), true, address_of(i)).error !=
               tracker_error::service_unavailable;
  CHECK(entered > 10);
  CHECK(entered < 100);
  CHECK(f.book.totals().memory_bytes < 21'000);
}

TEST_CASE("ppsp tracker book: credentials' refusals are kept to the letter") {
  fixture f;
  const auto both = fixture::actions(
      {{swarm_text(swarm_a), true, true}, {swarm_text(swarm_b), true, true}}, "198.51.100.1");
  const auto no = tracker_error::authentication_required;
  CHECK(f.ask("p", both, "198.51.100.1", false, {no, no}).error == no);
  CHECK(f.book.state_of("p") == tracker_state::start);
  const auto r = f.ask("p", both, "198.51.100.1", false, {no, tracker_error::none});
  CHECK(r.error == tracker_error::none);
  CHECK(r.swarms.at(0).result == 6);
  CHECK(r.swarms.at(1).result == 0);
  CHECK(f.ask("p", stat_report{}, "198.51.100.1", false, {no}).error == no);
  CHECK(f.book.state_of("p") == tracker_state::registered);
  const auto out = fixture::actions({{swarm_text(swarm_b), false, true}}, "198.51.100.1");
  CHECK(f.ask("p", out, "198.51.100.1", false, {no}).error == no);
  CHECK(f.book.status(swarm_b).seeders == 1);
}

TEST_CASE("ppsp tracker book: reports are counted by their growth") {
  fixture f;
  f.join("p", swarm_a, true, "198.51.100.1");
  const auto tell = [&](std::uint64_t up, std::uint64_t down) {
    f.ask("p",
          stat_report{{{swarm_text(swarm_a), up, down, 0, {}}, {swarm_text(swarm_b), 9, 9, 0, {}}}},
          "198.51.100.1");
    return std::pair(f.book.totals().uploaded_bytes, f.book.totals().downloaded_bytes);
  };
  using sums = std::pair<std::uint64_t, std::uint64_t>;
  CHECK(tell(100, 10) == sums(100, 10));
  CHECK(tell(150, 10) == sums(150, 10));
  CHECK(tell(20, 11) == sums(170, 11));
  CHECK(tell(~std::uint64_t{0}, 11).first == ~std::uint64_t{0});
}

TEST_CASE("ppsp tracker book: the hint is written only where it is wanted") {
  tracker_book_options o;
  fixture plain(o);
  CHECK_FALSE(plain.join("p", swarm_a, false, "198.51.100.1").swarms.at(0).interval_s);
  o.tell_interval = true;
  fixture f(o);
  CHECK(f.join("p", swarm_a, false, "198.51.100.1").swarms.at(0).interval_s == 20u);
  f.join("s", swarm_a, true, "198.51.100.2");
  CHECK(f.find("p", swarm_a, "198.51.100.1").swarms.at(0).interval_s == 100u);
}

// Whatever is asked in whatever order, the sums stay right and nothing is left behind.
TEST_CASE("ppsp tracker book: random requests leave nothing behind") {
  tracker_book_options o;
  o.max_peers = 40;
  fixture f(o);
  std::uint64_t state = 99;
  const auto dice = [&](std::uint64_t n) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return static_cast<int>((state >> 33) % n);
  };
  for (int i = 0; i < 20'000; ++i) {
    const int who = dice(60);
    const auto peer = "p" + std::to_string(who);
    const auto swarm = bytes{1, static_cast<byte>(dice(8))};
    switch (dice(8)) {
    case 0:
    case 1: f.join(peer, swarm, dice(2) == 0, address_of(who)); break;
    case 2: f.leave(peer, swarm, address_of(who)); break;
    case 3: f.find(peer, swarm, address_of(who)); break;
    case 4: f.report(peer, address_of(who)); break;
    case 5:
      f.ask(
          peer,
          fixture::actions({{swarm_text(swarm), false, false},
                            {swarm_text(bytes{1, static_cast<byte>(dice(8))}), true, dice(2) == 0}},
                           address_of(who)),
          address_of(who));
      break;
    case 6:
      f.now += static_cast<std::uint64_t>(dice(20)) * second;
      f.book.sweep(f.now, 5);
      break;
    default:
      if (dice(50) == 0) {
        CHECK(f.book.set_denied({swarm}));
        CHECK(f.book.set_denied({}));
      }
    }
    f.book.take_demands(1);
    const auto t = f.book.totals();
    CHECK(t.registered + t.tracking <= o.max_peers);
  }
  for (int i = 0; i < 50; ++i) f.book.sweep(f.now += 400 * second, 100);
  CHECK(f.book.totals().swarms == 0);
  CHECK(f.book.totals().registered + f.book.totals().tracking == 0);
  CHECK(f.book.totals().memory_bytes == 0);
}
