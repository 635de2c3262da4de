#pragma once

// For storage's .cpp files only: SOCI stays behind database.hpp.
#include "schema/base/bytes.hpp"
#include "schema/base/result.hpp"

#include <memory>
#include <optional>
#include <soci/soci.h>
#include <string>
#include <type_traits>

namespace interswarm {

struct table_set;

enum class sql_access : bool { read, write };

/// One database, and everything in which its server differs from others: the rest is plain SQL.
/// What throws, throws SOCI's exceptions, for sql_guard.
class sql_session {
public:
  virtual ~sql_session() = default;

  /// At the beginning of each call: connects if need be and brings the tables up to date.
  virtual result<void> begin_call() = 0;
  virtual void end_call() noexcept {}

  /// A writer is alone from here to its end, so that it cannot fail midway because of another. All
  /// statements of a reader see one state.
  virtual void begin(sql_access access) = 0;
  /// What was written is on the disk when this returns.
  virtual void commit(sql_access access) = 0;
  virtual void rollback() noexcept = 0;

  struct found_tables {
    std::int64_t all = 0;
    std::int64_t ours = 0; // 1 if one is called as asked
  };
  virtual found_tables find_tables(const std::string& name) = 0;
  /// A statement of a migration in the server's words; empty if it is for another server.
  virtual std::string in_dialect(std::string_view statement) const = 0;

  /// The error for an exception, `doing` being what was attempted: "cannot store the ledger: disk
  /// is full …".
  virtual error error_of(const std::exception& e, const std::string& doing) = 0;
  /// The database for people, without password.
  const std::string& shown() const { return shown_; }

  soci::session sql;
  /// A batch is open: calls are parts of its transaction.
  bool in_batch = false;

protected:
  explicit sql_session(std::string shown) : shown_(std::move(shown)) {}

private:
  std::string shown_;
};

/// A file, or ":memory:".
std::unique_ptr<sql_session> sqlite_session(const std::string& path, const table_set& tables);
/// `conninfo` and `shown` are those of a postgresql_target.
std::unique_ptr<sql_session> postgresql_session(const std::string& conninfo,
                                                const std::string& shown, const table_set& tables);

/// Brings the tables up to date, which several processes may do at once. For a session's
/// begin_call.
result<void> migrate(sql_session& s, const table_set& wanted);

/// Rolled back unless committed. In a batch it is a savepoint.
class sql_transaction {
public:
  sql_transaction(sql_session& s, sql_access access);
  ~sql_transaction();
  sql_transaction(const sql_transaction&) = delete;
  sql_transaction& operator=(const sql_transaction&) = delete;
  void commit();

private:
  sql_session& session_;
  sql_access access_;
  bool inner_;
  bool open_ = true;
};

/// Runs `f`, whose type is `result<T>`, and turns SOCI's exceptions into values. Enough for a
/// single statement that reads. Calls are not nested, but for those of a batch.
template <class F>
std::invoke_result_t<F> sql_guard(sql_session& s, const std::string& doing, F f) {
  struct ending {
    sql_session& s;
    ~ending() { s.end_call(); }
  };
  try {
    if (s.in_batch) return f();
    const ending at_the_end{s};
    if (auto ok = s.begin_call(); !ok) return tl::unexpected(ok.error());
    return f();
  } catch (const std::exception& e) {
    return tl::unexpected(s.error_of(e, doing));
  }
}

/// The same inside a transaction, which is committed when `f` gives a value and rolled back when it
/// gives an error.
template <class F>
std::invoke_result_t<F> sql_in(sql_session& s, sql_access access, const std::string& doing, F f) {
  return sql_guard(s, doing, [&]() -> std::invoke_result_t<F> {
    sql_transaction t(s, access);
    auto out = f();
    if (out) t.commit();
    return out;
  });
}

template <class F>
std::invoke_result_t<F> sql_write(sql_session& s, const std::string& doing, F f) {
  return sql_in(s, sql_access::write, doing, std::move(f));
}

/// For several statements that must see one state, whatever others write meanwhile.
template <class F>
std::invoke_result_t<F> sql_read(sql_session& s, const std::string& doing, F f) {
  return sql_in(s, sql_access::read, doing, std::move(f));
}

/// Executes a select, once its variables are exchanged; then it can be fetched. Not prepared, which
/// would cost a server three round trips instead of one.
void select_once(soci::statement& st, const std::string& text);

/// A column of bytes of any content and length, NULs included, which SQL text cannot hold: a
/// soci::blob for SQLite, hex text for PostgreSQL's bytea, whose SOCI blobs would be large objects
/// that nobody removes. No bytes are a null.
class sql_bytes {
public:
  explicit sql_bytes(soci::session& s);
  sql_bytes(soci::session& s, byte_view data);
  sql_bytes(const sql_bytes&) = delete;
  sql_bytes& operator=(const sql_bytes&) = delete;

  soci::details::into_type_ptr into();
  soci::details::use_type_ptr use(const std::string& name);
  bytes get();

private:
  std::optional<soci::blob> blob_;
  std::string hex_;
  soci::indicator there_ = soci::i_null;
};

} // namespace interswarm
