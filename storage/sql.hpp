#pragma once

// For storage's .cpp files only: SOCI stays behind database.hpp.
#include "schema/base/bytes.hpp"
#include "schema/base/result.hpp"

#include <soci/soci.h>
#include <string>
#include <type_traits>

namespace interswarm {

/// An open connection and what is particular to its server.
class sql_session {
public:
  explicit sql_session(const std::string& connection) : sql("sqlite3", connection) {}

  soci::session sql;
};

/// A transaction that takes the write lock at once, so that it cannot fail midway because of
/// another writer. Rolled back unless committed.
class sql_transaction {
public:
  explicit sql_transaction(sql_session& s);
  ~sql_transaction();
  sql_transaction(const sql_transaction&) = delete;
  sql_transaction& operator=(const sql_transaction&) = delete;
  void commit();

private:
  sql_session& session_;
  bool open_ = true;
};

/// The error for an exception of SOCI, `doing` being what was attempted: "cannot store the ledger:
/// disk is full …".
error sql_error(const std::exception& e, const std::string& doing);

/// Runs `f`, whose type is `result<T>`, and turns SOCI's exceptions into values.
template <class F>
std::invoke_result_t<F> sql_guard(const char* doing, F f) {
  try {
    return f();
  } catch (const std::exception& e) {
    return tl::unexpected(sql_error(e, doing));
  }
}

/// The same inside a transaction, which is committed when `f` gives a value and rolled back when it
/// gives an error.
template <class F>
std::invoke_result_t<F> sql_write(sql_session& s, const char* doing, F f) {
  return sql_guard(doing, [&]() -> std::invoke_result_t<F> {
    sql_transaction t(s);
    auto out = f();
    if (out) t.commit();
    return out;
  });
}

/// Bytes of any content and length, NULs included, which SQL text cannot hold. SOCI 4.0's SQLite
/// backend has no
/// *_from_start(); its plain offsets count from 0, as PostgreSQL's do.
inline void fill_blob(soci::blob& b, byte_view data) {
  if (!data.empty()) b.write(0, reinterpret_cast<const char*>(data.data()), data.size());
}

inline bytes read_blob(soci::blob& b) {
  bytes out(b.get_len());
  if (!out.empty()) b.read(0, reinterpret_cast<char*>(out.data()), out.size());
  return out;
}

} // namespace interswarm
