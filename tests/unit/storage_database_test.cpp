#include "storage/database.hpp"
#include "tests/catch.hpp"
#include "tests/scratch.hpp"

#include <fstream>
#include <sqlite3.h>

using namespace interswarm;

namespace {

void run_sql(const std::string& path, const char* statement) {
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &db) == SQLITE_OK);
  const auto code = sqlite3_exec(db, statement, nullptr, nullptr, nullptr);
  sqlite3_close(db);
  REQUIRE(code == SQLITE_OK);
}

} // namespace

TEST_CASE("a database is made once and opened again") {
  const scratch_folder folder;
  const auto path = folder.file("names with space.db");
  REQUIRE(database::open(path));
  REQUIRE(database::open(path));
  REQUIRE(database::open(":memory:"));
}

TEST_CASE("a newer database is refused with one line") {
  const scratch_folder folder;
  const auto path = folder.file("new.db");
  REQUIRE(database::open(path));
  run_sql(path, "update interswarm_version set version = 99");
  const auto opened = database::open(path);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == errc::conflict);
  CHECK(opened.error().text == "database " + path +
                                   " is of version 99, this program knows versions up to " +
                                   std::to_string(database::current_version()) +
                                   "; use the newer interswarm that wrote it");
}

TEST_CASE("what is no database of ours is refused and left alone") {
  const scratch_folder folder;
  const auto other = folder.file("other.db");
  run_sql(other, "create table theirs (x integer)");
  CHECK(database::open(other).error().code == errc::malformed);
  const auto text = folder.file("text.db");
  const std::string line(4096, 'x');
  std::ofstream(text) << line;
  CHECK(database::open(text).error().code == errc::malformed);
  std::string now;
  std::ifstream(text) >> now;
  CHECK(now == line);
  CHECK(database::open(folder.file("no/such/folder.db")).error().code == errc::io);
  CHECK(database::open("a\"b").error().code == errc::io);
  CHECK(database::open("").error().code == errc::io);
}
