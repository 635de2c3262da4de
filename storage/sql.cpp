#include "storage/sql.hpp"

#include "schema/base/encoding.hpp"
#include "storage/migrations.hpp"

namespace interswarm {

namespace {

/// The version of an open database; 0 when it has no table at all.
result<int> read_version(sql_session& s, const std::string& marker) {
  const auto found = s.find_tables(marker);
  if (found.all == 0) return 0;
  if (found.ours == 0) {
    return fail(errc::malformed,
                s.shown() + " is a database of another program; name one of our own");
  }
  int version = 0;
  s.sql << "select version from " + marker, soci::into(version);
  return version;
}

} // namespace

result<void> migrate(sql_session& s, const table_set& wanted) {
  // Alone: two processes that start at once must not both migrate.
  sql_transaction t(s, sql_access::write);
  const std::string marker = wanted.version_table;
  const auto found = read_version(s, marker);
  if (!found) return tl::unexpected(found.error());
  const auto newest = wanted.steps.back().number;
  if (*found > newest) {
    return fail(errc::conflict, s.shown() + " is of version " + std::to_string(*found) +
                                    ", this program knows versions up to " +
                                    std::to_string(newest) +
                                    "; use the newer interswarm that wrote it");
  }
  if (*found == 0) {
    s.sql << "create table " + marker + " (version integer not null)";
    s.sql << "insert into " + marker + " (version) values (0)";
  }
  for (const auto& m : wanted.steps) {
    if (m.number <= *found) continue;
    for (const auto* statement : m.statements) {
      const auto text = s.in_dialect(statement);
      if (!text.empty()) s.sql << text;
    }
    s.sql << "update " + marker + " set version = :v", soci::use(m.number, "v");
  }
  t.commit();
  return {};
}

sql_transaction::sql_transaction(sql_session& s, sql_access access)
    : session_(s), access_(access), inner_(s.in_batch) {
  if (inner_) {
    s.sql << "savepoint one_call";
  } else {
    s.begin(access);
  }
}

sql_transaction::~sql_transaction() {
  if (!open_) return;
  if (!inner_) {
    session_.rollback();
    return;
  }
  try {
    session_.sql << "rollback to savepoint one_call";
    session_.sql << "release savepoint one_call";
  } catch (const std::exception&) {
    // The server gave up the whole batch, and its commit will fail.
  }
}

void sql_transaction::commit() {
  if (inner_) {
    session_.sql << "release savepoint one_call";
  } else {
    session_.commit(access_);
  }
  open_ = false;
}

void select_once(soci::statement& st, const std::string& text) {
  st.alloc();
  st.prepare(text, soci::details::st_one_time_query);
  st.define_and_bind();
  st.execute();
}

sql_bytes::sql_bytes(soci::session& s) {
  if (s.get_backend_name() != "postgresql") blob_.emplace(s);
}

sql_bytes::sql_bytes(soci::session& s, byte_view data) : sql_bytes(s) {
  if (data.empty()) return;
  there_ = soci::i_ok;
  // SOCI 4.0's SQLite backend has no *_from_start(); its plain offsets count from 0.
  if (blob_) {
    blob_->write(0, reinterpret_cast<const char*>(data.data()), data.size());
  } else {
    hex_ = "\\x" + to_hex(data);
  }
}

soci::details::into_type_ptr sql_bytes::into() {
  using soci::details::into_type;
  if (blob_) return soci::details::into_type_ptr(new into_type<soci::blob>(*blob_, there_));
  return soci::details::into_type_ptr(new into_type<std::string>(hex_, there_));
}

soci::details::use_type_ptr sql_bytes::use(const std::string& name) {
  using soci::details::use_type;
  if (blob_) return soci::details::use_type_ptr(new use_type<soci::blob>(*blob_, there_, name));
  return soci::details::use_type_ptr(new use_type<std::string>(hex_, there_, name));
}

bytes sql_bytes::get() {
  if (there_ != soci::i_ok) return {};
  if (!blob_) return from_hex(std::string_view(hex_).substr(2)).value_or(bytes{});
  bytes out(blob_->get_len());
  if (!out.empty()) blob_->read(0, reinterpret_cast<char*>(out.data()), out.size());
  return out;
}

} // namespace interswarm
