#include "storage/call_watch.hpp"
#include "storage/database.hpp"
#include "storage/postgresql_target.hpp"
#include "storage/row_bound.hpp"
#include "tests/catch.hpp"

#include <sys/socket.h>
#include <unistd.h>

using namespace interswarm;

TEST_CASE("a PostgreSQL place is told from a file") {
  CHECK(is_postgresql("postgresql://h/d"));
  CHECK(is_postgresql("postgres://h/d"));
  CHECK_FALSE(is_postgresql("postgresql.db"));
  CHECK_FALSE(is_postgresql("/var/lib/postgresql://x"));
}

TEST_CASE("a PostgreSQL URI becomes key words") {
  const auto t =
      parse_postgresql("postgres://me:a%40b%27%5C@db.example:5433/names?sslmode=require").value();
  CHECK(t.shown == "database names at db.example:5433");
  CHECK(t.conninfo == "application_name='interswarm' client_encoding='UTF8' connect_timeout='5' "
                      "dbname='names' host='db.example' password='a@b\\'\\\\' port='5433' "
                      "sslmode='require' target_session_attrs='read-write' user='me' ");
  CHECK(parse_postgresql("postgresql:///d?host=/run/pg&connect_timeout=9")
            ->conninfo.find("connect_timeout='9'") != std::string::npos);
  CHECK(parse_postgresql("postgresql://")->shown == "database (default) at the local socket");
  CHECK(parse_postgresql("postgresql://me@a,b/")->shown == "database me at a,b");
  const auto words = parse_postgresql("postgresql://host = /run/pg dbname=x password='y z'");
  CHECK(words->shown == "database x at /run/pg");
  CHECK(words->conninfo.find("password='y z'") != std::string::npos);
}

TEST_CASE("a PostgreSQL URI that is none is refused without repeating it") {
  for (const std::string place :
       {"postgresql://me:sec@ret@host/d", "postgresql://me:sec/ret@host/d",
        "postgresql://me:sec?ret@host/d?x@y", "postgresql://me:sec%zzret@host/d",
        "postgresql://h/d?secret=1", "postgresql://h:1/d?user", "postgresql://password='secret",
        "postgresql://password=sec ret", "postgresql://[secret/d"}) {
    CAPTURE(place);
    const auto t = parse_postgresql(place);
    REQUIRE_FALSE(t);
    CHECK(t.error().code == errc::configuration);
    CHECK(t.error().text.find("sec") == std::string::npos);
    CHECK(t.error().text.find("ret") == std::string::npos);
    CHECK(database::open(place).error() == t.error());
  }
  CHECK_FALSE(parse_postgresql(std::string("postgresql://h/d\0x", 18)));
}

TEST_CASE("a watch ends a wait, and only the one that took too long") {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  call_watch watch;
  watch.use(ends[0]);
  char c = 0;
  for (int i = 0; i < 3; ++i) {
    watch.begin(std::chrono::milliseconds(2000));
    REQUIRE(::write(ends[1], "x", 1) == 1);
    CHECK(::read(ends[0], &c, 1) == 1);
    watch.end();
    CHECK_FALSE(watch.expired());
  }
  watch.begin(std::chrono::milliseconds(0));
  watch.end();
  const auto begin = std::chrono::steady_clock::now();
  watch.begin(std::chrono::milliseconds(100)); // sooner than the thread would wake by itself
  CHECK(::read(ends[0], &c, 1) == 0);
  const auto waited = std::chrono::steady_clock::now() - begin;
  CHECK(waited >= std::chrono::milliseconds(100));
  CHECK(waited < std::chrono::milliseconds(1000));
  watch.end();
  CHECK(watch.expired());
  watch.begin(std::chrono::milliseconds(100));
  CHECK_FALSE(watch.expired());
  watch.end();
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_CASE("a bound of rows counts seldom and holds") {
  std::uint64_t rows = 0;
  int counts = 0;
  row_bound bound(1000);
  const auto count = [&] {
    ++counts;
    return rows;
  };
  while (bound.admit(count)) ++rows;
  CHECK(rows == 1000);
  CHECK(counts < 60);
  rows = 999;
  CHECK(bound.admit(count));
  row_bound nothing(0);
  CHECK_FALSE(nothing.admit([] { return std::uint64_t{0}; }));
}
