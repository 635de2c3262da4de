#pragma once

#include "schema/base/result.hpp"

#include <functional>
#include <memory>
#include <string>

namespace interswarm {

class sql_session;
struct table_set;

/// One connection to the database that names, ledger and catalogue live in: a SQLite file, or a
/// PostgreSQL server that the nodes of a cluster share. A change is on the disk when the call that
/// made it returns. For one thread at a time; blocks, so it belongs to a detached actor. Writers
/// take turns; one that waits for `limits::database_busy_ms` gets `unavailable`, as does every call
/// while a server is away (a later one connects again). A change that failed as `unavailable` may
/// have happened if the server's answer was lost: repeat it.
class database {
public:
  /// `place` is a file, which is made if it is not there, ":memory:" for one that ends with this
  /// object, or "postgresql://user:password@host:port/dbname?options", see postgresql_target.hpp.
  /// Brings the tables up to date. Fails `io` when it cannot, `unavailable` when the server cannot
  /// be reached, `configuration` for a PostgreSQL URI that is none, `conflict` for a database of a
  /// newer version, `malformed` for one that is not ours. Without `tables` it is that of names
  /// and ledger; see migrations.hpp.
  static result<std::unique_ptr<database>> open(const std::string& place);
  static result<std::unique_ptr<database>> open(const std::string& place, const table_set& tables);
  ~database();
  database(const database&) = delete;
  database& operator=(const database&) = delete;

  /// Runs `f`, whose changes through this database happen wholly, and are on the disk, when it
  /// gives a value, and not at all when it gives an error. A call in it that fails has changed
  /// nothing. Other writers wait meanwhile.
  result<void> batch(const std::function<result<void>()>& f);

  /// The version of names and ledger, which is the number of the last migration.
  static int current_version();

  /// For storage's own sources, which include "storage/sql.hpp".
  sql_session& session() { return *session_; }

private:
  explicit database(std::unique_ptr<sql_session> s);
  std::unique_ptr<sql_session> session_;
};

} // namespace interswarm
