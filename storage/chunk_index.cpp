#include "storage/chunk_index.hpp"

#include "schema/base/encoding.hpp"
#include "storage/migrations.hpp"
#include "storage/postgresql_target.hpp"
#include "storage/sql.hpp"

#include <algorithm>

namespace interswarm {

using soci::into;
using soci::use;

struct chunk_index::entry {
  const chunk_state* state = nullptr;
  const std::string* holder = nullptr;
  result<void> outcome{};
  bool done = false;
};

namespace {

/// The columns of one row as SQL has them.
struct raw_chunk {
  std::string name;
  std::int64_t size = 0;
  std::int64_t stored_at = 0;
  std::int64_t checked_at = 0;
  int state = 0;
  std::int64_t unheld_since = 0;

  void set(const chunk_state& s) {
    name = to_hex(s.name);
    size = s.size;
    stored_at = s.stored_at;
    checked_at = s.checked_at;
    state = static_cast<int>(s.condition);
    unheld_since = s.unheld_since;
  }
  chunk_state get() const {
    chunk_state out;
    const auto raw = from_hex(name).value_or(bytes{});
    std::copy_n(raw.begin(), std::min(raw.size(), out.name.size()), out.name.begin());
    out.size = static_cast<std::uint32_t>(size);
    out.stored_at = stored_at;
    out.checked_at = checked_at;
    out.condition = static_cast<chunk_condition>(state);
    out.unheld_since = unheld_since;
    return out;
  }
};

constexpr const char* columns =
    "select name, size, stored_at, checked_at, state, unheld_since from chunks ";

chunk_name to_name(const std::string& hex) {
  raw_chunk r;
  r.name = hex;
  return r.get().name;
}

} // namespace

result<std::unique_ptr<chunk_index>> chunk_index::open(const std::string& path) {
  if (is_postgresql(path))
    return fail(errc::configuration, "an index of chunks lies beside them; name a file for it");
  auto db = database::open(path, chunk_tables());
  if (!db) return tl::unexpected(db.error());
  return std::unique_ptr<chunk_index>(new chunk_index(std::move(*db)));
}

result<void> chunk_index::add(const chunk_state& s, const std::string& holder) {
  entry mine{&s, &holder, {}, false};
  std::unique_lock lock(queue_mutex_);
  queue_.push_back(&mine);
  while (!mine.done) {
    if (writing_) {
      written_.wait(lock);
      continue;
    }
    writing_ = true;
    const auto batch = std::exchange(queue_, {});
    lock.unlock();
    const auto outcome = write(batch);
    lock.lock();
    for (auto* e : batch) {
      e->outcome = outcome;
      e->done = true;
    }
    writing_ = false;
    written_.notify_all();
  }
  return mine.outcome;
}

result<void> chunk_index::add_all(const std::vector<chunk_state>& all) {
  const std::string nobody;
  std::vector<entry> entries;
  entries.reserve(all.size());
  for (const auto& s : all) entries.push_back({&s, &nobody, {}, false});
  std::vector<entry*> batch;
  for (auto& e : entries) batch.push_back(&e);
  return write(batch);
}

result<void> chunk_index::write(const std::vector<entry*>& batch) {
  const std::lock_guard lock(sql_mutex_);
  auto& session = db_->session();
  return sql_write(session, "enter chunks", [&]() -> result<void> {
    raw_chunk raw;
    std::string holder;
    soci::statement add =
        (session.sql.prepare
             << "insert into chunks (name, size, stored_at, checked_at, state, unheld_since) "
                "values (:name, :size, :stored, :checked, :state, :unheld) on conflict (name) do "
                "update set size = excluded.size, stored_at = excluded.stored_at, checked_at = "
                "excluded.checked_at, state = excluded.state, unheld_since = case when "
                "chunks.unheld_since = 0 then 0 else excluded.unheld_since end",
         use(raw.name, "name"), use(raw.size, "size"), use(raw.stored_at, "stored"),
         use(raw.checked_at, "checked"), use(raw.state, "state"), use(raw.unheld_since, "unheld"));
    soci::statement hold =
        (session.sql.prepare << "insert into holds (holder, name) values (:holder, :name) on "
                                "conflict (holder, name) do nothing",
         use(holder, "holder"), use(raw.name, "name"));
    for (const auto* e : batch) {
      raw.set(*e->state);
      holder = *e->holder;
      if (!holder.empty()) raw.unheld_since = 0;
      add.execute(true);
      if (!holder.empty()) hold.execute(true);
    }
    return {};
  });
}

result<std::vector<chunk_state>> chunk_index::select(const std::string& rest,
                                                     std::size_t limit) const {
  const std::lock_guard lock(sql_mutex_);
  return sql_guard(
      db_->session(), "read the index of chunks", [&]() -> result<std::vector<chunk_state>> {
        raw_chunk raw;
        soci::statement st =
            (db_->session().sql.prepare << columns + rest + " limit " + std::to_string(limit),
             into(raw.name), into(raw.size), into(raw.stored_at), into(raw.checked_at),
             into(raw.state), into(raw.unheld_since));
        st.execute();
        std::vector<chunk_state> out;
        while (st.fetch()) out.push_back(raw.get());
        return out;
      });
}

// What stands in these statements as text is hexadecimal or a number.

result<std::optional<chunk_state>> chunk_index::find(const chunk_name& name) const {
  const auto found = select("where name = '" + to_hex(name) + "'", 1);
  if (!found) return tl::unexpected(found.error());
  return found->empty() ? std::optional<chunk_state>{} : found->front();
}

result<std::vector<chunk_state>> chunk_index::list(const std::optional<chunk_name>& after,
                                                   std::size_t limit) const {
  return select("where name > '" + (after ? to_hex(*after) : "") + "' order by name", limit);
}

result<std::vector<chunk_state>> chunk_index::least_checked(std::size_t limit) const {
  return select("where state = 0 order by checked_at, name", limit);
}

result<std::vector<chunk_state>> chunk_index::not_good(std::size_t limit) const {
  return select("where state <> 0 order by name", limit);
}

result<std::uint64_t> chunk_index::count_not_good() const {
  const std::lock_guard lock(sql_mutex_);
  return sql_guard(db_->session(), "read the index of chunks", [&]() -> result<std::uint64_t> {
    std::int64_t out = 0;
    db_->session().sql << "select count(*) from chunks where state in (1, 2)", into(out);
    return static_cast<std::uint64_t>(out);
  });
}

result<bool> chunk_index::set_condition(const chunk_name& name, chunk_condition c,
                                        std::optional<std::int64_t> checked_at) {
  const std::lock_guard lock(sql_mutex_);
  auto& session = db_->session();
  return sql_write(session, "note a chunk's condition", [&]() -> result<bool> {
    const auto hex = to_hex(name);
    const int state = static_cast<int>(c);
    const auto at = checked_at.value_or(-1);
    soci::statement st =
        (session.sql.prepare << "update chunks set state = :state, checked_at = case when :at < 0 "
                                "then checked_at else :at end where name = :name",
         use(state, "state"), use(at, "at"), use(hex, "name"));
    st.execute(true);
    return st.get_affected_rows() > 0;
  });
}

result<std::vector<chunk_name>> chunk_index::hold(const std::vector<chunk_name>& names,
                                                  const std::string& holder) {
  const std::lock_guard lock(sql_mutex_);
  auto& session = db_->session();
  return sql_write(session, "hold chunks", [&]() -> result<std::vector<chunk_name>> {
    std::string hex;
    soci::statement keep =
        (session.sql.prepare << "update chunks set unheld_since = 0 where name = :name and state "
                                "= 0",
         use(hex, "name"));
    soci::statement enter =
        (session.sql.prepare << "insert into holds (holder, name) values (:holder, :name) on "
                                "conflict (holder, name) do nothing",
         use(holder, "holder"), use(hex, "name"));
    std::vector<chunk_name> missing;
    for (const auto& name : names) {
      hex = to_hex(name);
      keep.execute(true);
      if (keep.get_affected_rows() > 0)
        enter.execute(true);
      else
        missing.push_back(name);
    }
    return missing;
  });
}

result<std::uint64_t> chunk_index::release(const std::string& holder, std::int64_t now) {
  const std::lock_guard lock(sql_mutex_);
  auto& session = db_->session();
  return sql_write(session, "release chunks", [&]() -> result<std::uint64_t> {
    session.sql << "update chunks set unheld_since = :now where name in (select name from holds "
                   "where holder = :holder) and not exists (select 1 from holds where holds.name = "
                   "chunks.name and holder <> :holder)",
        use(now, "now"), use(holder, "holder");
    soci::statement st =
        (session.sql.prepare << "delete from holds where holder = :holder", use(holder, "holder"));
    st.execute(true);
    return static_cast<std::uint64_t>(st.get_affected_rows());
  });
}

result<void> chunk_index::release_all(const std::vector<chunk_name>& names, std::int64_t now) {
  const std::lock_guard lock(sql_mutex_);
  auto& session = db_->session();
  return sql_write(session, "release chunks", [&]() -> result<void> {
    std::string hex;
    soci::statement leave =
        (session.sql.prepare << "delete from holds where name = :name", use(hex, "name"));
    soci::statement note =
        (session.sql.prepare << "update chunks set unheld_since = :now where name = :name and "
                                "unheld_since = 0",
         use(now, "now"), use(hex, "name"));
    for (const auto& name : names) {
      hex = to_hex(name);
      leave.execute(true);
      note.execute(true);
    }
    return {};
  });
}

result<std::vector<std::string>> chunk_index::holders(const std::string& after,
                                                      std::size_t limit) const {
  const std::lock_guard lock(sql_mutex_);
  return sql_guard(db_->session(), "read the holders of chunks",
                   [&]() -> result<std::vector<std::string>> {
                     std::string one;
                     soci::statement st =
                         (db_->session().sql.prepare
                              << "select distinct holder from holds where holder > :after order by "
                                 "holder limit " +
                                     std::to_string(limit),
                          use(after, "after"), into(one));
                     st.execute();
                     std::vector<std::string> out;
                     while (st.fetch()) out.push_back(one);
                     return out;
                   });
}

result<std::vector<chunk_name>> chunk_index::unheld(std::int64_t before, std::size_t limit) const {
  const std::lock_guard lock(sql_mutex_);
  return sql_guard(db_->session(), "read the index of chunks",
                   [&]() -> result<std::vector<chunk_name>> {
                     std::string one;
                     soci::statement st =
                         (db_->session().sql.prepare
                              << "select name from chunks where unheld_since > 0 and unheld_since "
                                 "<= :before order by unheld_since limit " +
                                     std::to_string(limit),
                          use(before, "before"), into(one));
                     st.execute();
                     std::vector<chunk_name> out;
                     while (st.fetch()) out.push_back(to_name(one));
                     return out;
                   });
}

result<bool> chunk_index::forget_unheld(const chunk_name& name, std::int64_t before) {
  const std::lock_guard lock(sql_mutex_);
  auto& session = db_->session();
  return sql_write(session, "forget a chunk", [&]() -> result<bool> {
    const auto hex = to_hex(name);
    soci::statement st =
        (session.sql.prepare << "delete from chunks where name = :name and unheld_since > 0 and "
                                "unheld_since <= :before",
         use(hex, "name"), use(before, "before"));
    st.execute(true);
    return st.get_affected_rows() > 0;
  });
}

} // namespace interswarm
