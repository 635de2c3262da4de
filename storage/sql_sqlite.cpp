#include "schema/base/encoding.hpp"
#include "storage/limits.hpp"
#include "storage/sql.hpp"

#include <soci/sqlite3/soci-sqlite3.h>

namespace interswarm {

namespace {

class sqlite : public sql_session {
public:
  sqlite(const std::string& path, const table_set& tables)
      : sql_session("database " + printable(path)), path_(path), tables_(tables) {}

  result<void> begin_call() override {
    if (open_) return {};
    sql.open("sqlite3", "dbname=\"" + path_ + "\"");
    sql << "pragma busy_timeout = " + std::to_string(limits::database_busy_ms);
    std::string mode;
    sql << "pragma journal_mode = wal", soci::into(mode);
    sql << "pragma synchronous = full";
    sql << "pragma foreign_keys = off";
    auto ok = migrate(*this, tables_);
    open_ = ok.has_value();
    return ok;
  }

  void begin(sql_access access) override {
    sql << (access == sql_access::write ? "begin immediate" : "begin");
  }
  void commit(sql_access /*access*/) override { sql << "commit"; }
  void rollback() noexcept override {
    try {
      sql << "rollback";
    } catch (const std::exception&) {
      // SQLite has already rolled back what it could not write.
    }
  }

  found_tables find_tables(const std::string& name) override {
    found_tables out;
    sql << "select count(*), coalesce(sum(name = :name), 0) from sqlite_master where "
           "type = 'table'",
        soci::use(name, "name"), soci::into(out.all), soci::into(out.ours);
    return out;
  }

  std::string in_dialect(std::string_view statement) const override {
    if (statement.starts_with("postgresql:")) return {};
    if (statement.starts_with("sqlite:")) statement.remove_prefix(7);
    return std::string(statement);
  }

  error error_of(const std::exception& e, const std::string& doing) override {
    auto code = errc::io;
    std::string hint;
    if (const auto* known = dynamic_cast<const soci::sqlite3_soci_error*>(&e)) {
      switch (known->result() & 0xff) {
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

private:
  std::string path_;
  const table_set& tables_;
  bool open_ = false;
};

} // namespace

std::unique_ptr<sql_session> sqlite_session(const std::string& path, const table_set& tables) {
  return std::make_unique<sqlite>(path, tables);
}

} // namespace interswarm
