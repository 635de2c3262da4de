#include "storage/limits.hpp"
#include "storage/party_table.hpp"
#include "tests/catch.hpp"
#include "tests/fresh_database.hpp"

using namespace interswarm;

namespace {

party made(const std::string& name, byte token) {
  party p;
  p.name = name;
  p.token_hash = slice(bytes(32, token));
  p.tenants = {"studio", "archive"};
  p.overlays = {"bittorrent"};
  p.account = "studio";
  p.message = true;
  p.added_at = 1000;
  return p;
}

struct gatehouse {
  fresh_database fresh;
  std::unique_ptr<database> db = database::open(fresh.place()).value();
  party_table parties{*db};
};

} // namespace

TEST_CASE("party table: a token finds its party, a new one replaces it") {
  gatehouse g;
  REQUIRE(g.parties.add(made("tracker", 1)));
  CHECK(g.parties.find_token(bytes(32, 1)).value() == made("tracker", 1));
  CHECK(g.parties.find_token(bytes(32, 2)).error().code == errc::not_found);
  auto again = made("tracker", 2);
  again.tenants = {};
  again.account.clear();
  again.take = false;
  REQUIRE(g.parties.add(again));
  CHECK(g.parties.find_token(bytes(32, 1)).error().code == errc::not_found);
  CHECK(g.parties.find_token(bytes(32, 2)).value() == again);
  // Two parties with one token cannot be.
  CHECK_FALSE(g.parties.add(made("other", 2)));
  CHECK(g.parties.list()->size() == 1);
}

TEST_CASE("party table: who is revoked stays so until it is entered anew") {
  gatehouse g;
  REQUIRE(g.parties.add(made("b", 1)));
  REQUIRE(g.parties.add(made("a", 2)));
  CHECK(g.parties.revoke("c").error().code == errc::not_found);
  REQUIRE(g.parties.revoke("b"));
  CHECK(g.parties.find_token(bytes(32, 1))->revoked);
  const auto all = g.parties.list().value();
  REQUIRE(all.size() == 2);
  CHECK(all[0].name == "a");
  CHECK(all[1].revoked);
  REQUIRE(g.parties.add(made("b", 3)));
  CHECK_FALSE(g.parties.find_token(bytes(32, 3))->revoked);
}

TEST_CASE("party table: what cannot be entered") {
  gatehouse g;
  auto p = made("", 1);
  CHECK(g.parties.add(p).error().code == errc::malformed);
  p = made("line\nend", 1);
  CHECK(g.parties.add(p).error().code == errc::malformed);
  p = made("x", 1);
  p.token_hash = slice(bytes(31));
  CHECK(g.parties.add(p).error().code == errc::malformed);
  p = made("x", 1);
  p.account = "a\nb";
  CHECK(g.parties.add(p).error().code == errc::malformed);
  p.account = std::string(limits::domain_bytes + 1, 'a');
  CHECK(g.parties.add(p).error().code == errc::malformed);
  p.account.clear();
  p.tenants = {"a\nb"};
  CHECK(g.parties.add(p).error().code == errc::malformed);
  p.tenants.assign(limits::party_texts + 1, "t");
  CHECK(g.parties.add(p).error().code == errc::too_large);
}
