#include "schema/base/encoding.hpp"
#include "storage/catalogue.hpp"
#include "storage/database.hpp"
#include "storage/ledger.hpp"
#include "storage/limits.hpp"
#include "storage/migrations.hpp"
#include "storage/name_table.hpp"
#include "storage/party_table.hpp"
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

TEST_CASE("what an older version wrote is found by its words, properties, tenant and token") {
  const scratch_folder folder;
  const auto path = folder.file("old.db");
  const table_set old{name_tables().version_table, name_tables().steps.first(3)};
  REQUIRE(database::open(path, old));
  const std::string id(64, 'a');
  const auto sql =
      "insert into contents values ('" + id + "', 5, x'00');" +
      "insert into publications values (7, '" + id +
      "', 'alice', 'A Film', 'video/mp4', char(10) || 'codec=h264' || char(10), '', 1, 1, 0);"
      "insert into publication_words values ('a', 7), ('film', 7), ('codec=h264', 7);"
      "insert into names values (3, 'ed2k', '0102', 3, 5, '', 1, 0, 'A Film', '', 0);"
      "insert into names values (4, 'ed2k', '0103', 4, 5, '', 1, 0, '', '', 0);"
      "insert into title_words values ('a', 3), ('film', 3);"
      "insert into parties values ('tracker', '" +
      id + "', '', '', 1, 0, 0, 9)";
  run_sql(path, sql.c_str());
  const auto db = database::open(path).value();
  const catalogue books(*db);
  msg::query q;
  q.words = "a fil";
  q.property = {"codec", "h264"};
  q.tenant = "alice";
  q.media_type = "video/";
  q.open_only = true;
  REQUIRE(books.list(q, 0, 10, 2)->size() == 1);
  q.property.value = "h265";
  CHECK(books.list(q, 0, 10, 2)->empty());
  CHECK(books.usage("alice", 2)->bytes == 5);
  const auto names = name_table::open(*db).value();
  CHECK(names->search("film", 10, 2)->size() == 1);
  CHECK(names->list(10, 0, 2)->size() == 2);
  const auto tracker = party_table(*db).find_token(from_hex(id).value()).value();
  CHECK(tracker.name == "tracker");
  CHECK(tracker.account.empty());
  CHECK(tracker.added_at == 9);
}
