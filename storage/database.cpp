#include "storage/database.hpp"

#include "schema/base/encoding.hpp"
#include "storage/limits.hpp"
#include "storage/migrations.hpp"
#include "storage/sql.hpp"

#include <soci/sqlite3/soci-sqlite3.h>

namespace interswarm {

namespace {

/// Everything that only SQLite understands is in this function and in sql_transaction.
void prepare_sqlite(soci::session& sql) {
  sql << "pragma busy_timeout = " + std::to_string(limits::database_busy_ms);
  std::string mode;
  sql << "pragma journal_mode = wal", soci::into(mode);
  sql << "pragma synchronous = full";
  sql << "pragma foreign_keys = off";
}

/// The version of an open database; 0 when it has no table at all.
result<int> read_version(soci::session& sql, const std::string& path, const table_set& wanted) {
  const std::string marker = wanted.version_table;
  int ours = 0;
  int tables = 0;
  sql << "select count(*), coalesce(sum(name = :marker), 0) from sqlite_master where "
         "type = 'table'",
      soci::use(marker, "marker"), soci::into(tables), soci::into(ours);
  if (tables == 0) return 0;
  if (ours == 0) {
    return fail(errc::malformed,
                printable(path) + " is a database of another program; name a file of our own");
  }
  int version = 0;
  sql << "select version from " + marker, soci::into(version);
  return version;
}

result<void> migrate(sql_session& s, const std::string& path, const table_set& wanted) {
  // Under the write lock: two processes that start at once must not both migrate.
  sql_transaction t(s);
  const std::string marker = wanted.version_table;
  const auto found = read_version(s.sql, path, wanted);
  if (!found) return tl::unexpected(found.error());
  const auto newest = wanted.steps.back().number;
  if (*found > newest) {
    return fail(errc::conflict,
                "database " + printable(path) + " is of version " + std::to_string(*found) +
                    ", this program knows versions up to " + std::to_string(newest) +
                    "; use the newer interswarm that wrote it");
  }
  if (*found == 0) {
    s.sql << "create table " + marker + " (version integer not null)";
    s.sql << "insert into " + marker + " (version) values (0)";
  }
  for (const auto& m : wanted.steps) {
    if (m.number <= *found) continue;
    for (const auto* statement : m.statements) s.sql << std::string(statement);
    s.sql << "update " + marker + " set version = :v", soci::use(m.number, "v");
  }
  t.commit();
  return {};
}

} // namespace

int database::current_version() { return name_tables().steps.back().number; }

result<std::unique_ptr<database>> database::open(const std::string& path) {
  return open(path, name_tables());
}

result<std::unique_ptr<database>> database::open(const std::string& path, const table_set& tables) {
  if (path.empty() || path.find('"') != std::string::npos || path.find('\0') != std::string::npos) {
    return fail(errc::io, "a database cannot have the name '" + printable(path) + "'");
  }
  const auto doing = "open the database " + printable(path);
  return sql_guard(doing.c_str(), [&]() -> result<std::unique_ptr<database>> {
    auto s = std::make_unique<sql_session>("dbname=\"" + path + "\"");
    prepare_sqlite(s->sql);
    if (auto ok = migrate(*s, path, tables); !ok) return tl::unexpected(ok.error());
    return std::unique_ptr<database>(new database(std::move(s)));
  });
}

database::database(std::unique_ptr<sql_session> s) : session_(std::move(s)) {}
database::~database() = default;

sql_transaction::sql_transaction(sql_session& s) : session_(s) { s.sql << "begin immediate"; }

void sql_transaction::commit() {
  session_.sql << "commit";
  open_ = false;
}

sql_transaction::~sql_transaction() {
  if (!open_) return;
  try {
    session_.sql << "rollback";
  } catch (const std::exception&) {
    // SQLite has already rolled back what it could not write.
  }
}

error sql_error(const std::exception& e, const std::string& doing) {
  auto code = errc::io;
  std::string hint;
  if (const auto* sqlite = dynamic_cast<const soci::sqlite3_soci_error*>(&e)) {
    switch (sqlite->result() & 0xff) {
    case SQLITE_FULL: hint = " (the disk is full; free some space)"; break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      code = errc::unavailable;
      hint = " (another process is writing it)";
      break;
    case SQLITE_CONSTRAINT: code = errc::conflict; break;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      code = errc::malformed;
      hint = " (not a database, or damaged; restore it from a copy or name another file)";
      break;
    default: break;
    }
  }
  std::string why = e.what();
  if (const auto* soci_error = dynamic_cast<const soci::soci_error*>(&e))
    why = soci_error->get_error_message();
  return {code, "cannot " + doing + ": " + printable(why) + hint};
}

} // namespace interswarm
