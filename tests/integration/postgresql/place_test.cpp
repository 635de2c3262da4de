// Which places and databases are taken, and which texts come back as they were.
#include "storage/chunk_index.hpp"
#include "tests/integration/postgresql/server.hpp"
#include "tests/integration/postgresql/writings.hpp"

using namespace interswarm;
using namespace interswarm::postgresql_testing;

TEST_CASE("postgresql: what is no database for us is refused with one line") {
  auto& server = shared_server();
  {
    const fresh_database fresh;
    const auto schema = schema_of(fresh);
    server.run("create table " + schema + ".theirs (x integer)");
    const auto theirs = database::open(fresh.place());
    CHECK(theirs.error().code == errc::malformed);
    check_text(theirs.error());
  }
  const fresh_database fresh;
  const auto schema = schema_of(fresh);
  REQUIRE(database::open(fresh.place()));
  server.run("update " + schema + ".interswarm_version set version = 99");
  const auto newer = database::open(fresh.place());
  CHECK(newer.error().code == errc::conflict);
  check_text(newer.error());

  const auto none = database::open(server.uri("-csearch_path=no_such_schema"));
  REQUIRE_FALSE(none);
  CHECK(none.error().text.find("search_path") != std::string::npos);
  check_text(none.error());
  auto wrong = server.uri();
  wrong.replace(wrong.find("tester:") + 7, 4, "secret");
  const auto denied = database::open(wrong);
  CHECK(denied.error().code == errc::unavailable);
  CHECK(denied.error().text.find("password authentication failed") != std::string::npos);
  CHECK(denied.error().text.find("secret") == std::string::npos);
  check_text(denied.error());
  CHECK(chunk_index::open(server.uri()).error().code == errc::configuration);

  server.run("create database latin encoding 'LATIN1' template template0 locale 'C' "
             "locale_provider 'libc'");
  auto latin = server.uri();
  latin.replace(latin.find("/postgres?"), 10, "/latin?");
  const auto refused = database::open(latin);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text.find("encoding UTF8") != std::string::npos);
}

TEST_CASE("postgresql: key words of libpq, and long keys, and text of any language") {
  const fresh_database fresh;
  const auto schema = schema_of(fresh);
  const auto db =
      database::open("postgresql://host=127.0.0.1 port=" + std::to_string(shared_server().port()) +
                     " user=tester dbname=postgres password='p@ss/w:rd?#%\\'\\\\' "
                     "options=-csearch_path=" +
                     schema);
  REQUIRE(db);
  const auto names = name_table::open(**db).value();
  const auto key = [](byte fill) {
    bytes out(limits::name_key_bytes, 0);
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = static_cast<byte>((i * 2654435761U * fill) >> 13);
    return slice(std::move(out));
  };
  auto a = record(1), b = record(2);
  a.name.key = key(3);
  b.name.key = key(5);
  REQUIRE(names->link({a, b}));
  REQUIRE(names->refute(a.name, b.name, 5));
  CHECK(names->is_refuted(b.name, a.name).value());
  // A word's beginning is found by its bytes, which a language would order in another way.
  for (const auto* title : {"co-op", "COOP", "coöperate", "coop_b", "\xF4\x8F\xBF\xBF end"}) {
    auto r = record(static_cast<unsigned>(std::string_view(title).size()) + 100);
    r.title = title;
    REQUIRE(names->learn(r));
  }
  CHECK(names->search("coo", 10, 0)->size() == 2);
  CHECK(names->search("co", 10, 0)->size() == 4);
  CHECK(names->search("\xF4\x8F\xBF\xBF", 10, 0)->size() == 1);
  CHECK(names->find({"\xFF", slice(bytes{1})}, 0).error().code == errc::malformed);

  catalogue books(**db);
  auto p = made(1);
  p.properties = {{"who", std::string(59, 'x') + "\xC3\xA9\xC3\xA9"}};
  REQUIRE(publish(books, p));
  msg::query q;
  q.property = p.properties.front();
  CHECK(books.list(q, 0, 10, 2000)->size() == 1);
  q = {};
  q.words = "film \xFF\xFE";
  CHECK(books.list(q, 0, 10, 2000)->size() == 1);
}
