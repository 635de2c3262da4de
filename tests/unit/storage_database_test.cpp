#include "storage/database.hpp"
#include "storage/ledger.hpp"
#include "storage/limits.hpp"
#include "tests/catch.hpp"
#include "tests/scratch.hpp"

#include <chrono>
#include <fstream>
#include <sqlite3.h>
#include <thread>

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

TEST_CASE("another process's lock is waited for, then told") {
  const scratch_folder folder;
  const auto path = folder.file("shared.db");
  const auto db = database::open(path).value();
  ledger book(*db);
  msg::ledger_entry entry;
  entry.receipt = slice(bytes(16, 1));
  entry.content_name = {"ed2k", slice(bytes(3, 1))};
  sqlite3* other = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &other) == SQLITE_OK);
  REQUIRE(sqlite3_exec(other, "begin immediate", nullptr, nullptr, nullptr) == SQLITE_OK);
  std::thread soon([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    sqlite3_exec(other, "rollback", nullptr, nullptr, nullptr);
  });
  CHECK(book.record(entry));
  soon.join();
  REQUIRE(sqlite3_exec(other, "begin immediate", nullptr, nullptr, nullptr) == SQLITE_OK);
  const auto begin = std::chrono::steady_clock::now();
  const auto refused = book.record(entry);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == errc::unavailable);
  CHECK(std::chrono::steady_clock::now() - begin >=
        std::chrono::milliseconds(limits::database_busy_ms - 100));
  sqlite3_close(other);
  CHECK(book.record(entry));
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
