#pragma once

#include "schema/base/result.hpp"

#include <string>
#include <string_view>

namespace interswarm {

/// A PostgreSQL database as it is told to libpq.
struct postgresql_target {
  /// Key words and values as libpq takes them (PostgreSQL manual, 34.1.1), password included: never
  /// to be shown.
  std::string conninfo;
  /// For people: "database names at db.example:5432".
  std::string shown;
};

/// Whether a database's place is a PostgreSQL server and not a file: it begins with "postgresql://"
/// or "postgres://".
bool is_postgresql(std::string_view place);

/// Takes a URI, "postgresql://user:password@host:port/dbname?options", or libpq's key words behind
/// the same beginning, "postgresql://host=/run/postgresql dbname=names". What it does not tell
/// is as libpq has it (environment, ~/.pgpass), but for a bounded time to connect and, of several
/// hosts, the one that takes writes. Fails `configuration`, without repeating any part of the text,
/// since each may be of the password.
result<postgresql_target> parse_postgresql(std::string_view place);

} // namespace interswarm
