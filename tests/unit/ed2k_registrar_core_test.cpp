#include "actors/overlays/ed2k/registrar_core.hpp"
#include "actors/overlays/ed2k/server_core.hpp"
#include "tests/catch.hpp"

using namespace interswarm;
using namespace interswarm::ed2k;
using namespace std::chrono_literals;

namespace {

md4_digest digest(unsigned fill) {
  md4_digest out{};
  out.fill(static_cast<byte>(fill));
  return out;
}

file_key file_number(unsigned n) {
  file_key out{digest(0xF1), 19'456'000};
  out.hash[0] = static_cast<byte>(n);
  out.hash[1] = static_cast<byte>(n >> 8);
  return out;
}

const file_key film = file_number(1);
const own_peer us{*endpoint::parse("198.51.100.9:4662"), digest(9)};
const client_id our_id = client_id::of(us.address.address);

registrar_options to_server() {
  registrar_options out;
  out.host = "server.example";
  out.own = us;
  return out;
}

/// A registrar and what it did.
struct rig {
  registrar_core core{to_server(), 1};
  instant now = 1h;
  registrar_effects all;

  void take(registrar_effects effects) { all.insert(all.end(), effects.begin(), effects.end()); }
  template <class Effect>
  std::vector<Effect> effects() const {
    std::vector<Effect> out;
    for (const auto& effect : all) {
      if (const auto* e = std::get_if<Effect>(&effect)) out.push_back(*e);
    }
    return out;
  }
  template <class Request>
  std::vector<Request> sent() const {
    std::vector<Request> out;
    for (const auto& s : effects<send_request>()) {
      if (const auto* r = std::get_if<Request>(&s.request)) out.push_back(*r);
    }
    return out;
  }
  void log_in(client_id id = our_id, std::uint32_t flags = 0x119) {
    if (effects<dial_server>().empty()) take(core.start(now));
    take(core.connected(now));
    take(core.received(id_change_answer{id, flags, 0, our_id, 0}, now));
  }
  void pass(std::chrono::seconds time) {
    for (auto i = 0s; i < time; i += 1s) {
      now += 1s;
      take(core.tick(now));
    }
  }
  void sources(const file_key& file, std::vector<source_entry> list) {
    take(core.received(found_sources_answer{{file.hash, std::move(list)}, false}, now));
  }
};

} // namespace

TEST_CASE("the registrar logs in with our peer's port and user hash") {
  rig r;
  CHECK(r.core.status_line(r.now).find("not connected") != std::string::npos);
  r.log_in();
  REQUIRE(r.sent<login_request>().size() == 1);
  CHECK(r.sent<login_request>()[0].port == 4662);
  CHECK(r.sent<login_request>()[0].user_hash == us.user_hash);
  CHECK((r.sent<login_request>()[0].flags() & login_flag::large_files) != 0);
  CHECK(r.core.online());
  CHECK(r.core.status_line(r.now) == "ed2k server server.example:4661: logged in, high id");
}

TEST_CASE("an unreachable server is one line and longer and longer pauses") {
  rig r;
  r.take(r.core.start(r.now));
  std::vector<instant> dials;
  for (int i = 0; i < 12; ++i) {
    r.take(r.core.closed("connection refused", r.now));
    CHECK(r.effects<report_status>().size() == static_cast<std::size_t>(i + 1));
    const auto before = r.effects<dial_server>().size();
    const auto left = r.now;
    while (r.effects<dial_server>().size() == before) r.pass(1s);
    dials.push_back(r.now - left);
  }
  CHECK(r.effects<report_status>()[0].line.starts_with(
      "ed2k server server.example:4661: connection refused; next try in "));
  CHECK(dials[0] >= 5s);
  CHECK(dials[0] <= 8s);
  CHECK(dials[1] > dials[0]);
  CHECK(dials.back() >= 600s);
  CHECK(dials.back() <= 751s);
  // Once logged in, the pauses start anew.
  r.log_in();
  r.take(r.core.closed("reset", r.now));
  const auto before = r.effects<dial_server>().size();
  r.pass(8s);
  CHECK(r.effects<dial_server>().size() == before + 1);
}

TEST_CASE("id 0 is a refusal: announcing is denied and the server left alone") {
  rig r;
  r.take(r.core.start(r.now));
  r.take(r.core.connected(r.now));
  r.take(r.core.received(server_message_answer{"ERROR : this server is full\nmore"}, r.now));
  r.take(r.core.received(id_change_answer{}, r.now));
  CHECK(r.effects<hang_up>().size() == 1);
  const auto refused = r.core.announce(film, "x", true);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == errc::denied);
  CHECK(refused.error().text.find("this server is full") != std::string::npos);
  r.take(r.core.find(1, film, 10, r.now));
  CHECK(r.effects<call_failed>()[0].why.code == errc::denied);
  r.pass(299s);
  CHECK(r.effects<dial_server>().size() == 1);
  r.pass(80s);
  CHECK(r.effects<dial_server>().size() == 2);
  r.log_in();
  CHECK(r.core.announce(film, "x", true));
}

TEST_CASE("a server that does not answer the login is left") {
  rig r;
  r.take(r.core.start(r.now));
  r.take(r.core.connected(r.now));
  r.pass(44s);
  CHECK(r.effects<hang_up>().empty());
  r.pass(1s);
  CHECK(r.effects<hang_up>().size() == 1);
  CHECK(r.core.status_line(r.now).find("did not answer our login") != std::string::npos);
}

TEST_CASE(
    "announced files are offered with markers, in frames of two hundred, changes not too often") {
  rig r;
  for (unsigned n = 0; n < 250; ++n)
    CHECK(r.core.announce(file_number(n), "f" + std::to_string(n), n % 2 == 0));
  r.log_in();
  REQUIRE(r.sent<offer_files_request>().size() == 1);
  CHECK(r.sent<offer_files_request>()[0].files.size() == 200);
  CHECK(r.effects<send_request>().back().pack);
  r.pass(9s);
  CHECK(r.sent<offer_files_request>().size() == 1);
  r.pass(1s);
  REQUIRE(r.sent<offer_files_request>().size() == 2);
  CHECK(r.sent<offer_files_request>()[1].files.size() == 50);
  std::size_t complete = 0;
  for (const auto& offer : r.sent<offer_files_request>()) {
    for (const auto& f : offer.files) complete += f.id == complete_marker_id ? 1 : 0;
  }
  CHECK(complete == 125);
  CHECK(r.core.offered(file_number(7)));
  r.pass(60s);
  CHECK(r.sent<offer_files_request>().size() == 2);
  // Known as before: nothing to say. Complete now: said.
  CHECK(r.core.announce(file_number(2), "f2", true));
  r.pass(20s);
  CHECK(r.sent<offer_files_request>().size() == 2);
  CHECK(r.core.announce(file_number(1), "f1", true));
  r.pass(1s);
  REQUIRE(r.sent<offer_files_request>().size() == 3);
  CHECK(r.sent<offer_files_request>()[2].files.size() == 1);
  // An idle connection says that it lives.
  r.pass(240s);
  CHECK(r.sent<offer_files_request>().back().files.empty());
  // All is offered again after a break.
  r.take(r.core.closed("reset", r.now));
  CHECK_FALSE(r.core.offered(file_number(7)));
  r.pass(10s);
  r.log_in();
  CHECK(r.sent<offer_files_request>().back().files.size() == 200);
}

TEST_CASE("an old server gets our own address in offers and no large file") {
  rig r;
  r.core.announce(film, "x", true);
  r.core.announce({digest(3), 5'000'000'000}, "large", true);
  r.log_in(our_id, 0);
  REQUIRE(r.sent<offer_files_request>().size() == 1);
  REQUIRE(r.sent<offer_files_request>()[0].files.size() == 1);
  CHECK(r.sent<offer_files_request>()[0].files[0].id == our_id);
  CHECK(r.sent<offer_files_request>()[0].files[0].port == 4662);
  CHECK_FALSE(r.effects<send_request>().back().pack);
}

TEST_CASE("a withdrawn file is taken back by logging in anew, not soon") {
  rig r;
  r.core.announce(film, "x", true);
  r.log_in();
  r.core.withdraw(film);
  CHECK_FALSE(r.core.offered(film));
  r.pass(60s * 29);
  CHECK(r.effects<hang_up>().empty());
  r.pass(64s);
  CHECK(r.effects<hang_up>().size() == 1);
  CHECK(r.effects<dial_server>().size() == 2);
}

TEST_CASE("announcing is bounded") {
  rig r;
  for (unsigned n = 0; n < limits::max_announced_files; ++n)
    REQUIRE(r.core.announce(file_number(n), "x", true));
  CHECK(r.core.announce(file_number(60'000), "x", true).error().code == errc::too_large);
}

TEST_CASE("sources are asked once, remembered, and asked again in their time") {
  rig r;
  r.log_in();
  r.take(r.core.find(1, film, 10, r.now));
  REQUIRE(r.sent<get_sources_request>().size() == 1);
  CHECK(r.sent<get_sources_request>()[0].file.size == film.size);
  r.take(r.core.find(2, film, 1, r.now)); // joins the question under way
  CHECK(r.effects<find_answered>().empty());
  r.sources(film,
            {{{0x01020304}, 4662, 0, {}}, {our_id, 4662, 0, {}}, {{0x01020305}, 4663, 0, {}}});
  REQUIRE(r.effects<find_answered>().size() == 2);
  CHECK(r.effects<find_answered>()[0].call == 1);
  CHECK(r.effects<find_answered>()[0].sources.size() == 2); // never ourselves
  CHECK(r.effects<find_answered>()[1].sources.size() == 1);
  CHECK(r.core.known_sources(film) == 2u);
  r.pass(900s);
  r.take(r.core.find(3, film, 10, r.now));
  CHECK(r.effects<find_answered>().size() == 3);
  CHECK(r.sent<get_sources_request>().size() == 1);
  r.pass(61s);
  r.take(r.core.find(4, film, 10, r.now));
  CHECK(r.sent<get_sources_request>().size() == 2);
}

TEST_CASE("a server that is silent about unknown files is waited for a moment and asked ever more "
          "rarely") {
  rig r;
  r.log_in();
  std::vector<instant> asked;
  call_id call = 0;
  for (int i = 0; i < 3600; ++i) {
    const auto before = r.sent<get_sources_request>().size();
    if (i % 10 == 0) r.take(r.core.find(++call, film, 10, r.now));
    if (r.sent<get_sources_request>().size() > before) asked.push_back(r.now);
    r.pass(1s);
  }
  r.pass(5s);
  CHECK(r.effects<find_answered>().size() == call);
  // At 0, 1, 3, 7, 15, 31 and 47 minutes.
  REQUIRE(asked.size() == 7);
  CHECK(asked[1] - asked[0] == 60s);
  CHECK(asked[2] - asked[1] == 120s);
  CHECK(asked[6] - asked[5] == 960s);
}

TEST_CASE("questions keep to the budget of a real client") {
  rig r;
  r.log_in();
  for (unsigned n = 0; n < 100; ++n) r.take(r.core.find(n + 1, file_number(n), 10, r.now));
  CHECK(r.sent<get_sources_request>().size() == limits::source_request_burst);
  r.pass(200s);
  CHECK(r.sent<get_sources_request>().size() == limits::source_request_burst + 10);
  // Nobody is kept waiting for that, and the questions are asked all the same.
  CHECK(r.effects<find_answered>().size() == 100);
  r.pass(2000s);
  CHECK(r.sent<get_sources_request>().size() == 100);
}

TEST_CASE("a lost server fails whoever waits for it") {
  rig r;
  r.log_in();
  r.take(r.core.find(1, film, 10, r.now));
  r.take(r.core.closed("reset", r.now));
  REQUIRE(r.effects<call_failed>().size() == 1);
  CHECK(r.effects<call_failed>()[0].why.code == errc::unavailable);
}

TEST_CASE("waiting finds are bounded") {
  rig r;
  r.log_in();
  for (call_id n = 0; n < limits::max_waiting_finds; ++n)
    r.take(r.core.find(n + 1, film, 10, r.now));
  CHECK(r.effects<call_failed>().empty());
  r.take(r.core.find(9999, film, 10, r.now));
  REQUIRE(r.effects<call_failed>().size() == 1);
  CHECK(r.effects<call_failed>()[0].why.code == errc::overloaded);
}

TEST_CASE("low-id sources are asked to call us, unless we have a low id ourselves") {
  rig r;
  r.log_in();
  r.take(r.core.find(1, film, 10, r.now));
  r.sources(film, {{{77}, 4662, 0, {}}, {{0x01020304}, 4662, 0, {}}});
  CHECK(r.sent<callback_request>() == std::vector{callback_request{{77}}});
  CHECK(r.effects<find_answered>()[0].sources[0].id.value == 77);
  r.take(r.core.find(2, film, 10, r.now + 59s));
  CHECK(r.sent<callback_request>().size() == 1);
  r.take(r.core.find(3, film, 10, r.now + 60s));
  CHECK(r.sent<callback_request>().size() == 2);
  rig low;
  low.log_in({5});
  CHECK(low.core.status_line(low.now).find("cannot reach our port 4662") != std::string::npos);
  low.take(low.core.find(1, film, 10, low.now));
  low.sources(film, {{{77}, 4662, 0, {}}, {{0x01020304}, 4662, 0, {}}});
  CHECK(low.sent<callback_request>().empty());
  CHECK(low.effects<find_answered>()[0].sources.size() == 1);
}

TEST_CASE("searches go one at a time and gather what the server has more") {
  rig r;
  r.take(r.core.search(1, {.words = "x"}, r.now));
  CHECK(r.effects<call_failed>()[0].why.code == errc::unavailable);
  r.log_in();
  r.take(r.core.search(2, {.words = "!"}, r.now));
  CHECK(r.effects<call_failed>()[1].why.code == errc::malformed);
  r.take(r.core.search(3, {.words = "film"}, r.now));
  r.take(r.core.search(4, {.words = "other"}, r.now));
  CHECK(r.sent<search_request>().size() == 1);
  const file_entry entry{film.hash, {1}, 2, file_tags("film", film.size)};
  r.take(r.core.received(search_result_answer{{entry}, true}, r.now));
  CHECK(r.sent<query_more_request>().size() == 1);
  r.take(r.core.received(search_result_answer{{entry}, false}, r.now));
  REQUIRE(r.effects<search_answered>().size() == 1);
  CHECK(r.effects<search_answered>()[0].call == 3);
  CHECK(r.effects<search_answered>()[0].files.size() == 2);
  CHECK(r.sent<search_request>().size() == 2);
  r.take(r.core.received(reject_answer{}, r.now));
  CHECK(r.effects<call_failed>().back().call == 4);
  r.take(r.core.search(5, {.words = "slow"}, r.now));
  r.pass(15s);
  CHECK(r.effects<call_failed>().back().why.code == errc::timed_out);
  for (call_id n = 0; n <= limits::max_waiting_searches; ++n)
    r.take(r.core.search(100 + n, {.words = "x"}, r.now));
  CHECK(r.effects<call_failed>().back().why.code == errc::overloaded);
}

TEST_CASE("followed names are asked for without anybody waiting") {
  rig r;
  r.core.follow({film, file_number(2)});
  r.log_in();
  CHECK_FALSE(r.core.known_sources(film));
  r.pass(1s);
  CHECK(r.sent<get_sources_request>().size() == 2);
  r.sources(film, {{{0x01020304}, 1, 0, {}}});
  CHECK(r.core.known_sources(film) == 1u);
  r.core.follow({});
  const auto before = r.sent<get_sources_request>().size();
  r.pass(1000s);
  CHECK(r.sent<get_sources_request>().size() == before);
}

TEST_CASE("our registrar and our server understand each other") {
  server_core server({.name = "S"}, {*endpoint::parse("198.51.100.1:4662"), digest(7)}, 1);
  rig r;
  r.take(r.core.start(r.now));
  const auto who = server.connect(us.address.address, r.now).value();
  r.take(r.core.connected(r.now));
  std::size_t done = 0;
  // Carries requests and answers until both are silent.
  const auto exchange = [&] {
    while (done < r.all.size()) {
      const auto effect = r.all[done++];
      const auto* request = std::get_if<send_request>(&effect);
      if (request == nullptr) continue;
      auto answers = server.receive(who, request->request, r.now);
      for (std::size_t i = 0; i < answers.size(); ++i) {
        if (const auto* probe = std::get_if<start_probe>(&answers[i])) {
          CHECK(probe->to == us.address);
          auto more = server.probed(who, us.user_hash, r.now);
          answers.insert(answers.end(), more.begin(), more.end());
        } else if (const auto* a = std::get_if<send_answer>(&answers[i]);
                   a != nullptr && a->to == who) {
          r.take(r.core.received(a->answer, r.now));
        }
      }
    }
  };
  exchange();
  CHECK(r.core.online());
  CHECK(r.core.id() == our_id);
  CHECK(r.core.announce(film, "Film.avi", true));
  r.pass(11s);
  exchange();
  CHECK(server.counts(film).sources == 1);
  server.announce(film, "Film.avi", true);
  r.take(r.core.find(1, film, 10, r.now));
  exchange();
  REQUIRE(r.effects<find_answered>().size() == 1);
  REQUIRE(r.effects<find_answered>()[0].sources.size() == 1);
  CHECK(r.effects<find_answered>()[0].sources[0].id.address().to_string() == "198.51.100.1");
  r.take(r.core.search(2, {.words = "film"}, r.now));
  exchange();
  REQUIRE(r.effects<search_answered>().size() == 1);
  CHECK(r.effects<search_answered>()[0].files[0].size() == film.size);
}
