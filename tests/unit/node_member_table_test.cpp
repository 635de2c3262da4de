#include "actors/node/member_table.hpp"
#include "tests/catch.hpp"

using namespace interswarm;
using namespace std::chrono_literals;

namespace {

using instant = member_table::instant;

msg::member made(const std::string& id, std::uint64_t beat = 1, std::uint64_t instance = 1,
                 std::vector<msg::role> roles = {msg::role::storage}) {
  msg::member m;
  m.id = id;
  m.address = id + ":7400";
  m.roles = std::move(roles);
  m.beat = beat;
  m.instance = instance;
  return m;
}

std::vector<std::string> ids(const member_table& t) {
  std::vector<std::string> out;
  for (const auto& m : t.all()) out.push_back(m.id);
  return out;
}

using names = std::vector<std::string>;
constexpr instant start{1h};

} // namespace

TEST_CASE("member table: what members tell each other spreads") {
  member_table t(made("own"));
  REQUIRE(t.heard({made("b"), made("c")}, start));
  CHECK(ids(t) == names{"own", "b", "c"});
  CHECK(t.find("c")->address == "c:7400");
  CHECK(t.find("d") == nullptr);
  // What others tell of this process is not taken.
  REQUIRE(t.heard({made("b", 2), made("own", 99)}, start));
  CHECK(t.own().beat == 1);
  t.beat();
  CHECK(t.all().front().beat == 2);
}

TEST_CASE("member table: a silent member is forgotten and does not come back as an echo") {
  member_table t(made("own"));
  REQUIRE(t.heard({made("b", 1), made("c", 5)}, start));
  REQUIRE(t.heard({made("b", 2), made("c", 5)}, start + 20s));
  CHECK(t.forget_silent(start + 30s).empty());
  CHECK(t.forget_silent(start + 31s) == names{"c"});
  // Others may know it for longer, and may have heard it later than we did.
  REQUIRE(t.heard({made("b", 3), made("c", 5)}, start + 32s));
  CHECK(ids(t) == names{"own", "b"});
  REQUIRE(t.heard({made("b", 4), made("c", 6)}, start + 33s));
  CHECK(ids(t) == names{"own", "b", "c"});
  // Forgotten again, it comes back by itself, or as a later life of it.
  CHECK(t.forget_silent(start + 64s) == names{"b", "c"});
  REQUIRE(t.heard({made("c", 1, 2)}, start + 65s));
  CHECK(ids(t) == names{"own", "c"});
}

TEST_CASE("member table: two living processes cannot have one id") {
  member_table t(made("own"));
  CHECK(t.heard({made("own", 1, 2)}, start).error().code == errc::conflict);
  REQUIRE(t.heard({made("b", 7, 1)}, start));
  CHECK(t.heard({made("b", 1, 2)}, start + 5s).error().code == errc::conflict);
  // The first one died; its word may still come from others, and is old.
  REQUIRE(t.heard({made("b", 1, 2)}, start + 6s));
  REQUIRE(t.heard({made("c"), made("b", 8, 1)}, start + 7s));
  CHECK(t.find("b")->instance == 2);
  // A clock that was set back: the member itself is believed.
  REQUIRE(t.heard({made("b", 1, 1)}, start + 20s));
  CHECK(t.find("b")->instance == 1);
}

TEST_CASE("member table: the first of a role leads") {
  member_table t(made("m", 1, 1, {msg::role::service}));
  CHECK(t.leader(msg::role::service) == "m");
  CHECK(t.leader(msg::role::access).empty());
  REQUIRE(t.heard({made("a"), made("k", 1, 1, {msg::role::access, msg::role::service})}, start));
  CHECK(t.leader(msg::role::service) == "k");
  t.forget_silent(start + 31s);
  CHECK(t.leader(msg::role::service) == "m");
}

TEST_CASE("member table: hostile words") {
  member_table t(made("own"));
  CHECK(t.heard({}, start).error().code == errc::malformed);
  CHECK(t.heard({made("")}, start).error().code == errc::malformed);
  CHECK(t.heard({made("a\nb")}, start).error().code == errc::malformed);
  CHECK(t.heard({made(std::string(64, 'a'))}, start).error().code == errc::malformed);
  auto doors = made("a");
  doors.doors.resize(65);
  CHECK(t.heard({doors}, start).error().code == errc::malformed);
  std::vector<msg::member> many;
  for (std::size_t i = 0; i <= member_table::max_members; ++i)
    many.push_back(made("m" + std::to_string(i)));
  CHECK(t.heard(many, start).error().code == errc::too_large);
  many.pop_back();
  REQUIRE(t.heard(many, start));
  REQUIRE(t.heard({made("late")}, start));
  CHECK(t.all().size() == member_table::max_members);
}
