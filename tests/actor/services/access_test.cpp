#include "actors/services/access_service.hpp"
#include "tests/actor/services/publish_fixture.hpp"

using namespace interswarm;
using namespace interswarm::services::testing;
namespace services = interswarm::services;

namespace {

/// Answers messages with its own name and who sent them.
class test_bridge final : public loop_actor<msg::bridge_actor> {
public:
  using loop_actor::loop_actor;
  behavior_type make_behavior() override {
    return {[](const msg::bridge_handle& x) {
      msg::bridge_handle_result out;
      out.reply.which = msg::reply::which_t::status;
      out.reply.status.domain = "heard from " + x.message.domain;
      return out;
    }};
  }
};

/// An access node: a library over the press's catalogue, and the desk that lets parties in.
struct front_desk : press {
  front_desk() {
    books = bridge::spawn_name_transfer(w.new_loop("books"), folder.file("books.db")).value();
    services::library_context ctx;
    ctx.books = books;
    ctx.network = network;
    ctx.parties_changed = [this] { caf::anon_send(desk_, services::parties_changed{}); };
    shelf = spawn_on<services::library>(home, std::move(ctx));
    desk_ = services::spawn_access_desk(home, shelf);
    caf::anon_send(shelf, services::catalogue_up{"own", msg::catalogue_actor(desk)});
    // Until the library watches the catalogue.
    REQUIRE(eventually([&] {
      return ask<msg::catalogue_parties_result>(w.system, shelf, msg::catalogue_parties{})
          .has_value();
    }));
  }
  ~front_desk() {
    caf::anon_send_exit(desk_, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(shelf, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(books, caf::exit_reason::user_shutdown);
  }
  std::string add(msg::party p) {
    return ask<msg::catalogue_add_party_result>(w.system, shelf, msg::catalogue_add_party{p})
        .value()
        .token;
  }
  result<msg::access_service_actor> log_in(const std::string& token) {
    auto r = ask<services::logged_in>(w.system, desk_, services::login{token});
    if (!r) return tl::unexpected(r.error());
    return r->access;
  }
  errc opening(const msg::access_service_actor& a, const slice& id) {
    auto r = ask<msg::access_service_open_result>(w.system, a, msg::access_service_open{id});
    return r ? errc{} : r.error().code;
  }

  bridge::name_transfer_actor books;
  services::library_actor shelf;
  services::access_desk_actor desk_;
};

msg::party made(const std::string& name) {
  msg::party p;
  p.name = name;
  p.take = true;
  return p;
}

} // namespace

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
  auto one = made("one");
  auto two = made("two");
  one.message = two.message = true;
  const auto a = f.log_in(f.add(one)).value();
  const auto b = f.log_in(f.add(two)).value();
  const auto c = f.log_in(f.add(made("three"))).value();
  const auto send = [&](const auto& from, const std::string& to,
                        msg::message::which_t which = msg::message::which_t::status) {
    msg::access_service_send x;
    x.to = to;
    x.message.which = which;
    x.message.domain = "somebody else";
    return ask<msg::access_service_send_result>(f.w.system, from, x);
  };
  CHECK(send(a, "two").error().code == errc::unavailable);
  const msg::bridge_actor ear = spawn_on<test_bridge>(f.home);
  auto listening =
      ask<msg::access_service_listen_result>(f.w.system, b, msg::access_service_listen{ear});
  REQUIRE(listening);
  CHECK(send(a, "two")->reply.status.domain == "heard from one");
  CHECK(send(a, "two", msg::message::which_t::settle).error().code == errc::denied);
  CHECK(send(c, "two").error().code == errc::denied);
  CHECK(ask<msg::access_service_listen_result>(f.w.system, c, msg::access_service_listen{ear})
            .error()
            .code == errc::denied);
  listening->listening = nullptr;
  CHECK(eventually([&] { return send(a, "two").error().code == errc::unavailable; }));
}
