#include "storage/name_rows.hpp"

#include "schema/base/encoding.hpp"
#include "storage/limits.hpp"

#include <algorithm>
#include <tuple>

namespace interswarm {

using soci::into;
using soci::use;

namespace {

constexpr const char* columns = "select n.id, n.content_group, n.overlay, n.name_key, n.size, "
                                "n.content_id, n.evidence, n.expires, n.title, n.uri, "
                                "n.permission from ";

std::string key_of(const msg::name& name) { return to_hex(name.key); }

slice from_hex_text(const std::string& text) { return slice(from_hex(text).value_or(bytes{})); }

/// The columns of one row as SQL has them.
struct raw_row {
  std::int64_t id = 0;
  std::int64_t group = 0;
  std::string overlay;
  std::string key;
  std::int64_t size = 0;
  std::string content_id;
  int evidence = 0;
  std::int64_t expires = 0;
  std::string title;
  std::string uri;
  int permission = 0;

  raw_row() = default;
  explicit raw_row(const name_row& row) : id(row.id), group(row.group) {
    const auto& r = row.record;
    overlay = r.name.overlay;
    key = key_of(r.name);
    // unknownSize is -1 here; sizes are bounded far below 2^63.
    size = static_cast<std::int64_t>(r.size);
    content_id = to_hex(r.content_id);
    evidence = static_cast<int>(r.evidence);
    expires = r.expires;
    title = r.title;
    uri = r.uri;
    permission = static_cast<int>(r.permission);
  }
  name_row to_row() const {
    name_row out;
    out.id = id;
    out.group = group;
    auto& r = out.record;
    r.name = {overlay, from_hex_text(key)};
    r.size = static_cast<std::uint64_t>(size);
    r.content_id = from_hex_text(content_id);
    r.evidence = static_cast<msg::evidence>(evidence);
    r.expires = expires;
    r.title = title;
    r.uri = uri;
    r.permission = static_cast<msg::permission>(permission);
    return out;
  }
};

/// Runs a select over `columns` and collects its rows.
std::vector<name_row> fetch(soci::statement& st, raw_row& raw, const std::string& statement) {
  std::vector<name_row> out;
  select_once(st, statement);
  while (st.fetch()) out.push_back(raw.to_row());
  return out;
}

void exchange_columns(soci::statement& st, raw_row& raw) {
  st.exchange(into(raw.id));
  st.exchange(into(raw.group));
  st.exchange(into(raw.overlay));
  st.exchange(into(raw.key));
  st.exchange(into(raw.size));
  st.exchange(into(raw.content_id));
  st.exchange(into(raw.evidence));
  st.exchange(into(raw.expires));
  st.exchange(into(raw.title));
  st.exchange(into(raw.uri));
  st.exchange(into(raw.permission));
}

/// A pair of names in the order in which it is stored.
struct ordered_pair {
  std::string low_overlay, low_key, high_overlay, high_key;

  ordered_pair(const msg::name& a, const msg::name& b)
      : low_overlay(a.overlay), low_key(key_of(a)), high_overlay(b.overlay), high_key(key_of(b)) {
    if (std::tie(high_overlay, high_key) < std::tie(low_overlay, low_key)) {
      std::swap(low_overlay, high_overlay);
      std::swap(low_key, high_key);
    }
  }
};

} // namespace

std::vector<name_row> name_rows::select(const std::string& condition, const std::string& tail,
                                        std::int64_t a, std::int64_t b, with_proof proof) {
  raw_row raw;
  soci::statement st(sql_);
  exchange_columns(st, raw);
  if (condition.find(":a") != std::string::npos) st.exchange(use(a, "a"));
  if (condition.find(":b") != std::string::npos) st.exchange(use(b, "b"));
  auto out = fetch(st, raw, std::string(columns) + "names n where " + condition + " " + tail);
  if (proof == with_proof::yes) {
    for (auto& row : out) read_proof(row);
  }
  return out;
}

std::optional<name_row> name_rows::find(const msg::name& name, with_proof proof) {
  raw_row raw;
  const auto key = key_of(name);
  soci::statement st(sql_);
  exchange_columns(st, raw);
  st.exchange(use(name.overlay, "overlay"));
  st.exchange(use(key, "name_key"));
  auto rows =
      fetch(st, raw,
            std::string(columns) + "names n where n.overlay = :overlay and n.name_key = :name_key");
  if (rows.empty()) return std::nullopt;
  if (proof == with_proof::yes) read_proof(rows.front());
  return std::move(rows.front());
}

std::vector<name_row> name_rows::group(std::int64_t group, with_proof proof) {
  return select("n.content_group = :a", "order by n.id", group, 0, proof);
}

std::vector<std::int64_t> name_rows::with_content(byte_view content_id) {
  const auto hex = to_hex(content_id);
  std::int64_t group = 0;
  std::vector<std::int64_t> out;
  soci::statement st(sql_);
  st.exchange(into(group));
  st.exchange(use(hex, "id"));
  select_once(st, "select distinct content_group from names where content_id = :id order by "
                  "content_group");
  while (st.fetch()) out.push_back(group);
  return out;
}

std::vector<name_row> name_rows::of_contents(const std::vector<slice>& content_ids,
                                             std::int64_t now) {
  raw_row raw;
  soci::statement st(sql_);
  exchange_columns(st, raw);
  std::vector<std::string> hex;
  hex.reserve(content_ids.size());
  std::string list;
  for (const auto& id : content_ids) {
    list += (list.empty() ? ":c" : ", :c") + std::to_string(hex.size());
    hex.push_back(to_hex(id));
    st.exchange(use(hex.back(), "c" + std::to_string(hex.size() - 1)));
  }
  st.exchange(use(now, "now"));
  return fetch(st, raw,
               std::string(columns) + "names n where n.content_id in (" + list +
                   ") and (n.expires = 0 or n.expires > :now) order by n.id desc");
}

std::vector<name_row> name_rows::search(const std::vector<std::string>& words, std::size_t limit,
                                        std::int64_t now) {
  raw_row raw;
  const word_search search(sql_, word_index::names, "n.id", word_terms(words, true), 0);
  soci::statement st(sql_);
  exchange_columns(st, raw);
  st.exchange(use(now, "now"));
  search.exchange_with(st);
  return fetch(st, raw,
               columns + search.from() + "names n where (n.expires = 0 or n.expires > :now)" +
                   search.condition() + " order by " + search.order() + " desc limit " +
                   std::to_string(limit));
}

void name_rows::insert(const name_row& row) {
  const raw_row raw(row);
  sql_ << "insert into names (id, content_group, overlay, name_key, size, content_id, evidence, "
          "expires, title, uri, "
          "permission) values (:id, :content_group, :overlay, :name_key, :size, :content_id, "
          ":evidence, :expires, "
          ":title, :uri, :permission)",
      use(raw.id, "id"), use(raw.group, "content_group"), use(raw.overlay, "overlay"),
      use(raw.key, "name_key"), use(raw.size, "size"), use(raw.content_id, "content_id"),
      use(raw.evidence, "evidence"), use(raw.expires, "expires"), use(raw.title, "title"),
      use(raw.uri, "uri"), use(raw.permission, "permission");
  write_proof(row);
  index_title(row);
}

void name_rows::update(const name_row& row, const msg::name_record& before) {
  const raw_row raw(row);
  sql_
      << "update names set content_group = :content_group, size = :size, content_id = :content_id, "
         "evidence = :evidence, expires = :expires, title = :title, uri = :uri, permission = "
         ":permission "
         "where id = :id",
      use(raw.group, "content_group"), use(raw.size, "size"), use(raw.content_id, "content_id"),
      use(raw.evidence, "evidence"), use(raw.expires, "expires"), use(raw.title, "title"),
      use(raw.uri, "uri"), use(raw.permission, "permission"), use(raw.id, "id");
  const auto& now = row.record;
  if (now.title != before.title) {
    words().erase(row.id);
    index_title(row);
  }
  if (now.hashes == before.hashes && now.metadata == before.metadata) return;
  sql_ << "delete from hash_lists where name_id = :id", use(row.id, "id");
  sql_ << "delete from name_metadata where name_id = :id", use(row.id, "id");
  write_proof(row);
}

void name_rows::update_group(std::int64_t id, std::int64_t group, byte_view content_id,
                             msg::evidence evidence) {
  const auto hex = to_hex(content_id);
  const auto number = static_cast<int>(evidence);
  sql_ << "update names set content_group = :content_group, content_id = :content_id, evidence = "
          ":evidence "
          "where id = :id",
      use(group, "content_group"), use(hex, "content_id"), use(number, "evidence"), use(id, "id");
}

void name_rows::write_proof(const name_row& row) {
  const auto& r = row.record;
  for (const auto& list : r.hashes) {
    const auto algorithm = static_cast<int>(list.algorithm);
    const auto evidence = static_cast<int>(list.evidence);
    const auto unit = static_cast<std::int64_t>(list.unit);
    const auto period = static_cast<std::int64_t>(list.period);
    const auto first = static_cast<std::int64_t>(list.offset);
    const auto last = static_cast<std::int64_t>(list.end);
    sql_bytes hashes(sql_, list.hashes);
    sql_ << "insert into hash_lists (name_id, algorithm, unit, period, first_byte, last_byte, "
            "evidence, hashes) "
            "values (:id, :algorithm, :unit, :period, :first_byte, :last_byte, :evidence, :hashes)",
        use(row.id, "id"), use(algorithm, "algorithm"), use(unit, "unit"), use(period, "period"),
        use(first, "first_byte"), use(last, "last_byte"), use(evidence, "evidence"),
        hashes.use("hashes");
  }
  if (!r.metadata.empty()) {
    sql_bytes data(sql_, r.metadata);
    sql_ << "insert into name_metadata (name_id, data) values (:id, :data)", use(row.id, "id"),
        data.use("data");
  }
}

void name_rows::index_title(const name_row& row) {
  if (index_titles_) words().add(row.id, word_terms(words_of(row.record.title), false));
}

void name_rows::read_proof(name_row& row) {
  int algorithm = 0, evidence = 0;
  std::int64_t unit = 0, period = 0, first = 0, last = 0;
  sql_bytes hashes(sql_);
  soci::statement st(sql_);
  for (auto* number : {&algorithm, &evidence}) st.exchange(into(*number));
  for (auto* number : {&unit, &period, &first, &last}) st.exchange(into(*number));
  st.exchange(hashes.into());
  st.exchange(use(row.id, "id"));
  select_once(st, "select algorithm, evidence, unit, period, first_byte, last_byte, hashes from "
                  "hash_lists where name_id = :id order by algorithm, unit, period, first_byte, "
                  "last_byte");
  while (st.fetch()) {
    msg::hash_list list;
    list.algorithm = static_cast<msg::hash_algorithm>(algorithm);
    list.unit = static_cast<std::uint64_t>(unit);
    list.period = static_cast<std::uint64_t>(period);
    list.offset = static_cast<std::uint64_t>(first);
    list.end = static_cast<std::uint64_t>(last);
    list.evidence = static_cast<msg::evidence>(evidence);
    list.hashes = slice(hashes.get());
    row.record.hashes.push_back(std::move(list));
  }
  sql_bytes data(sql_);
  sql_ << "select data from name_metadata where name_id = :id", use(row.id, "id"), data.into();
  if (sql_.got_data()) row.record.metadata = slice(data.get());
}

void name_rows::set_expiry(const msg::name& name, std::int64_t expires) {
  const auto key = key_of(name);
  sql_ << "update names set expires = :expires where overlay = :overlay and name_key = :name_key",
      use(expires, "expires"), use(name.overlay, "overlay"), use(key, "name_key");
}

void name_rows::erase(std::int64_t id) {
  erase_edges(id);
  words().erase(id);
  for (const auto* table : {"hash_lists", "name_metadata"}) {
    sql_ << std::string("delete from ") + table + " where name_id = :id", use(id, "id");
  }
  sql_ << "delete from names where id = :id", use(id, "id");
}

void name_rows::add_edge(std::int64_t a, std::int64_t b) {
  erase_edge(a, b);
  const auto low = std::min(a, b), high = std::max(a, b);
  sql_ << "insert into links (low_id, high_id) values (:low, :high)", use(low, "low"),
      use(high, "high");
}

void name_rows::erase_edge(std::int64_t a, std::int64_t b) {
  const auto low = std::min(a, b), high = std::max(a, b);
  sql_ << "delete from links where low_id = :low and high_id = :high", use(low, "low"),
      use(high, "high");
}

void name_rows::erase_edges(std::int64_t id) {
  sql_ << "delete from links where low_id = :id", use(id, "id");
  sql_ << "delete from links where high_id = :id", use(id, "id");
}

std::vector<link_edge> name_rows::edges(std::int64_t id) {
  std::int64_t other = 0;
  std::vector<link_edge> out;
  soci::statement st(sql_);
  st.exchange(into(other));
  st.exchange(use(id, "id"));
  select_once(st, "select high_id from links where low_id = :id");
  while (st.fetch()) out.emplace_back(id, other);
  return out;
}

bool name_rows::is_refuted(const msg::name& a, const msg::name& b) {
  const ordered_pair p(a, b);
  int found = 0;
  sql_ << "select count(*) from refuted where low_overlay = :lo and low_key = :lk and high_overlay "
          "= :ho "
          "and high_key = :hk",
      into(found), use(p.low_overlay, "lo"), use(p.low_key, "lk"), use(p.high_overlay, "ho"),
      use(p.high_key, "hk");
  return found != 0;
}

std::vector<msg::name> name_rows::refuted(const msg::name& name) {
  const auto key = key_of(name);
  std::string overlay, other;
  std::int64_t at = 0;
  std::vector<msg::name> out;
  soci::statement st(sql_);
  for (auto* text : {&overlay, &other}) st.exchange(into(*text));
  st.exchange(into(at));
  st.exchange(use(name.overlay, "o"));
  st.exchange(use(key, "k"));
  st.exchange(use(name.overlay, "p"));
  st.exchange(use(key, "l"));
  select_once(st, "select high_overlay, high_key, at from refuted where low_overlay = :o and "
                  "low_key = :k union all select low_overlay, low_key, at from refuted where "
                  "high_overlay = :p and high_key = :l order by 3 desc");
  while (st.fetch()) out.push_back({overlay, from_hex_text(other)});
  return out;
}

void name_rows::add_refuted(const msg::name& a, const msg::name& b, std::int64_t now) {
  erase_refuted(a, b);
  // The oldest goes: a liar who links a name to ever new ones must not fill the disk.
  for (const auto* name : {&a, &b}) {
    for (auto known = refuted(*name); known.size() >= limits::refuted_per_name; known.pop_back()) {
      erase_refuted(*name, known.back());
    }
  }
  const ordered_pair p(a, b);
  sql_ << "insert into refuted (low_overlay, low_key, high_overlay, high_key, at) values (:lo, "
          ":lk, :ho, :hk, :at)",
      use(p.low_overlay, "lo"), use(p.low_key, "lk"), use(p.high_overlay, "ho"),
      use(p.high_key, "hk"), use(now, "at");
}

void name_rows::erase_refuted(const msg::name& a, const msg::name& b) {
  const ordered_pair p(a, b);
  sql_ << "delete from refuted where low_overlay = :lo and low_key = :lk and high_overlay = :ho "
          "and high_key = :hk",
      use(p.low_overlay, "lo"), use(p.low_key, "lk"), use(p.high_overlay, "ho"),
      use(p.high_key, "hk");
}

std::uint64_t name_rows::count() {
  std::int64_t out = 0;
  sql_ << "select count(*) from names", into(out);
  return static_cast<std::uint64_t>(out);
}

std::int64_t name_rows::last_id() {
  // Groups are numbered from the same counter and may outlive the name they were numbered after.
  std::int64_t out = 0;
  sql_ << "select coalesce(max(n), 0) from (select max(id) as n from names union all select "
          "max(content_group) from names) both_of_them",
      into(out);
  return out;
}

} // namespace interswarm
