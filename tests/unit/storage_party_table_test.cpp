#include "storage/limits.hpp"
#include "storage/party_table.hpp"
#include "tests/catch.hpp"
#include "tests/fresh_database.hpp"

using namespace interswarm;

namespace {

msg::party made(const std::string& name) {
  msg::party p;
  p.name = name;
  p.tenants = {"studio", "archive"};
  p.overlays = {"bittorrent"};
  p.account = "studio";
  p.take = true;
  p.message = true;
  p.added_at = 1000;
  return p;
}

bytes hash(byte token) { return bytes(32, token); }

struct gatehouse {
  fresh_database fresh;
  std::unique_ptr<database> db = database::open(fresh.place()).value();
  party_table parties{*db};
};

} // namespace

TEST_CASE("party table: a token finds its party, a new one replaces it") {
  gatehouse g;
  REQUIRE(g.parties.add(made("tracker"), hash(1)));
  CHECK(g.parties.find_token(hash(1)).value() == made("tracker"));
  CHECK(g.parties.find_token(hash(2)).error().code == errc::not_found);
  auto again = made("tracker");
  again.tenants = {};
  again.account.clear();
  again.take = false;
  REQUIRE(g.parties.add(again, hash(2)));
  CHECK(g.parties.find_token(hash(1)).error().code == errc::not_found);
  CHECK(g.parties.find_token(hash(2)).value() == again);
  // Two parties with one token cannot be.
  CHECK_FALSE(g.parties.add(made("other"), hash(2)));
  CHECK(g.parties.list()->size() == 1);
}

TEST_CASE("party table: who is revoked stays so until it is entered anew") {
  gatehouse g;
  REQUIRE(g.parties.add(made("b"), hash(1)));
  REQUIRE(g.parties.add(made("a"), hash(2)));
  CHECK(g.parties.revoke("c").error().code == errc::not_found);
  REQUIRE(g.parties.revoke("b"));
  CHECK(g.parties.find_token(hash(1))->revoked);
  const auto all = g.parties.list().value();
  REQUIRE(all.size() == 2);
  CHECK(all[0].name == "a");
  CHECK(all[1].revoked);
  REQUIRE(g.parties.add(made("b"), hash(3)));
  CHECK_FALSE(g.parties.find_token(hash(3))->revoked);
}

TEST_CASE("party table: what cannot be entered") {
  gatehouse g;
  const auto adding = [&](const msg::party& p, std::size_t hash_bytes = 32) {
    const auto ok = g.parties.add(p, bytes(hash_bytes, 1));
    return ok ? errc{} : ok.error().code;
  };
  CHECK(adding(made("")) == errc::malformed);
  CHECK(adding(made("line\nend")) == errc::malformed);
  CHECK(adding(made("x"), 31) == errc::malformed);
  auto p = made("x");
  p.account = "a\nb";
  CHECK(adding(p) == errc::malformed);
  p.account = std::string(limits::domain_bytes + 1, 'a');
  CHECK(adding(p) == errc::malformed);
  p.account.clear();
  p.tenants = {"a\nb"};
  CHECK(adding(p) == errc::malformed);
  p.tenants.assign(limits::party_texts + 1, "t");
  CHECK(adding(p) == errc::too_large);
  CHECK(g.parties.list()->empty());
}
