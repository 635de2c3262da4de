#include "storage/catalogue.hpp"

#include "schema/base/encoding.hpp"
#include "storage/chunk.hpp"
#include "storage/keeping_rows.hpp"
#include "storage/name_rules.hpp"
#include "storage/sql.hpp"

#include <algorithm>

namespace interswarm {

using soci::into;
using soci::use;

namespace {

constexpr const char* columns =
    "select p.id, p.content_id, c.size, p.tenant, p.title, p.media_type, p.properties, p.series, "
    "p.is_open, p.published_at, p.expires from publications p join contents c on c.content_id = "
    "p.content_id where ";

slice from_hex_text(const std::string& text) { return slice(from_hex(text).value_or(bytes{})); }

/// A line for each, behind an empty one: checked to hold neither line ends nor, in the key, '='.
std::string joined(const std::vector<std::pair<std::string, std::string>>& properties) {
  std::string out = "\n";
  for (const auto& [key, value] : properties) out += key + "=" + value + "\n";
  return out;
}

std::vector<std::pair<std::string, std::string>> split(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> out;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const auto equals = line.find('=');
    if (equals != line.npos) out.emplace_back(line.substr(0, equals), line.substr(equals + 1));
  }
  return out;
}

/// The columns of one row as SQL has them.
struct raw_publication {
  std::int64_t id = 0;
  std::string content_id;
  std::int64_t size = 0;
  std::string tenant, title, media_type, properties, series;
  int open = 0;
  std::int64_t published_at = 0;
  std::int64_t expires = 0;

  raw_publication() = default;
  explicit raw_publication(const publication& p)
      : id(p.id), content_id(to_hex(p.content_id)), size(static_cast<std::int64_t>(p.size)),
        tenant(p.tenant), title(p.title), media_type(p.media_type),
        properties(joined(p.properties)), series(p.series), open(p.open ? 1 : 0),
        published_at(p.published_at), expires(p.expires) {}
  publication get() const {
    return {id,
            from_hex_text(content_id),
            static_cast<std::uint64_t>(size),
            tenant,
            title,
            media_type,
            split(properties),
            series,
            open != 0,
            published_at,
            expires};
  }
  void into_all(soci::statement& st) {
    st.exchange(into(id));
    st.exchange(into(content_id));
    st.exchange(into(size));
    for (auto* text : {&tenant, &title, &media_type, &properties, &series})
      st.exchange(into(*text));
    st.exchange(into(open));
    st.exchange(into(published_at));
    st.exchange(into(expires));
  }
};

result<void> check(const publication& p, byte_view chunks) {
  if (p.content_id.size() != 32) return fail(errc::malformed, "a content id has 32 bytes");
  if (p.size > limits::kept_content_bytes)
    return fail(errc::too_large, "a content of more than 4 TiB cannot be kept");
  if (chunks.size() != chunk_count(p.size) * 32)
    return fail(errc::malformed, "a content's size and chunks do not belong together");
  if (p.tenant.empty()) return fail(errc::malformed, "a publication needs a tenant");
  std::size_t properties = 0;
  for (const auto& [key, value] : p.properties) {
    properties += key.size() + value.size() + 2;
    if (key.empty() || key.find('=') != key.npos)
      return fail(errc::malformed, "a property needs a name without '='");
  }
  if (p.tenant.size() > limits::domain_bytes || p.title.size() > limits::title_bytes ||
      p.media_type.size() > limits::media_type_bytes || p.series.size() > limits::title_bytes ||
      properties > limits::property_bytes)
    return fail(errc::too_large, "a publication with texts that are too long");
  const auto clean = [](const std::string& text) { return printable(text, text.size()) == text; };
  const bool fit = clean(p.tenant) && clean(p.title) && clean(p.media_type) && clean(p.series) &&
                   std::all_of(p.properties.begin(), p.properties.end(),
                               [&](const auto& x) { return clean(x.first) && clean(x.second); });
  if (!fit) return fail(errc::malformed, "a publication with unprintable text");
  return {};
}

/// Enters the content, or makes sure that the one known is the same.
result<void> enter_content(soci::session& sql, const publication& p, byte_view chunks) {
  const auto id = to_hex(p.content_id);
  const auto size = static_cast<std::int64_t>(p.size);
  std::int64_t known_size = -1;
  sql_bytes known(sql);
  sql << "select size, chunks from contents where content_id = :id", use(id, "id"),
      into(known_size), known.into();
  if (sql.got_data()) {
    if (known_size != size || !equal(known.get(), chunks))
      return fail(errc::conflict, "content " + id + " is known with another size or other chunks");
    return {};
  }
  sql_bytes given(sql, chunks);
  sql << "insert into contents (content_id, size, chunks) values (:id, :size, :chunks)",
      use(id, "id"), use(size, "size"), given.use("chunks");
  return {};
}

/// What the index has of a property; no word of a title has a '='.
std::string property_word(const std::string& key, const std::string& value) {
  return printable(key + "=" + value, limits::word_bytes - 3); // cut between letters
}

void write_words(soci::session& sql, std::int64_t id, const publication& p) {
  sql << "delete from publication_words where publication_id = :id", use(id, "id");
  std::string word;
  soci::statement add =
      (sql.prepare << "insert into publication_words (word, publication_id) values (:word, :id) on "
                      "conflict (word, publication_id) do nothing",
       use(word, "word"), use(id, "id"));
  auto words = words_of(p.title);
  for (const auto& [key, value] : p.properties) words.push_back(property_word(key, value));
  for (const auto& w : words) {
    word = w;
    add.execute(true);
  }
}

/// The condition of a listing with the values that it refers to.
class listing_condition {
public:
  listing_condition(const catalogue_query& q, std::vector<std::string> words, std::int64_t before,
                    std::int64_t now)
      : now_(now), before_(before) {
    if (before > 0) text_ += " and p.id < :before";
    if (q.open_only) text_ += " and p.is_open = 1";
    if (!q.tenant.empty()) text_ += " and p.tenant = " + value(q.tenant);
    if (!q.media_type.empty())
      text_ += " and p.media_type >= " + value(q.media_type) + " and p.media_type < " +
               value(q.media_type + last_letter);
    if (!q.property.first.empty()) {
      add_word(property_word(q.property.first, q.property.second), "");
      // The word may have been cut.
      text_ += " and replace(p.properties, " +
               value("\n" + q.property.first + "=" + q.property.second + "\n") +
               ", '') <> p.properties";
    }
    for (std::size_t i = 0; i < words.size(); ++i)
      add_word(words[i], i + 1 == words.size() ? last_letter : "");
  }

  const std::string& text() const { return text_; }
  void exchange_with(soci::statement& st) const {
    st.exchange(use(now_, "now"));
    if (before_ > 0) st.exchange(use(before_, "before"));
    for (std::size_t i = 0; i < values_.size(); ++i)
      st.exchange(use(values_[i], "v" + std::to_string(i)));
  }

private:
  static constexpr const char* last_letter = "\xF4\x8F\xBF\xBF";

  std::string value(const std::string& v) {
    values_.push_back(v);
    return ":v" + std::to_string(values_.size() - 1);
  }
  void add_word(const std::string& word, const std::string& ending) {
    text_ += " and exists (select 1 from publication_words w where w.publication_id = p.id and "
             "w.word >= " +
             value(word) + " and w.word <= " + value(word + ending) + ")";
  }

  std::int64_t now_;
  std::int64_t before_;
  std::string text_ = "(p.expires = 0 or p.expires > :now)";
  std::vector<std::string> values_;
};

std::vector<std::int64_t> ids_of(soci::session& sql, const std::string& condition,
                                 const std::vector<std::pair<std::string, std::string>>& texts,
                                 std::int64_t number) {
  std::int64_t id = 0;
  soci::statement st(sql);
  st.exchange(into(id));
  for (const auto& [name, text] : texts) st.exchange(use(text, name));
  if (condition.find(":number") != condition.npos) st.exchange(use(number, "number"));
  select_once(st, "select id from publications where " + condition + " limit " +
                      std::to_string(limits::listing));
  std::vector<std::int64_t> out;
  while (st.fetch()) out.push_back(id);
  return out;
}

std::int64_t number_of(soci::session& sql, const char* statement) {
  std::int64_t out = 0;
  sql << statement, into(out);
  return out;
}

} // namespace

result<void> catalogue::keep(const publication& p) {
  auto& sql = db_.session().sql;
  const auto row = keeping_row{to_hex(p.content_id), p.tenant};
  if (continue_keeping(sql, row, p.published_at, p.expires)) return {};
  const auto count = [&] { return number_of(sql, "select count(*) from keepings"); };
  if (!keepings_.admit([&] { return static_cast<std::uint64_t>(count()); }))
    return fail(errc::too_large, "the catalogue's accounts are full; prune what was charged");
  begin_keeping(sql, row, p.size, p.published_at, p.expires);
  return {};
}

result<std::vector<slice>> catalogue::drop(const std::vector<std::int64_t>& ids, std::int64_t now) {
  auto& sql = db_.session().sql;
  std::vector<slice> out;
  for (const auto id : ids) {
    std::string content, tenant;
    sql << "select content_id, tenant from publications where id = :id", use(id, "id"),
        into(content), into(tenant);
    end_keeping(sql, {content, tenant}, now);
    sql << "delete from publications where id = :id", use(id, "id");
    sql << "delete from publication_words where publication_id = :id", use(id, "id");
    int others = 0;
    sql << "select count(*) from publications where content_id = :id", use(content, "id"),
        into(others);
    if (others > 0) continue;
    sql << "delete from contents where content_id = :id", use(content, "id");
    out.push_back(from_hex_text(content));
  }
  return out;
}

result<std::vector<slice>> catalogue::publish(const publication& p, byte_view chunks) {
  if (auto ok = check(p, chunks); !ok) return tl::unexpected(ok.error());
  auto& session = db_.session();
  return sql_write(session, "publish", [&]() -> result<std::vector<slice>> {
    auto& sql = session.sql;
    if (auto ok = enter_content(sql, p, chunks); !ok) return tl::unexpected(ok.error());
    raw_publication raw(p);
    const auto known = ids_of(sql, "content_id = :content and tenant = :tenant",
                              {{"content", raw.content_id}, {"tenant", p.tenant}}, 0);
    if (known.empty()) {
      const auto count = [&] { return number_of(sql, "select count(*) from publications"); };
      if (!bound_.admit([&] { return static_cast<std::uint64_t>(count()); }))
        return fail(errc::too_large, "the catalogue is full");
      raw.id = number_of(sql, "select coalesce(max(id), 0) from publications") + 1;
      sql << "insert into publications (id, content_id, tenant, title, media_type, properties, "
             "series, is_open, published_at, expires) values (:id, :content, :tenant, :title, "
             ":type, :properties, :series, :open, :at, :expires)",
          use(raw.id, "id"), use(raw.content_id, "content"), use(raw.tenant, "tenant"),
          use(raw.title, "title"), use(raw.media_type, "type"), use(raw.properties, "properties"),
          use(raw.series, "series"), use(raw.open, "open"), use(raw.published_at, "at"),
          use(raw.expires, "expires");
    } else {
      raw.id = known.front();
      sql << "update publications set title = :title, media_type = :type, properties = "
             ":properties, series = :series, is_open = :open, published_at = :at, expires = "
             ":expires where id = :id",
          use(raw.title, "title"), use(raw.media_type, "type"), use(raw.properties, "properties"),
          use(raw.series, "series"), use(raw.open, "open"), use(raw.published_at, "at"),
          use(raw.expires, "expires"), use(raw.id, "id");
    }
    write_words(sql, raw.id, p);
    if (auto ok = keep(p); !ok) return tl::unexpected(ok.error());
    if (p.series.empty()) return std::vector<slice>{};
    return drop(ids_of(sql, "tenant = :tenant and series = :series and id <> :number",
                       {{"tenant", p.tenant}, {"series", p.series}}, raw.id),
                p.published_at);
  });
}

result<std::vector<slice>> catalogue::withdraw(byte_view content_id, const std::string& tenant,
                                               std::int64_t now) {
  auto& session = db_.session();
  return sql_write(session, "withdraw a publication", [&]() -> result<std::vector<slice>> {
    const auto known = ids_of(session.sql, "content_id = :content and tenant = :tenant",
                              {{"content", to_hex(content_id)}, {"tenant", tenant}}, 0);
    if (known.empty())
      return fail(errc::not_found, printable(tenant) + " does not publish this content");
    return drop(known, now);
  });
}

result<std::vector<slice>> catalogue::expire(std::int64_t now) {
  auto& session = db_.session();
  return sql_write(session, "withdraw what has expired", [&]() -> result<std::vector<slice>> {
    return drop(ids_of(session.sql, "expires > 0 and expires <= :number order by expires", {}, now),
                now);
  });
}

result<kept_content> catalogue::find(byte_view content_id) const {
  return sql_guard(db_.session(), "read the catalogue", [&]() -> result<kept_content> {
    auto& sql = db_.session().sql;
    const auto id = to_hex(content_id);
    std::int64_t size = 0;
    sql_bytes chunks(sql);
    sql << "select size, chunks from contents where content_id = :id", use(id, "id"), into(size),
        chunks.into();
    if (!sql.got_data()) return fail(errc::not_found, "content " + id + " is not published here");
    return kept_content{slice::copy_of(content_id), static_cast<std::uint64_t>(size),
                        slice(chunks.get())};
  });
}

result<std::vector<publication>> catalogue::publications(byte_view content_id,
                                                         std::int64_t now) const {
  return sql_guard(db_.session(), "read the catalogue", [&]() -> result<std::vector<publication>> {
    raw_publication raw;
    const auto id = to_hex(content_id);
    soci::statement st(db_.session().sql);
    raw.into_all(st);
    st.exchange(use(id, "content"));
    st.exchange(use(now, "now"));
    select_once(st, std::string(columns) +
                        "p.content_id = :content and (p.expires = 0 or p.expires > "
                        ":now) order by p.id limit " +
                        std::to_string(limits::listing));
    std::vector<publication> out;
    while (st.fetch()) out.push_back(raw.get());
    return out;
  });
}

result<std::vector<publication>> catalogue::list(const catalogue_query& q, std::int64_t before,
                                                 std::size_t limit, std::int64_t now) const {
  // A server takes UTF-8 only; what is none is in no title.
  auto words = words_of(printable(q.words, q.words.size()));
  if (words.empty() && !q.words.empty()) return std::vector<publication>{};
  if (words.size() > limits::search_words) words.resize(limits::search_words);
  auto& session = db_.session();
  return sql_guard(session, "search the catalogue", [&]() -> result<std::vector<publication>> {
    const listing_condition where(q, words, before, now);
    raw_publication raw;
    soci::statement st(db_.session().sql);
    raw.into_all(st);
    where.exchange_with(st);
    select_once(st, columns + where.text() + " order by p.id desc limit " +
                        std::to_string(std::min(limit, limits::listing)));
    std::vector<publication> out;
    while (st.fetch()) out.push_back(raw.get());
    return out;
  });
}

result<std::vector<kept_content>> catalogue::wanted(byte_view after, std::size_t limit) const {
  return sql_guard(db_.session(), "read the catalogue", [&]() -> result<std::vector<kept_content>> {
    auto& sql = db_.session().sql;
    std::string id;
    std::int64_t size = 0;
    sql_bytes chunks(sql);
    const auto begin = to_hex(after);
    soci::statement st(sql);
    st.exchange(into(id));
    st.exchange(into(size));
    st.exchange(chunks.into());
    st.exchange(use(begin, "after"));
    select_once(st, "select content_id, size, chunks from contents where content_id > :after order "
                    "by content_id limit " +
                        std::to_string(std::min(limit, limits::listing)));
    std::vector<kept_content> out;
    while (st.fetch())
      out.push_back({from_hex_text(id), static_cast<std::uint64_t>(size), slice(chunks.get())});
    return out;
  });
}

result<tenant_usage> catalogue::usage(const std::string& tenant, std::int64_t now) const {
  return sql_guard(db_.session(), "read the catalogue", [&]() -> result<tenant_usage> {
    std::int64_t total = 0;
    std::int64_t count = 0;
    db_.session().sql
        << "select cast(coalesce(sum(c.size), 0) as bigint), count(*) from publications p join "
           "contents c on c.content_id = p.content_id where p.tenant = :tenant and "
           "(p.expires = 0 or p.expires > :now)",
        use(tenant, "tenant"), use(now, "now"), into(total), into(count);
    return tenant_usage{static_cast<std::uint64_t>(total), static_cast<std::uint64_t>(count)};
  });
}

} // namespace interswarm
