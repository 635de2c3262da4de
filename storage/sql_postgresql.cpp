#include "storage/sql.hpp"
#include "schema/base/encoding.hpp"
#include "storage/call_watch.hpp"
#include "storage/limits.hpp"

#include <algorithm>
#include <poll.h>
#include <regex>
#include <soci/postgresql/soci-postgresql.h>

namespace interswarm {

namespace {

/// Of a message of several lines the first, or all of an attempt to connect, which has one for each
/// address; without what says no more than that it is an error.
std::string one_line(std::string text, bool connecting) {
  for (const std::string_view noise :
       {"Cannot establish connection to the database.\n", "Cannot execute query.", "Fatal error.",
        "Connection failed.", "ERROR:  ", "FATAL:  ", "PANIC:  "}) {
    if (const auto at = text.find(noise); at != text.npos) text.erase(at, noise.size());
  }
  std::string out;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find('\n', begin), text.size());
    const auto line = text.substr(begin, end - begin);
    begin = end + 1;
    // libpq's guesses at the reason are indented.
    const auto first = line.find_first_not_of(' ');
    if (first == line.npos || line.front() == '\t') continue;
    if (!out.empty() && !connecting) break;
    out += (out.empty() ? "" : "; ") + line.substr(first);
  }
  return printable(out, 500);
}

struct reason {
  errc code = errc::io;
  const char* hint = "";
};

/// PostgreSQL manual, appendix A.
reason reason_of(const std::string& state) {
  const auto is_class = [&](std::string_view c) { return state.starts_with(c); };
  if (state == "55P03") return {errc::unavailable, " (another process is writing it)"};
  if (state == "57014") return {errc::unavailable, " (the server is too slow)"};
  if (state == "25006") return {errc::unavailable, " (a standby; the primary takes writes)"};
  if (state == "53100") return {errc::io, " (the server's disk is full; free some space)"};
  if (state == "42501") return {errc::io, " (grant the user what it needs)"};
  // Lost connections, too many of them, too little memory, shutdowns, transactions given up.
  if (is_class("08") || is_class("53") || is_class("57P") || is_class("25P") || is_class("40"))
    return {errc::unavailable, ""};
  if (is_class("23")) return {errc::conflict, ""};
  if (is_class("22")) return {errc::malformed, ""}; // text that is no UTF-8, say
  return {errc::io, ""};
}

class postgresql : public sql_session {
public:
  postgresql(std::string conninfo, std::string shown, const table_set& tables)
      : sql_session(std::move(shown)), conninfo_(std::move(conninfo)), tables_(tables) {}

  result<void> begin_call() override {
    if (!usable()) connect();
    watch_.begin(call_limit_);
    if (up_to_date_) return {};
    // After each connect: behind the same name there may now be another server.
    auto ok = migrate(*this, tables_);
    up_to_date_ = ok.has_value();
    return ok;
  }

  void end_call() noexcept override {
    watch_.end();
    // The server shall see the end of a connection that libpq has given up.
    if (connection() != nullptr && PQstatus(connection()) != CONNECTION_OK) watch_.use(-1);
  }

  void begin(sql_access access) override {
    if (access == sql_access::read) {
      sql << "begin isolation level repeatable read read only";
      return;
    }
    try {
      // Every statement behind the lock sees what its last holder committed.
      sql << "begin isolation level read committed read write; select pg_advisory_xact_lock(" +
                 std::to_string(lock_) + ")";
    } catch (const std::exception&) {
      rollback();
      throw;
    }
  }

  void commit(sql_access access) override {
    // COMMIT of a failed transaction rolls back and tells no error.
    if (PQtransactionStatus(connection()) != PQTRANS_INTRANS)
      throw soci::soci_error("the server gave up the transaction");
    // The statement timeout would end the wait for a synchronous standby as if it had confirmed.
    sql << (access == sql_access::read ? "commit" : "set local statement_timeout = 0; commit");
  }

  void rollback() noexcept override {
    try {
      // Statements that were prepared in a failed transaction could not be dropped in it.
      if (PQstatus(connection()) == CONNECTION_OK) sql << "rollback; deallocate all";
    } catch (const std::exception&) {
      // Then the connection is not idle, and the next call makes another.
    }
  }

  found_tables find_tables(const std::string& name) override {
    found_tables out;
    sql << "select count(*), coalesce(sum(case when tablename = :name then 1 else 0 end), 0) from "
           "pg_tables where schemaname = current_schema()",
        soci::use(name, "name"), soci::into(out.all), soci::into(out.ours);
    return out;
  }

  std::string in_dialect(std::string_view statement) const override {
    if (statement.starts_with("sqlite:")) return {};
    if (statement.starts_with("postgresql:")) statement.remove_prefix(11);
    // Text is compared by its bytes, as in SQLite, whatever the database's language.
    static const std::regex text(R"(\bvarchar\(\d+\)|\btext\b)"), blob("\\bBLOB\\b");
    const auto out = std::regex_replace(std::string(statement), text, "$& collate \"C\"");
    return std::regex_replace(out, blob, "bytea");
  }

  error error_of(const std::exception& e, const std::string& doing) override {
    const auto* c = connection();
    const bool connecting = c == nullptr;
    const bool lost = c == nullptr || PQstatus(c) != CONNECTION_OK;
    const auto* server = dynamic_cast<const soci::postgresql_soci_error*>(&e);
    reason why;
    if (server != nullptr) why = reason_of(server->sqlstate());
    if (server != nullptr && server->sqlstate() == "25006") stale_ = true;
    if (lost) why = {errc::unavailable, ""};
    const auto* plain = dynamic_cast<const soci::soci_error*>(&e);
    auto text = one_line(plain != nullptr ? plain->get_error_message() : e.what(), connecting);
    if (lost && watch_.expired()) {
      text = "no answer within " + std::to_string(call_limit_.count()) + " ms";
    } else if (text.empty()) {
      text = "the connection was lost";
    }
    const auto where = doing.find(shown()) == doing.npos ? shown() + ": " : "";
    return {why.code, "cannot " + doing + ": " + where + text + why.hint};
  }

private:
  PGconn* connection() {
    auto* backend = static_cast<soci::postgresql_session_backend*>(sql.get_backend());
    return backend == nullptr ? nullptr : backend->conn_;
  }

  /// Whether the connection is whole, as far as can be told without asking the server.
  bool usable() {
    auto* c = connection();
    if (c == nullptr || stale_) return false;
    // Nothing comes between calls but a server's farewell, of which libpq learns by reading.
    pollfd readable{PQsocket(c), POLLIN, 0};
    for (int i = 0; i < 4 && PQstatus(c) == CONNECTION_OK && ::poll(&readable, 1, 0) > 0; ++i)
      PQconsumeInput(c);
    return PQstatus(c) == CONNECTION_OK && PQtransactionStatus(c) == PQTRANS_IDLE;
  }

  void connect() {
    watch_.use(-1);
    sql.close();
    up_to_date_ = false;
    sql.open(soci::postgresql, conninfo_);
    stale_ = true; // until all of this was done
    auto* c = connection();
    PQsetErrorVerbosity(c, PQERRORS_TERSE);
    PQsetNoticeProcessor(
        c, [](void*, const char*) {}, nullptr); // else they go to stderr
    watch_.use(PQsocket(c));
    watch_.begin(std::chrono::milliseconds(limits::database_call_ms));
    set_up();
    stale_ = false;
  }

  void set_up() {
    const auto text = [](int ms) { return "'" + std::to_string(ms) + "'"; };
    // What the connection string's `options` tell goes first, but for durability and for how bytes
    // are written. A writer that hangs or vanished must not hold the lock for long.
    sql << "select set_config(v.name, v.value, false) from (values ('lock_timeout', " +
               text(limits::database_busy_ms) + "), ('statement_timeout', " +
               text(limits::database_statement_ms) + "), ('idle_in_transaction_session_timeout', " +
               text(limits::database_idle_ms) + "), ('tcp_user_timeout', " +
               text(limits::database_idle_ms) +
               ")) v (name, value) join pg_settings s on s.name = v.name where s.source <> "
               "'client'";
    sql << "select set_config('synchronous_commit', 'on', false) where "
           "current_setting('synchronous_commit') not in ('on', 'remote_apply')";
    sql << "set bytea_output = hex";
    std::string encoding;
    std::int64_t schema = 0, statement_ms = 0;
    sql << "select getdatabaseencoding(), coalesce((select oid::bigint from pg_namespace where "
           "nspname = current_schema()), 0), (select setting::bigint from pg_settings where name "
           "= 'statement_timeout')",
        soci::into(encoding), soci::into(schema), soci::into(statement_ms);
    if (encoding != "UTF8" && encoding != "SQL_ASCII")
      throw soci::soci_error("its encoding is " + encoding + "; create it with encoding UTF8");
    if (schema == 0)
      throw soci::soci_error("the schema in its search_path does not exist; create it");
    constexpr std::int64_t ours = 0x49535741; // apart from other programs' locks
    lock_ = (ours << 32) | schema;
    call_limit_ = 2 * std::chrono::milliseconds(statement_ms);
  }

  std::string conninfo_;
  const table_set& tables_;
  call_watch watch_;
  /// For a whole call: statements have limits of their own, which the server keeps while it lives.
  std::chrono::milliseconds call_limit_{limits::database_call_ms};
  std::int64_t lock_ = 0; // of writers of this schema
  bool up_to_date_ = false;
  bool stale_ = false; // to be connected anew
};

} // namespace

std::unique_ptr<sql_session> postgresql_session(const std::string& conninfo,
                                                const std::string& shown, const table_set& tables) {
  return std::make_unique<postgresql>(conninfo, shown, tables);
}

} // namespace interswarm
