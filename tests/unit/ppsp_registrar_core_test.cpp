#include "actors/overlays/ppsp/registrar_url.hpp"
#include "tests/unit/ppsp_registrar_rig.hpp"

#include <map>
#include <random>

using namespace interswarm;
using namespace interswarm::ppsp;
using namespace interswarm::ppsp::test;

namespace {

std::string swarm_number(unsigned n) {
  const bytes id{0xAB, static_cast<byte>(n >> 8), static_cast<byte>(n)};
  return swarm_text(id);
}
const std::string film = swarm_number(1);
const std::string song = swarm_number(2);

std::string registrar_url_text(const std::string& text) {
  const auto url = registrar_url::parse(text);
  if (!url) return std::string(to_string(url.error().code));
  return (url->tls ? "tls " : "plain ") + url->host + ' ' + std::to_string(url->port) + ' ' +
         url->target;
}

} // namespace

TEST_CASE("ppsp registrar: an announced content is entered under our address, kept and left") {
  registrar_rig r;
  CHECK(r.core->status_line(r.now) == "ppsp tracker t.example:80: not entered");
  r.announce(film, true);
  CHECK(r.effect_of<party_entered>(1));
  CHECK(r.core->in_force(film, r.now));
  CHECK(r.core->status_line(r.now) == "ppsp tracker t.example:80: entered in 1 swarm");
  const auto told = r.other_joins("leech", film, false, "198.51.100.20:4000");
  REQUIRE(told.swarms.at(0).peers->size() == 1);
  CHECK(told.swarms[0].peers->at(0).addresses.at(0).at == endpoint::parse(r.ours));
  // Nobody is forgotten who reports, and no more is asked than that.
  r.pass(1h);
  CHECK(r.at_tracker(film).seeders == 1);
  CHECK(r.at_tracker(film).leechers == 0); // the other one was silent
  CHECK(r.requests<stat_report>().size() >= 38);
  // Twice it was asked whether we are still there.
  CHECK(r.sent.size() <= 3 + r.requests<stat_report>().size());
  r.withdraw(film, true);
  r.pass(1s);
  CHECK(r.at_tracker(film).seeders == 0);
  CHECK_FALSE(r.core->in_force(film, r.now));
  const auto before = r.sent.size();
  r.pass(1h);
  CHECK(r.sent.size() == before);
  CHECK(r.all_well());
}

TEST_CASE("ppsp registrar: seeders come together at first, later in exchange for a swarm left") {
  registrar_rig r;
  r.script = [](const tracker_request&) { return bytes{}; };
  r.announce(swarm_number(0), true);
  r.script = nullptr;
  for (unsigned i = 1; i < 5; ++i) r.announce(swarm_number(i), true);
  r.pass(5s);
  for (unsigned i = 5; i < 9; ++i) {
    r.announce(swarm_number(i), true);
    r.pass(1s);
  }
  for (unsigned i = 0; i < 9; ++i) {
    INFO(i);
    CHECK(r.at_tracker(swarm_number(i)).seeders == 1);
    CHECK(r.core->in_force(swarm_number(i), r.now));
  }
  CHECK(r.all_well());
  const auto last = r.requests<connect_request>().back();
  CHECK(last.actions.size() == 3);
  CHECK_FALSE(last.actions[0].join);
  CHECK_FALSE(last.numbers); // asks for no peers
}

TEST_CASE("ppsp registrar: several leech swarms one by one, and a seeder once all is here") {
  registrar_rig r;
  r.announce(film, false);
  r.announce(song, false);
  r.announce(swarm_number(3), false);
  r.pass(2s);
  for (const auto& s : {film, song, swarm_number(3)}) CHECK(r.at_tracker(s).leechers == 1);
  for (const auto& c : r.requests<connect_request>()) CHECK(c.actions.size() == 1);
  // The new lease comes before the old one goes, or after.
  r.announce(film, true);
  r.withdraw(film, false);
  r.pass(1s);
  CHECK(r.at_tracker(film).seeders == 1);
  CHECK(r.at_tracker(film).leechers == 0);
  CHECK(r.at_tracker(film).completed == 1);
  CHECK(r.requests<connect_request>().back().actions ==
        std::vector<swarm_action>{{film, false, false}, {film, true, true}});
  CHECK(r.at_tracker(song).leechers == 1);
  CHECK(r.all_well());
}

TEST_CASE("ppsp registrar: a find joins where only members are told, and leaves again") {
  registrar_rig r;
  r.other_joins("seed", film, true, "198.51.100.20:4000");
  const bool entered_elsewhere = GENERATE(false, true);
  INFO("entered elsewhere " << entered_elsewhere);
  if (entered_elsewhere) r.announce(song, true);
  r.pass(1s);
  const auto call = r.find(film);
  r.pass(1s);
  const auto found = r.effect_of<parties_found>(call);
  REQUIRE(found);
  REQUIRE(found->parties.size() == 1);
  CHECK(found->parties[0].at == endpoint::parse("198.51.100.20:4000"));
  CHECK(found->parties[0].peer_id == "seed");
  CHECK(r.core->known(film).sources == 1);
  CHECK(r.at_tracker(film).leechers == 1);
  // Again soon: what is known. Later: the tracker.
  const auto before = r.sent.size();
  CHECK(r.effect_of<parties_found>(r.find(film, 0))->parties.empty());
  CHECK(r.effect_of<parties_found>(r.find(film))->parties.size() == 1);
  CHECK(r.sent.size() == before);
  r.other_joins("seed2", film, true, "198.51.100.21:4000");
  r.pass(61s);
  const auto later = r.find(film);
  r.pass(1s);
  REQUIRE(r.effect_of<parties_found>(later));
  CHECK(r.effect_of<parties_found>(later)->parties.size() == 2);
  r.pass(200s);
  CHECK(r.at_tracker(film).leechers == 0);
  CHECK(r.at_tracker(song).seeders == (entered_elsewhere ? 1 : 0));
  CHECK_FALSE(r.core->in_force(film, r.now));
}

TEST_CASE("ppsp registrar: a seeder is told of seekers") {
  registrar_rig r;
  r.announce(film, true);
  r.other_joins("leech", film, false, "198.51.100.20:4000");
  r.pass(1s);
  const auto call = r.find(film);
  r.pass(1s);
  REQUIRE(r.effect_of<parties_found>(call));
  CHECK(r.effect_of<parties_found>(call)->parties.size() == 1);
  CHECK(r.core->known(film).seekers == 1);
  CHECK(r.core->known(film).sources == 0);
  CHECK_FALSE(r.core->known(song).told);
  CHECK(r.at_tracker(film).leechers == 1); // we stay what we are
  CHECK(r.all_well());
}

TEST_CASE("ppsp registrar: retries keep their transaction id, then come longer and longer pauses") {
  registrar_rig r;
  r.how = registrar_rig::network::down;
  r.announce(film, true);
  const auto find = r.find(film);
  r.pass(8s);
  REQUIRE(r.sent.size() == 4);
  for (const auto& s : r.sent) CHECK(s.request == r.sent[0].request);
  CHECK(r.sent_at[1] - r.sent_at[0] == 1s);
  CHECK(r.sent_at[2] - r.sent_at[1] == 2s);
  CHECK(r.sent_at[3] - r.sent_at[2] == 4s);
  CHECK(r.effect_of<tracker_call_failed>(find)->why.code == errc::unavailable);
  CHECK(r.effect_of<party_entered>(1)); // the lease stands, and is tried on
  REQUIRE(r.effects<tracker_line>().size() == 1);
  CHECK(r.effects<tracker_line>()[0].line.starts_with(
      "ppsp tracker t.example:80: unreachable (refused); next try in "));
  CHECK_FALSE(r.core->in_force(film, r.now));
  CHECK(r.effect_of<tracker_call_failed>(r.find(film))->why.code == errc::unavailable);
  r.pass(10h);
  // Every 10 minutes to 12 and a half, four times in 7 s.
  CHECK(r.sent.size() > 4 * 45);
  CHECK(r.sent.size() < 4 * 72);
  r.how = registrar_rig::network::good;
  r.pass(13min);
  CHECK(r.core->in_force(film, r.now));
  CHECK(r.at_tracker(film).seeders == 1);
  CHECK(r.effects<tracker_line>().back().line == "ppsp tracker t.example:80: answers again");
}

TEST_CASE("ppsp registrar: what was done though its answer was lost is set right") {
  registrar_rig r;
  r.announce(film, true);
  r.pass(100s);
  r.how = registrar_rig::network::answers_lost;
  r.announce(song, true);
  r.withdraw(film, true);
  r.pass(8s);
  CHECK(r.at_tracker(song).seeders == 1);
  // Meanwhile nobody wants it any more.
  r.withdraw(song, true);
  r.announce(swarm_number(3), false);
  r.how = registrar_rig::network::good;
  r.pass(30s);
  CHECK(r.at_tracker(film).seeders == 0);
  CHECK(r.at_tracker(song).seeders == 0);
  CHECK(r.at_tracker(swarm_number(3)).leechers == 1);
  CHECK(r.core->in_force(swarm_number(3), r.now));
}

TEST_CASE("ppsp registrar: a tracker that forgot us has us again after the next report") {
  registrar_rig r;
  r.announce(film, true);
  r.announce(song, true);
  r.pass(5s);
  r.restart();
  SECTION("found out by the report") { r.pass(100s); }
  SECTION("found out by a change, which is then no refusal") {
    r.announce(swarm_number(3), false);
    r.pass(5s);
    CHECK(r.at_tracker(swarm_number(3)).leechers == 1);
    CHECK(r.effects<tracker_call_failed>().empty());
  }
  CHECK(r.at_tracker(film).seeders == 1);
  CHECK(r.at_tracker(song).seeders == 1);
  CHECK(r.core->in_force(film, r.now));
}

TEST_CASE("ppsp registrar: a tracker that never knows us is asked less and less") {
  registrar_rig r;
  r.script = [](const tracker_request& q) {
    const bool report = std::holds_alternative<stat_report>(q.body);
    return encode_tracker_response({q.transaction_id,
                                    report ? tracker_error::forbidden_action : tracker_error::none,
                                    std::nullopt,
                                    {}});
  };
  r.announce(film, true);
  r.pass(1s);
  r.announce(song, true); // for which it would have to be known
  r.pass(1h);
  CHECK(r.sent.size() < 100);
}

TEST_CASE("ppsp registrar: a refused swarm is denied, others are not harmed") {
  registrar_rig r;
  REQUIRE(r.book->set_denied({*swarm_bytes(song)}));
  r.announce(film, true);
  r.pass(1s);
  r.announce(song, true);
  const auto call = r.calls;
  r.pass(2s);
  REQUIRE(r.effect_of<tracker_call_failed>(call));
  CHECK(r.effect_of<tracker_call_failed>(call)->why.code == errc::denied);
  CHECK(r.effect_of<tracker_call_failed>(call)->why.text ==
        "ppsp tracker t.example:80: refuses the swarm: forbidden action");
  CHECK(r.core->in_force(film, r.now));
  CHECK(r.at_tracker(film).seeders == 1);
  // At once, without asking.
  const auto before = r.sent.size();
  r.announce(song, true);
  CHECK(r.effect_of<tracker_call_failed>(r.calls));
  CHECK(r.effect_of<tracker_call_failed>(r.find(song))->why.code == errc::denied);
  CHECK(r.sent.size() == before);
  REQUIRE(r.book->set_denied({}));
  r.pass(61s);
  r.announce(song, true);
  r.pass(1s);
  CHECK(r.core->in_force(song, r.now));
}

TEST_CASE("ppsp registrar: where there is no room we are entered once there is") {
  tracker_book_options o;
  o.swarms_per_peer = 2;
  registrar_rig r(o);
  for (unsigned i = 0; i < 3; ++i) {
    r.announce(swarm_number(i), true);
    r.pass(1s);
  }
  CHECK(r.effects<party_entered>().size() == 3);
  CHECK_FALSE(r.core->in_force(swarm_number(2), r.now));
  r.pass(10min);
  CHECK(r.sent.size() < 30);
  r.withdraw(swarm_number(0), true);
  r.pass(31min);
  CHECK(r.core->in_force(swarm_number(2), r.now));
  CHECK(r.at_tracker(swarm_number(2)).seeders == 1);
}

TEST_CASE("ppsp registrar: error codes are our errors") {
  const auto [code, expected] = GENERATE(table<tracker_error, errc>({
      {tracker_error::bad_request, errc::malformed},
      {tracker_error::unsupported_version, errc::unimplemented},
      {tracker_error::forbidden_action, errc::denied},
      {tracker_error::internal_error, errc::unavailable},
      {tracker_error::service_unavailable, errc::overloaded},
      {tracker_error::authentication_required, errc::denied},
  }));
  INFO(to_string(code));
  registrar_rig r;
  r.script = [e = code](const tracker_request& q) {
    return encode_tracker_response({q.transaction_id, e, std::nullopt, {}});
  };
  const auto call = r.find(film);
  REQUIRE(r.effect_of<tracker_call_failed>(call));
  CHECK(r.effect_of<tracker_call_failed>(call)->why.code == expected);
  r.pass(5h);
  CHECK(r.sent.size() <= 2); // nobody asks any more
  r.announce(song, true);
  const bool passing = expected == errc::unavailable || expected == errc::overloaded;
  CHECK(r.effect_of<party_entered>(r.calls).has_value() == passing);
  r.pass(5h);
  CHECK(r.sent.size() < 20);
}

TEST_CASE("ppsp registrar: a tracker that refuses by HTTP is left alone") {
  registrar_rig r;
  const auto first = r.core->announce(++r.calls, film, true, r.now);
  const auto number = std::get<ask_tracker>(first.at(0)).number;
  r.take(r.core->failed(number, "answers with HTTP status 401", true, r.now));
  CHECK(r.effect_of<tracker_call_failed>(r.find(film))->why.code == errc::denied);
  r.pass(299s);
  CHECK(r.sent.empty());
  r.pass(100s);
  CHECK(r.core->in_force(film, r.now));
}

TEST_CASE("ppsp registrar: addresses that are none of a peer's are not handed on") {
  registrar_rig r;
  r.script = [&](const tracker_request& q) {
    const auto party = [](const std::string& id, std::vector<std::string> at) {
      tracker_peer out{id, {}};
      for (const auto& a : at) out.addresses.push_back({*endpoint::parse(a)});
      return out;
    };
    swarm_result s{film, 0, {}, {}};
    s.peers = {party("registrar-peer", {"198.51.100.1:1"}), // ourselves, by id and by address
               party("before", {"198.51.100.9:7000"}),
               party("behind", {"203.0.113.5:7000"}),
               party("loop", {"127.0.0.1:22"}),
               party("many", {"224.0.0.1:5", "[ff02::1]:5", "0.0.0.0:5"}),
               party("none", {"198.51.100.2:0"}),
               party("two", {"198.51.100.3:3", "[2001:db8::3]:3", "198.51.100.3:3"}),
               party("again", {"198.51.100.3:3"})};
    s.peers->at(6).addresses[1].priority = 9;
    tracker_response out{q.transaction_id, tracker_error::none, {}, {s}};
    out.seen = peer_address{*endpoint::parse("203.0.113.5:50000")};
    return encode_tracker_response(out);
  };
  const auto found = r.effect_of<parties_found>(r.find(film));
  REQUIRE(found);
  REQUIRE(found->parties.size() == 2);
  CHECK(found->parties[0].at == endpoint::parse("[2001:db8::3]:3"));
  CHECK(found->parties[1].at == endpoint::parse("198.51.100.3:3"));
  CHECK(r.core->known(film).sources == 1);
}

TEST_CASE("ppsp registrar: what is no tracker's answer counts as none") {
  registrar_rig r;
  const int kind = GENERATE(0, 1, 2);
  r.script = [kind](const tracker_request& q) -> bytes {
    const std::string text = "<html>not here</html>";
    if (kind == 0) return {text.begin(), text.end()};
    if (kind == 1)
      return encode_tracker_response({q.transaction_id + "x", tracker_error::none, {}, {}});
    return encode_tracker_response({"", tracker_error::none, {}, {}});
  };
  const auto call = r.find(film);
  r.pass(8s);
  CHECK(r.sent.size() == 4);
  REQUIRE(r.effect_of<tracker_call_failed>(call));
  CHECK(r.effect_of<tracker_call_failed>(call)->why.text.find("no tracker's answer") !=
        std::string::npos);
}

TEST_CASE("ppsp registrar: tables have bounds") {
  registrar_rig r;
  r.how = registrar_rig::network::down;
  for (unsigned i = 0; i < limits::registrar_announced; ++i) r.announce(swarm_number(i), true);
  CHECK(r.effects<tracker_call_failed>().empty());
  r.announce(swarm_number(60'000), true);
  REQUIRE(r.effects<tracker_call_failed>().size() == 1);
  CHECK(r.effects<tracker_call_failed>()[0].why.code == errc::too_large);
  r.withdraw(film, true);
  r.announce(song, false); // one more of what is there
  CHECK(r.effects<tracker_call_failed>().size() == 1);
  registrar_rig s;
  s.script = [](const tracker_request&) { return bytes{}; };
  for (unsigned i = 0; i <= limits::registrar_sought; ++i) s.find(swarm_number(i));
  REQUIRE(s.effects<tracker_call_failed>().size() == 1);
  CHECK(s.effects<tracker_call_failed>()[0].why.code == errc::overloaded);
}

TEST_CASE("ppsp registrar: followed swarms are asked about in turn, and never joined") {
  registrar_rig r;
  std::set<std::string> asked;
  bool members_only = false;
  r.script = [&](const tracker_request& q) {
    tracker_response out{q.transaction_id, tracker_error::none, {}, {}};
    if (const auto* f = std::get_if<find_request>(&q.body)) {
      asked.insert(f->swarm_id);
      if (members_only) out.error = tracker_error::forbidden_action;
      swarm_result s{f->swarm_id, 0, {}, {}};
      s.peers = {{"p", {{*endpoint::parse("198.51.100.3:3")}}}};
      out.swarms.push_back(s);
    }
    return encode_tracker_response(out);
  };
  std::vector<std::string> names;
  for (unsigned i = 10; i < 20; ++i) names.push_back(swarm_number(i));
  r.core->follow(names);
  r.pass(60s);
  CHECK(r.sent.empty()); // who is entered nowhere may not ask
  r.announce(film, true);
  SECTION("answered") {
    r.pass(20s);
    CHECK(asked.size() == 10);
    CHECK(r.core->known(names[3]).sources == 1);
    r.pass(260s);
    CHECK(r.requests<find_request>().size() == 10);
    r.pass(60s);
    CHECK(r.requests<find_request>().size() == 20);
  }
  SECTION("refused") {
    members_only = true;
    r.pass(10min);
    CHECK(asked.size() == 1);
  }
  CHECK(r.requests<connect_request>().size() == 1);
}

TEST_CASE("ppsp registrar: who leaves leaves all") {
  registrar_rig r;
  for (unsigned i = 0; i < 40; ++i) r.announce(swarm_number(i), true);
  r.pass(10s);
  const auto held = r.book->totals().swarms;
  CHECK(held == 16);
  r.take(r.core->leave(r.now));
  r.pass(2s);
  CHECK(r.core->gone());
  for (unsigned i = 0; i < 40; ++i) CHECK(r.at_tracker(swarm_number(i)).seeders == 0);
  const auto before = r.sent.size();
  r.pass(1h);
  CHECK(r.sent.size() == before);
}

TEST_CASE("ppsp registrar: whatever happens on the way, in the end both agree") {
  const auto seed = GENERATE(range(1u, 25u));
  INFO("seed " << seed);
  tracker_book_options o;
  o.swarms_per_peer = 64;
  registrar_rig r(o);
  std::minstd_rand random(seed);
  std::map<std::string, std::pair<int, int>> wished;
  for (int step = 0; step < 150; ++step) {
    const auto swarm = swarm_number(random() % 8);
    const bool seeder = random() % 2 == 0;
    auto& [seeders, leeches] = wished[swarm];
    auto& count = seeder ? seeders : leeches;
    switch (random() % 8) {
    case 0: r.how = registrar_rig::network::down; break;
    case 1: r.how = registrar_rig::network::answers_lost; break;
    case 2: r.find(swarm); break;
    case 3:
      if (random() % 8 == 0) r.restart();
      break;
    case 4:
    case 5:
      if (count > 0) {
        --count;
        r.withdraw(swarm, seeder);
      }
      break;
    default: ++count; r.announce(swarm, seeder);
    }
    if (random() % 3 != 0) r.how = registrar_rig::network::good;
    r.pass(instant(std::chrono::milliseconds(random() % 20'000)));
  }
  // No announce was refused for good: what the tracker did not like it was not to be blamed for.
  for (const auto& f : r.effects<tracker_call_failed>()) CHECK(f.why.code != errc::denied);
  r.how = registrar_rig::network::good;
  r.pass(45min);
  for (const auto& [swarm, w] : wished) {
    INFO(swarm << ' ' << w.first << ' ' << w.second);
    const auto at = r.at_tracker(swarm);
    CHECK(at.seeders == (w.first > 0 ? 1u : 0u));
    CHECK(at.leechers == (w.first == 0 && w.second > 0 ? 1u : 0u));
    CHECK(r.core->in_force(swarm, r.now) == (w.first + w.second > 0));
  }
}

TEST_CASE("ppsp registrar: URLs of trackers") {
  const auto good = registrar_url_text("https://Tracker.example/ppsp?key=1#x");
  CHECK(good == "tls Tracker.example 443 /ppsp?key=1");
  CHECK(registrar_url_text("http://[2001:db8::1]:8080") == "plain 2001:db8::1 8080 /");
  CHECK(registrar_url_text("http://t.example?k") == "plain t.example 80 /?k");
  for (const auto* bad : {"", "t.example", "udp://t.example:1/", "http://", "http://:80/",
                          "http://t.example:0/", "http://t.example:65536/", "http://[::1/",
                          "http://t.example/a b", "http://u@t.example/", "http://[x]/"}) {
    INFO(bad);
    CHECK(registrar_url_text(bad) == "configuration");
  }
}
