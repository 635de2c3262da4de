#include "tests/actor/services/accounts_fixture.hpp"

using namespace interswarm;
using namespace interswarm::services::testing;
namespace services = interswarm::services;
using kind = msg::account_kind;

namespace {

/// Lets parties in, and shows them accounts.
struct paying_guests : counting_house {
  paying_guests() {
    join();
    access = runtime::on(home, [&] {
      return services::spawn_access_desk(home, shelf, services::spawn_post_desk(home, shelf),
                                         deliveries);
    });
  }
  ~paying_guests() { caf::anon_send_exit(access, caf::exit_reason::user_shutdown); }
  std::string add(const msg::party& p) {
    return ask<msg::catalogue_add_party_result>(w.system, shelf, msg::catalogue_add_party{p})
        ->token;
  }
  /// A party that may see that tenant's account, unless it is empty.
  std::string add(const std::string& name, const std::string& account) {
    msg::party p;
    p.name = name;
    p.account = account;
    return add(p);
  }
  result<msg::access_service_actor> log_in(const std::string& token) {
    auto r = ask<services::logged_in>(w.system, access, services::login{token});
    if (!r) return tl::unexpected(r.error());
    return r->access;
  }
  result<msg::accounts_actor> shown(const msg::access_service_actor& session,
                                    const std::string& tenant) {
    auto r = ask<msg::access_service_accounts_result>(w.system, session,
                                                      msg::access_service_accounts{tenant});
    if (!r) return tl::unexpected(r.error());
    return r->accounts;
  }
  result<std::vector<msg::account>> list(const msg::accounts_actor& from, kind k) {
    auto r = ask<msg::accounts_list_result>(w.system, from, msg::accounts_list{{}, k, {}, 0});
    if (!r) return tl::unexpected(r.error());
    return r->accounts;
  }
  /// "studio" and "other" publish; "books" and "stranger" took of both.
  void trade() {
    const auto id = publish("studio", draft("Film"), content(5000, 7))->publication.content_id;
    REQUIRE(publish("other", draft("Another"), content(6000, 8))->failure.empty());
    const msg::name stored{std::string(services::stored_overlay), id};
    const auto took = [&](const char* tenant, const char* party, std::uint64_t count) {
      caf::anon_send(deliveries, services::delivered{"rpc", stored, tenant, party, count});
    };
    took("studio", "books", 30);
    took("other", "books", 500);
    took("studio", "stranger", 7000);
    REQUIRE(eventually([&] { return served("stranger", "rpc", kind::party) == 7000; }));
  }

  services::access_desk_actor access;
};

} // namespace

TEST_CASE("accounts: a party's session is charged to the tenant and noted for the party") {
  paying_guests h;
  const auto data = content(200'000, 3);
  auto closed = draft("Closed");
  closed.open = false;
  REQUIRE(h.publish("studio", closed, data)->failure.empty());
  const auto id = h.publish("other", closed, data)->publication.content_id;
  msg::party p;
  p.name = "tracker";
  p.take = true;
  p.tenants = {"other"};
  const auto session = h.log_in(h.add(p)).value();
  auto opened =
      ask<msg::access_service_open_result>(h.w.system, session, msg::access_service_open{id});
  REQUIRE(opened);
  for (int i = 0; i < 2; ++i) {
    msg::source_read q;
    q.range = {0, 200'000};
    q.deadline_ms = 5000;
    const auto got = ask<msg::source_read_result>(h.w.system, opened->source, q);
    REQUIRE(got);
    CHECK(equal(got->data, data));
    q.range = {0, 300'000};
    CHECK_FALSE(ask<msg::source_read_result>(h.w.system, opened->source, q));
  }
  // "studio" published first, but gives the party nothing.
  CHECK(eventually([&] { return h.served("other", "rpc") == 400'000; }));
  CHECK(h.served("studio", "rpc") == 0);
  CHECK(h.served("tracker", "rpc", msg::account_kind::party) == 400'000);
  CHECK(h.accounts("studio", msg::account_kind::party).empty());
  opened->source = nullptr;
}

TEST_CASE("accounts: a party sees what it took with its token, and nothing of others") {
  paying_guests h;
  h.trade();
  const auto session = h.log_in(h.add("books", "")).value();
  const auto own = h.shown(session, "").value();
  const auto found = h.list(own, kind::party).value();
  REQUIRE(found.size() == 1);
  CHECK(found[0].name == "books");
  CHECK(found[0].served == std::vector<msg::overlay_bytes>{{"rpc", 530}});
  CHECK(h.list(own, kind::tenant)->empty());
  const auto taken =
      ask<msg::accounts_deliveries_result>(h.w.system, own, msg::accounts_deliveries{{}, {}, 0});
  REQUIRE(taken->deliveries.size() == 2);
  for (const auto& d : taken->deliveries) CHECK(d.party == "books");
  const auto kept =
      ask<msg::accounts_keepings_result>(h.w.system, own, msg::accounts_keepings{{}, 0, 0});
  CHECK(kept->keepings.empty());
  for (const auto* tenant : {"studio", "other", "nobody", "books"})
    CHECK(h.shown(session, tenant).error().code == errc::denied);
}

TEST_CASE("accounts: a party sees its tenant's account if it may, whatever its own name") {
  paying_guests h;
  h.trade();
  // The tenant's name alone opens nothing.
  const auto namesake = h.log_in(h.add("studio", "")).value();
  CHECK(h.shown(namesake, "studio").error().code == errc::denied);
  CHECK(h.list(h.shown(namesake, "").value(), kind::party)->empty());
  const auto session = h.log_in(h.add("books", "studio")).value();
  CHECK(h.shown(session, "other").error().code == errc::denied);
  const auto from = h.shown(session, "studio").value();
  const auto found = h.list(from, kind::tenant).value();
  REQUIRE(found.size() == 1);
  CHECK(found[0].name == "studio");
  CHECK(found[0].stored_bytes == 5000);
  CHECK(found[0].served == std::vector<msg::overlay_bytes>{{"rpc", 7030}});
  const auto kept =
      ask<msg::accounts_keepings_result>(h.w.system, from, msg::accounts_keepings{{}, 0, 0});
  REQUIRE(kept->keepings.size() == 1);
  CHECK(kept->keepings[0].size == 5000);
}

TEST_CASE("accounts: a wrong token shows nothing, and a revoked one no more") {
  paying_guests h;
  h.trade();
  CHECK(h.log_in(std::string(64, '0')).error().code == errc::denied);
  const auto token = h.add("books", "studio");
  const auto session = h.log_in(token).value();
  const auto own = h.shown(session, "").value();
  const auto tenants = h.shown(session, "studio").value();
  REQUIRE(h.list(own, kind::party));
  REQUIRE(h.list(tenants, kind::tenant));
  REQUIRE(runtime::tell(h.w.system, h.shelf, msg::catalogue_revoke_party{"books"}));
  const auto cut = [&](const msg::accounts_actor& from) {
    const auto still = h.list(from, kind::party);
    return !still && still.error().code == errc::denied;
  };
  CHECK(eventually([&] { return cut(own) && cut(tenants); }));
  CHECK(h.log_in(token).error().code == errc::denied);
  // A party without a name would be everybody.
  CHECK(ask<msg::catalogue_party_accounts_result>(h.w.system, h.shelf,
                                                  msg::catalogue_party_accounts{""})
            .error()
            .code == errc::malformed);
}
