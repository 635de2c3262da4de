#include "storage/database.hpp"

#include "schema/base/encoding.hpp"
#include "storage/migrations.hpp"
#include "storage/postgresql_target.hpp"
#include "storage/sql.hpp"

namespace interswarm {

namespace {

result<std::unique_ptr<sql_session>> session_of(const std::string& place, const table_set& tables) {
  if (is_postgresql(place)) {
    const auto target = parse_postgresql(place);
    if (!target) return tl::unexpected(target.error());
    return postgresql_session(target->conninfo, target->shown, tables);
  }
  if (place.empty() || place.find('"') != place.npos || place.find('\0') != place.npos)
    return fail(errc::io, "a database cannot have the name '" + printable(place) + "'");
  return sqlite_session(place, tables);
}

} // namespace

int database::current_version() { return name_tables().steps.back().number; }

result<std::unique_ptr<database>> database::open(const std::string& place) {
  return open(place, name_tables());
}

result<std::unique_ptr<database>> database::open(const std::string& place,
                                                 const table_set& tables) {
  auto made = session_of(place, tables);
  if (!made) return tl::unexpected(made.error());
  auto& s = **made;
  return sql_guard(s, "open " + s.shown(), [&]() -> result<std::unique_ptr<database>> {
    return std::unique_ptr<database>(new database(std::move(*made)));
  });
}

result<void> database::batch(const std::function<result<void>()>& f) {
  return sql_write(*session_, "write to " + session_->shown(), [&] {
    struct open_batch {
      bool& flag;
      ~open_batch() { flag = false; }
    } open{session_->in_batch};
    open.flag = true;
    return f();
  });
}

database::database(std::unique_ptr<sql_session> s) : session_(std::move(s)) {}
database::~database() = default;

} // namespace interswarm
