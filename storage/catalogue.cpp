#include "storage/catalogue.hpp"

#include "schema/base/encoding.hpp"
#include "storage/chunk.hpp"
#include "storage/keeping_rows.hpp"
#include "storage/publication_rows.hpp"

#include <algorithm>

namespace interswarm {

using soci::into;
using soci::use;

namespace {

result<void> check(const msg::publication& p, byte_view chunks) {
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
                               [&](const auto& x) { return clean(x.key) && clean(x.value); });
  if (!fit) return fail(errc::malformed, "a publication with unprintable text");
  return {};
}

/// Enters the content, or makes sure that the one known is the same.
result<void> enter_content(soci::session& sql, const msg::publication& p, byte_view chunks) {
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

/// Adds to what the tenant publishes, or takes from it.
void count_in(soci::session& sql, const std::string& tenant, std::int64_t bytes,
              std::int64_t publications) {
  sql << "insert into tenant_totals (tenant, size, publications) values (:tenant, :size, :count) "
         "on "
         "conflict (tenant) do update set size = tenant_totals.size + excluded.size, publications "
         "= tenant_totals.publications + excluded.publications",
      use(tenant, "tenant"), use(bytes, "size"), use(publications, "count");
  if (publications < 0)
    sql << "delete from tenant_totals where tenant = :tenant and publications = 0",
        use(tenant, "tenant");
}

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

result<void> catalogue::keep(const msg::publication& p) {
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
    std::int64_t size = 0;
    sql << "select p.content_id, p.tenant, c.size from publications p join contents c on "
           "c.content_id = p.content_id where p.id = :id",
        use(id, "id"), into(content), into(tenant), into(size);
    end_keeping(sql, {content, tenant}, now);
    sql << "delete from publications where id = :id", use(id, "id");
    word_index(sql, word_index::publications).erase(id);
    count_in(sql, tenant, -size, -1);
    int others = 0;
    sql << "select count(*) from publications where content_id = :id", use(content, "id"),
        into(others);
    if (others > 0) continue;
    sql << "delete from contents where content_id = :id", use(content, "id");
    out.push_back(from_hex_text(content));
  }
  return out;
}

result<std::vector<slice>> catalogue::publish(const msg::publication& p, byte_view chunks) {
  if (auto ok = check(p, chunks); !ok) return tl::unexpected(ok.error());
  auto& session = db_.session();
  return sql_write(session, "publish", [&]() -> result<std::vector<slice>> {
    auto& sql = session.sql;
    if (auto ok = enter_content(sql, p, chunks); !ok) return tl::unexpected(ok.error());
    raw_publication raw(p);
    word_index words(sql, word_index::publications);
    const auto known = ids_of(sql, "content_id = :content and tenant = :tenant",
                              {{"content", raw.content_id}, {"tenant", p.tenant}}, 0);
    if (known.empty()) {
      const auto last = number_of(sql, "select coalesce(max(id), 0) from publications");
      const auto count = [&] { return number_of(sql, "select count(*) from publications"); };
      if (!bound_.admit(static_cast<std::uint64_t>(last),
                        [&] { return static_cast<std::uint64_t>(count()); }))
        return fail(errc::too_large, "the catalogue is full");
      raw.id = last + 1;
      sql << "insert into publications (id, content_id, tenant, title, media_type, properties, "
             "series, is_open, published_at, expires) values (:id, :content, :tenant, :title, "
             ":type, :properties, :series, :open, :at, :expires)",
          use(raw.id, "id"), use(raw.content_id, "content"), use(raw.tenant, "tenant"),
          use(raw.title, "title"), use(raw.media_type, "type"), use(raw.properties, "properties"),
          use(raw.series, "series"), use(raw.open, "open"), use(raw.published_at, "at"),
          use(raw.expires, "expires");
      count_in(sql, p.tenant, raw.size, 1);
    } else {
      raw.id = known.front();
      sql << "update publications set title = :title, media_type = :type, properties = "
             ":properties, series = :series, is_open = :open, published_at = :at, expires = "
             ":expires where id = :id",
          use(raw.title, "title"), use(raw.media_type, "type"), use(raw.properties, "properties"),
          use(raw.series, "series"), use(raw.open, "open"), use(raw.published_at, "at"),
          use(raw.expires, "expires"), use(raw.id, "id");
      words.erase(raw.id);
    }
    words.add(raw.id, terms_of(p));
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

result<std::vector<msg::publication>> catalogue::publications(byte_view content_id,
                                                              std::int64_t now) const {
  return sql_guard(
      db_.session(), "read the catalogue", [&]() -> result<std::vector<msg::publication>> {
        raw_publication raw;
        const auto id = to_hex(content_id);
        soci::statement st(db_.session().sql);
        raw.into_all(st);
        st.exchange(use(id, "content"));
        st.exchange(use(now, "now"));
        select_once(st, std::string(raw_publication::select) +
                            "publications p join contents c on c.content_id = p.content_id where "
                            "p.content_id = :content and (p.expires = 0 or p.expires > "
                            ":now) order by p.id limit " +
                            std::to_string(limits::listing));
        std::vector<msg::publication> out;
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
  return sql_read(db_.session(), "read the catalogue", [&]() -> result<tenant_usage> {
    auto& sql = db_.session().sql;
    std::int64_t total = 0, count = 0, gone_size = 0, gone = 0;
    sql << "select size, publications from tenant_totals where tenant = :tenant",
        use(tenant, "tenant"), into(total), into(count);
    if (!sql.got_data()) return tenant_usage{};
    // What has expired and is not withdrawn yet is little; no index of tenants shall be taken.
    sql << "select cast(coalesce(sum(c.size), 0) as bigint), count(*) from publications p join "
           "contents c on c.content_id = p.content_id where p.tenant || '' = :tenant and "
           "p.expires > 0 and p.expires <= :now",
        use(tenant, "tenant"), use(now, "now"), into(gone_size), into(gone);
    return tenant_usage{static_cast<std::uint64_t>(total - gone_size),
                        static_cast<std::uint64_t>(count - gone)};
  });
}

} // namespace interswarm
