#pragma once

#include "schema/base/result.hpp"

#include <memory>
#include <string>

namespace interswarm {

class sql_session;
struct table_set;

/// One connection to a database, such as the one that names and the ledger live in: SQLite through
/// SOCI, so that a cluster may use another server. A change is on the disk when the call that made
/// it returns (write-ahead log, synchronous = FULL). For one thread at a time; blocks, so it
/// belongs to a detached actor. One process writes a database at a time; a second one waits
/// `limits::database_busy_ms` and then gets `unavailable`.
class database {
public:
  /// Opens or makes the file and brings its tables up to date. ":memory:" makes one that ends with
  /// this object. Fails `io` when it cannot, `conflict` for a file of a newer version, `malformed`
  /// for a file that is no database of ours. Without `tables` it is that of names and ledger; see
  /// migrations.hpp.
  static result<std::unique_ptr<database>> open(const std::string& path);
  static result<std::unique_ptr<database>> open(const std::string& path, const table_set& tables);
  ~database();
  database(const database&) = delete;
  database& operator=(const database&) = delete;

  /// The version of names and ledger, which is the number of the last migration.
  static int current_version();

  /// For storage's own sources, which include "storage/sql.hpp".
  sql_session& session() { return *session_; }

private:
  explicit database(std::unique_ptr<sql_session> s);
  std::unique_ptr<sql_session> session_;
};

} // namespace interswarm
