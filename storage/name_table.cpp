#include "storage/name_table.hpp"

#include "schema/base/encoding.hpp"
#include "storage/limits.hpp"
#include "storage/name_groups.hpp"

#include <algorithm>

namespace interswarm {

namespace {

bool alive(const msg::name_record& r, std::int64_t now) {
  return r.expires == 0 || r.expires > now;
}

std::vector<msg::name_record> plain(std::vector<name_row> rows) {
  std::vector<msg::name_record> out;
  out.reserve(rows.size());
  for (auto& row : rows) out.push_back(std::move(row.record));
  return out;
}

/// The names of one content.
std::vector<msg::name_record> records_of(std::vector<name_row> rows, std::int64_t now) {
  std::vector<msg::name_record> out;
  bool forbidden = false;
  for (auto& row : rows) {
    if (!alive(row.record, now)) continue;
    forbidden = forbidden || row.record.permission == msg::permission::forbidden;
    out.push_back(std::move(row.record));
  }
  // A content is private under all its names as soon as it is under one.
  if (forbidden) {
    for (auto& r : out) r.permission = msg::permission::forbidden;
  }
  return out;
}

} // namespace

struct name_table::state : name_groups {
  state(database& d, std::uint64_t max_names, titles t)
      : name_groups(d.session().sql, max_names, t == titles::indexed), db(d) {}

  database& db;

  template <class F>
  auto write(const char* doing, F f) {
    return sql_write(db.session(), doing, [&] {
      begin();
      return f();
    });
  }
  template <class F>
  auto look(const char* doing, F f) { // with a single statement
    return sql_guard(db.session(), doing, std::move(f));
  }
  template <class F>
  auto read(const char* doing, F f) {
    return sql_read(db.session(), doing, std::move(f));
  }
};

result<std::unique_ptr<name_table>> name_table::open(database& db, std::uint64_t max_names,
                                                     titles t) {
  return sql_guard(db.session(), "read the names", [&]() -> result<std::unique_ptr<name_table>> {
    return std::unique_ptr<name_table>(new name_table(std::make_unique<state>(db, max_names, t)));
  });
}

name_table::name_table(std::unique_ptr<state> s) : state_(std::move(s)) {}
name_table::~name_table() = default;

result<void> name_table::learn(const msg::name_record& record) {
  return state_->write("store a name", [&]() -> result<void> {
    if (auto row = state_->take_in(record); !row) return tl::unexpected(row.error());
    return {};
  });
}

result<void> name_table::link(const std::vector<msg::name_record>& records) {
  return state_->write("store a link", [&]() -> result<void> {
    if (records.empty()) return fail(errc::malformed, "a link of no names");
    if (records.size() > limits::names_per_content)
      return fail(errc::too_large, "a link of too many names");
    std::optional<name_row> first;
    for (auto record : records) {
      if (record.evidence == msg::evidence::hint) record.evidence = msg::evidence::declared;
      auto row = state_->take_in(record);
      if (!row) return tl::unexpected(row.error());
      if (!first) {
        first = std::move(*row);
        continue;
      }
      // Taking one in may have moved the first's group.
      first = state_->rows.find(first->record.name, with_proof::no);
      row = *state_->rows.find(row->record.name, with_proof::no);
      if (auto ok = state_->join(first->group, row->group); !ok) return ok;
      if (first->id != row->id) state_->rows.add_edge(first->id, row->id);
    }
    return {};
  });
}

result<void> name_table::verify(const std::vector<msg::name>& names, byte_view content_id,
                                std::uint64_t size) {
  return state_->write("store a verification", [&]() -> result<void> {
    if (content_id.size() != 32) return fail(errc::malformed, "a content id has 32 bytes");
    if (size > limits::content_bytes) return fail(errc::too_large, "a content beyond 2^60 bytes");
    const auto content = slice::copy_of(content_id);
    for (const auto& name : names) {
      if (auto ok = state_->verify(name, content, size); !ok) return ok;
    }
    return {};
  });
}

result<void> name_table::refute(const msg::name& a, const msg::name& b, std::int64_t now) {
  return state_->write("store a refutation", [&]() -> result<void> {
    auto& rows = state_->rows;
    if (a == b) return fail(errc::malformed, "a name cannot differ from itself");
    for (const auto* name : {&a, &b}) {
      if (auto ok = check_name(*name); !ok) return ok;
    }
    const auto row_a = rows.find(a, with_proof::no), row_b = rows.find(b, with_proof::no);
    if (!row_a && !row_b)
      return fail(errc::not_found, "neither name is known: " + display(a) + ", " + display(b));
    const bool together = row_a && row_b && row_a->group == row_b->group;
    if (together && is_proof(row_a->record.evidence) && is_proof(row_b->record.evidence)) {
      return fail(errc::conflict,
                  display(a) + " and " + display(b) + " were proved to be one content");
    }
    rows.add_refuted(a, b, now);
    if (!together) return {};
    state_->split(*row_a, *row_b);
    return {};
  });
}

result<msg::name_record> name_table::find(const msg::name& name, std::int64_t now) const {
  return state_->read("read a name", [&]() -> result<msg::name_record> {
    auto row = state_->rows.find(name, with_proof::yes);
    if (!row || !alive(row->record, now))
      return fail(errc::not_found, "no content is known by " + display(name));
    return std::move(row->record);
  });
}

result<std::vector<msg::name_record>> name_table::names(const msg::name& name,
                                                        std::int64_t now) const {
  return state_->read("read names", [&]() -> result<std::vector<msg::name_record>> {
    auto& rows = state_->rows;
    const auto row = rows.find(name, with_proof::no);
    if (!row || !alive(row->record, now))
      return fail(errc::not_found, "no content is known by " + display(name));
    auto out = records_of(rows.group(row->group, with_proof::yes), now);
    const auto self =
        std::find_if(out.begin(), out.end(), [&](const auto& r) { return r.name == name; });
    std::rotate(out.begin(), self, self + 1);
    const auto known = out.size();
    for (std::size_t i = 0; i < known; ++i) {
      for (const auto& other : rows.refuted(out[i].name)) {
        const auto seen =
            std::find_if(out.begin(), out.end(), [&](const auto& r) { return r.name == other; });
        if (seen != out.end()) continue;
        const auto other_row = rows.find(other, with_proof::no);
        msg::name_record r = other_row ? other_row->record : msg::name_record{};
        if (!other_row) r.size = msg::unknown_size;
        r.name = other;
        r.evidence = msg::evidence::refuted;
        out.push_back(std::move(r));
      }
    }
    return out;
  });
}

result<std::vector<msg::name_record>> name_table::by_content(byte_view content_id,
                                                             std::int64_t now) const {
  return state_->read("read names", [&]() -> result<std::vector<msg::name_record>> {
    std::vector<name_row> all;
    for (const auto group : state_->rows.with_content(content_id)) {
      for (auto& row : state_->rows.group(group, with_proof::yes)) all.push_back(std::move(row));
    }
    return records_of(std::move(all), now);
  });
}

result<std::vector<msg::name_record>> name_table::by_contents(const std::vector<slice>& content_ids,
                                                              std::int64_t now) const {
  return state_->look("read names", [&]() -> result<std::vector<msg::name_record>> {
    if (content_ids.size() > limits::listing)
      return fail(errc::too_large, "names of too many contents were asked for");
    if (content_ids.empty()) return std::vector<msg::name_record>{};
    return plain(state_->rows.of_contents(content_ids, now));
  });
}

result<std::vector<msg::name_record>> name_table::search(std::string_view words, std::size_t limit,
                                                         std::int64_t now) const {
  return sql_guard(
      state_->db.session(), "search names", [&]() -> result<std::vector<msg::name_record>> {
        // A server takes UTF-8 only; what is none is in no title.
        auto wanted = words_of(printable(words, words.size()));
        if (wanted.empty()) return std::vector<msg::name_record>{};
        if (wanted.size() > limits::search_words) wanted.resize(limits::search_words);
        return plain(state_->rows.search(wanted, std::min(limit, limits::listing), now));
      });
}

result<std::vector<msg::name_record>> name_table::list(std::size_t limit, std::size_t skip,
                                                       std::int64_t now) const {
  return sql_guard(
      state_->db.session(), "list names", [&]() -> result<std::vector<msg::name_record>> {
        const auto tail = "order by n.id desc limit " +
                          std::to_string(std::min(limit, limits::listing)) + " offset " +
                          std::to_string(skip);
        auto rows =
            state_->rows.select("(n.expires = 0 or n.expires > :a)", tail, now, 0, with_proof::no);
        return plain(std::move(rows));
      });
}

result<bool> name_table::is_refuted(const msg::name& a, const msg::name& b) const {
  return state_->look("read a refutation",
                      [&]() -> result<bool> { return state_->rows.is_refuted(a, b); });
}

result<void> name_table::renew(const msg::name& name, std::int64_t expires) {
  return state_->write("renew a lease", [&]() -> result<void> {
    if (!state_->rows.find(name, with_proof::no)) {
      return fail(errc::not_found, "no content is known by " + display(name));
    }
    state_->rows.set_expiry(name, expires);
    return {};
  });
}

result<std::vector<msg::name_record>> name_table::lapsing(std::int64_t now, std::int64_t before,
                                                          std::size_t limit) const {
  return sql_guard(
      state_->db.session(), "list leases", [&]() -> result<std::vector<msg::name_record>> {
        const auto tail =
            "order by n.expires limit " + std::to_string(std::min(limit, limits::listing));
        auto rows = state_->rows.select("n.expires <> 0 and n.expires > :a and n.expires <= :b",
                                        tail, now, before, with_proof::no);
        return plain(std::move(rows));
      });
}

result<std::size_t> name_table::expire(std::int64_t now) {
  return state_->write("forget names", [&]() -> result<std::size_t> {
    const auto tail = "order by n.expires limit " + std::to_string(limits::listing);
    const auto rows =
        state_->rows.select("n.expires <> 0 and n.expires <= :a", tail, now, 0, with_proof::no);
    for (const auto& row : rows) state_->rows.erase(row.id);
    return rows.size();
  });
}

} // namespace interswarm
