#include "actors/services/message_allowance.hpp"
#include "tests/actor/services/access_fixture.hpp"

using namespace interswarm;
using namespace interswarm::services::testing;
namespace services = interswarm::services;

TEST_CASE("access: rights by tenant, overlay and direction") {
  front_desk f;
  auto closed = draft("Closed");
  closed.open = false;
  const auto secret = f.publish("studio", closed, content(5000, 1))->publication.content_id;
  const auto state = f.publish("studio", draft("Open"), content(6000, 2)).value();
  const auto open = state.publication.content_id;
  auto member = made("member");
  member.tenants = {"studio"};
  auto elsewhere = made("elsewhere");
  elsewhere.overlays = {"another"};
  auto mute = made("mute");
  mute.take = false;
  const auto a = f.log_in(f.add(member)).value();
  const auto b = f.log_in(f.add(elsewhere)).value();
  const auto c = f.log_in(f.add(mute)).value();
  CHECK(f.opening(a, secret) == errc{});
  CHECK(f.opening(b, secret) == errc::not_found);
  CHECK(f.opening(b, slice(bytes(32))) == errc::not_found);
  CHECK(f.opening(b, open) == errc{});
  CHECK(f.opening(c, open) == errc::denied);
  const auto name = state.records.front().name;
  const auto lookup = [&](const auto& who) {
    return ask<msg::access_service_lookup_result>(f.w.system, who,
                                                  msg::access_service_lookup{name});
  };
  CHECK(lookup(a)->records.size() == 2);
  CHECK(lookup(b).error().code == errc::denied);
  const auto found = [&](const auto& who) {
    msg::access_service_search q;
    q.limit = 10;
    return ask<msg::access_service_search_result>(f.w.system, who, q)->publications.size();
  };
  CHECK(found(a) == 2);
  CHECK(found(b) == 1);
  const auto newest = [&](const auto& who) {
    return ask<msg::access_service_newest_result>(f.w.system, who, msg::access_service_newest{10})
        ->records.size();
  };
  CHECK(eventually([&] { return newest(a) == 1; }));
  CHECK(newest(b) == 0);
}

TEST_CASE("access: revocation and a new token cut off at once what was obtained") {
  front_desk f;
  const auto data = content(5'000'000, 3);
  const auto id = f.publish("studio", draft("Film"), data)->publication.content_id;
  const auto token = f.add(made("party"));
  const auto a = f.log_in(token).value();
  const auto source =
      ask<msg::access_service_open_result>(f.w.system, a, msg::access_service_open{id})->source;
  const auto read = [&] {
    msg::source_read q;
    q.range = {0, 1000};
    q.deadline_ms = 5000;
    auto r = ask<msg::source_read_result>(f.w.system, source, q);
    return r ? errc{} : r.error().code;
  };
  CHECK(read() == errc{});
  if (GENERATE(true, false)) {
    REQUIRE(runtime::tell(f.w.system, f.shelf, msg::catalogue_revoke_party{"party"}));
  } else {
    f.add(made("party"));
  }
  CHECK(eventually([&] { return read() == errc::denied; }));
  CHECK(f.opening(a, id) == errc::denied);
  CHECK(f.log_in(token).error().code == errc::denied);
}

TEST_CASE("access: what was obtained outlasts its session, and is cut off with its party") {
  front_desk f;
  const auto id = f.publish("studio", draft("Film"), content(50'000, 3))->publication.content_id;
  auto a = f.log_in(f.add(made("party"))).value();
  const auto source =
      ask<msg::access_service_open_result>(f.w.system, a, msg::access_service_open{id})->source;
  a = nullptr;
  const auto read = [&] {
    msg::source_read q;
    q.range = {0, 1000};
    q.deadline_ms = 5000;
    auto r = ask<msg::source_read_result>(f.w.system, source, q);
    return r ? errc{} : r.error().code;
  };
  // Sessions that have ended are forgotten when somebody logs in.
  const auto token = f.add(made("another"));
  for (int i = 0; i < 20; ++i) {
    std::this_thread::sleep_for(10ms);
    REQUIRE(f.log_in(token));
    REQUIRE(read() == errc{});
  }
  f.own.revoke("party");
  CHECK(eventually([&] { return read() == errc::denied; }));
}

TEST_CASE("access: wrong tokens are refused, and many of them slowed down") {
  front_desk f;
  CHECK(f.log_in("").error().code == errc::denied);
  CHECK(f.log_in(std::string(64, '0')).error().code == errc::denied);
  bool slowed = false;
  for (std::uint32_t i = 0; i < 2 * services::wrong_logins_per_second && !slowed; ++i)
    slowed = f.log_in("guess").error().code == errc::overloaded;
  CHECK(slowed);
}

TEST_CASE("access: parties hand each other messages under their own names") {
  front_desk f;
  const auto a = f.log_in(f.add(talker("one"))).value();
  const auto b = f.log_in(f.add(talker("two"))).value();
  const auto c = f.log_in(f.add(made("three"))).value();
  CHECK(f.sending(a, "two") == errc::unavailable);
  auto listening = f.listen(b).value();
  CHECK(f.send(a, "two")->status.domain == "heard from one");
  auto settle = status_question();
  settle.which = msg::message::which_t::settle;
  CHECK(f.send(a, "two", settle).error().code == errc::denied);
  CHECK(f.sending(c, "two") == errc::denied);
  CHECK(f.listen(c).error().code == errc::denied);
  listening = nullptr;
  CHECK(eventually([&] { return f.sending(a, "two") == errc::unavailable; }));
}

TEST_CASE("access: a party that was cut off does not take its new session along") {
  front_desk f;
  const auto a = f.log_in(f.add(talker("one"))).value();
  const auto old = f.log_in(f.add(talker("two"))).value();
  const auto old_ear = f.listen(old).value();
  const auto b = f.log_in(f.add(talker("two"))).value();
  const auto listening = f.listen(b).value();
  CHECK(eventually([&] { return f.listen(old).error().code == errc::denied; }));
  CHECK(f.sending(a, "two") == errc{});
  CHECK(ask<msg::registration_check_result>(f.w.system, listening, msg::registration_check{})
            ->in_force);
}

TEST_CASE("access: messages reach parties at other access nodes, and no revoked ones") {
  front_desk f;
  access_node other(f, "other");
  f.own.knows("other", other.post);
  other.knows("own", f.own.post);
  const auto a = f.own.log_in(f.add(talker("one"))).value();
  const auto b = other.log_in(f.add(talker("two"))).value();
  CHECK(f.sending(a, "two") == errc::unavailable);
  const auto listening = f.listen(b).value();
  CHECK(f.send(a, "two")->status.domain == "heard from one");
  const auto back = f.listen(a).value();
  CHECK(f.send(b, "one")->status.domain == "heard from two");
  SECTION("the receiver is revoked") {
    f.own.revoke("two");
    CHECK(eventually([&] { return f.sending(a, "two") == errc::unavailable; }));
    CHECK(f.sending(b, "one") == errc::denied);
  }
  SECTION("the sender is revoked") {
    other.revoke("one");
    CHECK(eventually([&] { return f.sending(a, "two") == errc::denied; }));
    CHECK(eventually([&] { return f.sending(b, "one") == errc::unavailable; }));
  }
  SECTION("a node goes") {
    caf::anon_send(f.own.post, services::post_down{"other"});
    CHECK(eventually([&] { return f.sending(a, "two") == errc::unavailable; }));
    CHECK(f.send(b, "one")->status.domain == "heard from two");
  }
}

TEST_CASE("access: a sender whose own node has not heard of its revocation is refused") {
  front_desk f;
  const auto b = f.log_in(f.add(talker("two"))).value();
  const auto listening = f.listen(b).value();
  const auto token = f.add(talker("one"));
  const auto deliver = [&](const std::string& t, const std::string& name) {
    auto r = ask<msg::party_post_deliver_result>(
        f.w.system, f.own.post,
        msg::party_post_deliver{name, services::token_hash(t), "two", status_question()});
    return r ? r->reply.status.domain : std::string(to_string(r.error().code));
  };
  // The name is the catalogue's.
  CHECK(deliver(token, "another") == "heard from one");
  CHECK(deliver("no token", "one") == to_string(errc::denied));
  CHECK(deliver(f.add(made("mute")), "mute") == to_string(errc::denied));
  f.own.revoke("one");
  CHECK(deliver(token, "one") == to_string(errc::denied));
}

TEST_CASE("access: a later session takes the place at whichever access node") {
  front_desk f;
  access_node other(f, "other");
  f.own.knows("other", other.post);
  other.knows("own", f.own.post);
  const auto token = f.add(talker("two"));
  const auto here = f.own.log_in(token).value();
  const auto there = other.log_in(token).value();
  const auto first = f.listen(here).value();
  std::this_thread::sleep_for(5ms);
  const auto second = f.listen(there).value();
  const auto in_force = [&](const auto& r) {
    return ask<msg::registration_check_result>(f.w.system, r, msg::registration_check{})->in_force;
  };
  CHECK(eventually([&] { return !in_force(first); }));
  CHECK(in_force(second));
  const auto a = f.own.log_in(f.add(talker("one"))).value();
  CHECK(f.sending(a, "two") == errc{});
}

TEST_CASE("access: a node that hangs does not keep a message from those that answer") {
  front_desk f;
  access_node other(f, "other");
  const msg::party_post_actor hung = spawn_on<silent_post>(f.home);
  f.own.knows("hung", hung);
  f.own.knows("other", other.post);
  const auto a = f.own.log_in(f.add(talker("one"))).value();
  const auto b = other.log_in(f.add(talker("two"))).value();
  const auto listening = f.listen(b).value();
  const auto begun = std::chrono::steady_clock::now();
  CHECK(f.sending(a, "two") == errc{});
  CHECK(std::chrono::steady_clock::now() - begun < 1500ms);
  const auto nobody = f.send(a, "three").error();
  CHECK(nobody.code == errc::unavailable);
  CHECK(nobody.text == "three listens at no access node that answers (1 does not)");
  CHECK(std::chrono::steady_clock::now() - begun < 8s);
}

TEST_CASE("access: what one party may send is limited, wherever the receiver is") {
  front_desk f;
  access_node other(f, "other");
  f.own.knows("other", other.post);
  const auto a = f.own.log_in(f.add(talker("one"))).value();
  const auto b = (GENERATE(true, false) ? other : f.own).log_in(f.add(talker("two"))).value();
  const auto listening = f.listen(b).value();
  auto large = status_question();
  large.which = msg::message::which_t::publish;
  large.publish.records.resize(1);
  large.publish.records[0].metadata = slice(bytes(services::max_message_bytes + 1));
  CHECK(f.send(a, "two", large).error().code == errc::too_large);
  // Those that are not answered take its places.
  auto names = status_question();
  names.which = msg::message::which_t::names;
  caf::scoped_actor self{f.w.system};
  for (std::size_t i = 0; i < services::max_messages_in_work; ++i)
    self->send(a, msg::access_service_send{"two", names});
  CHECK(eventually([&] {
    const auto refused = f.send(a, "two");
    return !refused && refused.error().text.find("unanswered") != std::string::npos;
  }));
  CHECK(f.sending(b, "two") == errc{});
}

TEST_CASE("access: messages from other access nodes have a bound, whoever sends them") {
  front_desk f;
  const auto hash = services::token_hash(f.add(talker("one")));
  // Without a session, whose calls have a bound of their own.
  const auto listens = [&](const msg::bridge_actor& ear) {
    return ask<msg::access_service_listen_result>(f.w.system, f.own.post,
                                                  services::party_listens{"two", 1, ear})
        .value()
        .listening;
  };
  msg::bridge_actor ear = spawn_on<test_bridge>(f.home);
  auto listening = listens(ear);
  const auto deliver = [&] {
    auto r = ask<msg::party_post_deliver_result>(
        f.w.system, f.own.post, msg::party_post_deliver{"one", hash, "two", status_question()});
    return r ? error{errc{}, {}} : r.error();
  };
  auto unanswered = status_question();
  unanswered.which = msg::message::which_t::names;
  const auto begin = [&](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
      caf::anon_send(f.own.post, msg::party_post_deliver{"one", hash, "two", unanswered});
  };
  begin(services::max_messages_from_others - 1);
  CHECK(deliver().code == errc{});
  begin(1);
  CHECK(deliver().code == errc::overloaded);
  CHECK(deliver().text == "too many messages are in work");
  // Parties of this node are not held up by others', and places come back.
  const auto b = f.log_in(f.add(talker("three"))).value();
  CHECK(f.sending(b, "two") == errc{});
  caf::anon_send_exit(ear, caf::exit_reason::user_shutdown);
  ear = spawn_on<test_bridge>(f.home);
  listening = listens(ear);
  CHECK(eventually([&] { return deliver().code == errc{}; }));
  begin(services::max_messages_from_others);
  CHECK(deliver().code == errc::overloaded);
}
