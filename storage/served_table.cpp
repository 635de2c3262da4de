#include "storage/served_table.hpp"

#include "schema/base/encoding.hpp"
#include "storage/sql.hpp"

#include <algorithm>

namespace interswarm {

using soci::into;
using soci::use;

namespace {

constexpr const char* columns = "select receipt, hour, node, overlay, content_id, tenant, party, "
                                "bytes, first_at, last_at from served ";

struct raw_delivery {
  std::string receipt, node, overlay, content_id, tenant, party;
  std::int64_t hour = 0;
  std::int64_t bytes = 0;
  std::int64_t first_at = 0;
  std::int64_t last_at = 0;

  void set(const msg::delivery& d) {
    receipt = to_hex(d.receipt);
    hour = d.hour;
    node = d.node;
    overlay = d.overlay;
    content_id = to_hex(d.content_id);
    tenant = d.tenant;
    party = d.party;
    bytes = static_cast<std::int64_t>(d.bytes);
    first_at = d.first_at;
    last_at = d.last_at;
  }
  msg::delivery get() const {
    msg::delivery out;
    out.receipt = slice(from_hex(receipt).value_or(interswarm::bytes{}));
    out.hour = hour;
    out.node = node;
    out.overlay = overlay;
    out.content_id = slice(from_hex(content_id).value_or(interswarm::bytes{}));
    out.tenant = tenant;
    out.party = party;
    out.bytes = static_cast<std::uint64_t>(bytes);
    out.first_at = first_at;
    out.last_at = last_at;
    return out;
  }
  void into_all(soci::statement& st) {
    st.exchange(into(receipt));
    st.exchange(into(hour));
    for (auto* text : {&node, &overlay, &content_id, &tenant, &party}) st.exchange(into(*text));
    for (auto* number : {&bytes, &first_at, &last_at}) st.exchange(into(*number));
  }
};

result<void> check(const msg::delivery& d) {
  if (d.receipt.empty() || d.receipt.size() > limits::receipt_bytes)
    return fail(errc::malformed, "a delivery's receipt has 1 to " +
                                     std::to_string(limits::receipt_bytes) + " bytes");
  if (!d.content_id.empty() && d.content_id.size() != 32)
    return fail(errc::malformed, "a content id has 32 bytes");
  if (d.overlay.empty() || d.hour < 0 || d.hour % 3600 != 0)
    return fail(errc::malformed, "a delivery needs an overlay and a whole hour");
  if (d.overlay.size() > limits::overlay_bytes || d.node.size() > limits::domain_bytes ||
      d.tenant.size() > limits::domain_bytes || d.party.size() > limits::domain_bytes)
    return fail(errc::too_large, "a delivery with a name that is too long");
  for (const auto* text : {&d.overlay, &d.node, &d.tenant, &d.party})
    if (printable(*text, text->size()) != *text)
      return fail(errc::malformed, "a delivery with unprintable text");
  if (d.bytes > limits::content_bytes)
    return fail(errc::too_large, "a delivery of more than 2^60 bytes");
  return {};
}

bool same_count(const msg::delivery& a, const msg::delivery& b) {
  return a.hour == b.hour && a.node == b.node && a.overlay == b.overlay &&
         a.content_id == b.content_id && a.tenant == b.tenant && a.party == b.party;
}

const char* column_of(msg::account_kind of) {
  return of == msg::account_kind::party ? "party" : "tenant";
}

std::uint64_t count_rows(soci::session& sql) {
  std::int64_t out = 0;
  sql << "select count(*) from served", into(out);
  return static_cast<std::uint64_t>(out);
}

/// Adds to `where` what `scope` asks for, which must outlast the statement.
void narrow(soci::statement& st, std::string& where, const account_scope& scope) {
  if (!scope.tenant.empty()) {
    where += " and tenant = :tenant";
    st.exchange(use(scope.tenant, "tenant"));
  }
  if (!scope.party.empty()) {
    where += " and party = :party";
    st.exchange(use(scope.party, "party"));
  }
}

slice place_of(const msg::delivery& d) {
  bytes out;
  for (int shift = 56; shift >= 0; shift -= 8)
    out.push_back(static_cast<byte>(static_cast<std::uint64_t>(d.hour) >> shift));
  out.insert(out.end(), d.receipt.view().begin(), d.receipt.view().end());
  return slice(std::move(out));
}

} // namespace

result<void> served_table::record(const std::vector<msg::delivery>& entries) {
  if (entries.size() > limits::served_batch)
    return fail(errc::too_large, "too many deliveries at once");
  for (const auto& e : entries)
    if (auto ok = check(e); !ok) return ok;
  auto& session = db_.session();
  return sql_write(session, "store deliveries", [&]() -> result<void> {
    raw_delivery raw, known;
    soci::statement find(session.sql);
    find.exchange(use(raw.receipt, "receipt"));
    known.into_all(find);
    find.alloc();
    find.prepare(std::string(columns) + "where receipt = :receipt");
    find.define_and_bind();
    soci::statement add =
        (session.sql.prepare << "insert into served (receipt, hour, node, overlay, content_id, "
                                "tenant, party, bytes, first_at, last_at, handed_bytes) values "
                                "(:receipt, :hour, :node, :overlay, :content, :tenant, :party, "
                                ":bytes, :first_at, :last_at, 0)",
         use(raw.receipt, "receipt"), use(raw.hour, "hour"), use(raw.node, "node"),
         use(raw.overlay, "overlay"), use(raw.content_id, "content"), use(raw.tenant, "tenant"),
         use(raw.party, "party"), use(raw.bytes, "bytes"), use(raw.first_at, "first_at"),
         use(raw.last_at, "last_at"));
    soci::statement change =
        (session.sql.prepare << "update served set bytes = :bytes, last_at = :last_at where "
                                "receipt = :receipt",
         use(raw.bytes, "bytes"), use(raw.last_at, "last_at"), use(raw.receipt, "receipt"));
    for (const auto& e : entries) {
      raw.set(e);
      if (!find.execute(true)) {
        if (!bound_.admit([&] { return count_rows(session.sql); }))
          return fail(errc::too_large, "the table of deliveries is full; prune what was charged");
        add.execute(true);
        continue;
      }
      if (!same_count(known.get(), e))
        return fail(errc::conflict, "receipt " + raw.receipt + " is known for another delivery");
      raw.bytes = std::max(raw.bytes, known.bytes);
      raw.last_at = std::max(raw.last_at, known.last_at);
      change.execute(true);
    }
    return {};
  });
}

result<std::vector<msg::delivery>> served_table::to_hand_over(std::size_t limit) const {
  return sql_guard(db_.session(), "read deliveries", [&]() -> result<std::vector<msg::delivery>> {
    raw_delivery raw;
    soci::statement st(db_.session().sql);
    raw.into_all(st);
    select_once(st, std::string(columns) + "where handed_bytes < bytes order by receipt limit " +
                        std::to_string(std::min(limit, limits::served_batch)));
    std::vector<msg::delivery> out;
    while (st.fetch()) out.push_back(raw.get());
    return out;
  });
}

result<void> served_table::handed_over(const std::vector<msg::delivery>& entries) {
  auto& session = db_.session();
  return sql_write(session, "note what was handed over", [&]() -> result<void> {
    raw_delivery raw;
    soci::statement change =
        (session.sql.prepare << "update served set handed_bytes = :bytes where receipt = :receipt",
         use(raw.bytes, "bytes"), use(raw.receipt, "receipt"));
    for (const auto& e : entries) {
      raw.set(e);
      change.execute(true);
    }
    return {};
  });
}

result<served_page> served_table::page(const account_period& when, const account_scope& scope,
                                       byte_view after, std::size_t limit) const {
  if (!after.empty() && (after.size() < 9 || after.size() > 8 + limits::receipt_bytes))
    return fail(errc::malformed, "no page of deliveries ended there");
  std::uint64_t place = 0;
  for (std::size_t i = 0; i < 8 && i < after.size(); ++i) place = place << 8 | after[i];
  const auto hour = static_cast<std::int64_t>(place);
  const auto receipt = after.empty() ? std::string() : to_hex(after.subspan(8));
  limit = std::clamp<std::size_t>(limit, 1, limits::account_listing);
  return sql_guard(db_.session(), "read deliveries", [&]() -> result<served_page> {
    raw_delivery raw;
    soci::statement st(db_.session().sql);
    raw.into_all(st);
    st.exchange(use(when.since, "since"));
    st.exchange(use(when.until, "until"));
    std::string where = "where hour >= :since and hour < :until";
    if (!after.empty()) {
      where += " and (hour, receipt) > (:hour, :receipt)";
      st.exchange(use(hour, "hour"));
      st.exchange(use(receipt, "receipt"));
    }
    narrow(st, where, scope);
    select_once(st, columns + where + " order by hour, receipt limit " + std::to_string(limit));
    served_page out;
    while (st.fetch()) out.deliveries.push_back(raw.get());
    if (out.deliveries.size() == limit) out.next = place_of(out.deliveries.back());
    return out;
  });
}

result<std::vector<served_sum>> served_table::sums(msg::account_kind of, const account_period& when,
                                                   const account_range& who) const {
  return sql_guard(db_.session(), "sum up deliveries", [&]() -> result<std::vector<served_sum>> {
    const std::string name = column_of(of);
    served_sum one;
    std::int64_t total = 0;
    soci::statement st(db_.session().sql);
    st.exchange(into(one.name));
    st.exchange(into(one.overlay));
    st.exchange(into(total));
    st.exchange(use(when.since, "since"));
    st.exchange(use(when.until, "until"));
    st.exchange(use(who.after, "after"));
    st.exchange(use(who.last, "last"));
    std::string where =
        "hour >= :since and hour < :until and " + name + " > :after and " + name + " <= :last";
    narrow(st, where, who.scope);
    select_once(st, "select " + name + ", overlay, cast(sum(bytes) as bigint) from served where " +
                        where + " group by " + name + ", overlay order by " + name + ", overlay");
    std::vector<served_sum> out;
    while (st.fetch()) {
      one.bytes = static_cast<std::uint64_t>(total);
      out.push_back(one);
    }
    return out;
  });
}

result<std::vector<std::string>>
served_table::names(msg::account_kind of, const account_period& when, const account_scope& scope,
                    const std::string& after, std::size_t limit) const {
  return sql_guard(db_.session(), "read deliveries", [&]() -> result<std::vector<std::string>> {
    const std::string name = column_of(of);
    std::string one;
    soci::statement st(db_.session().sql);
    st.exchange(into(one));
    st.exchange(use(when.since, "since"));
    st.exchange(use(when.until, "until"));
    st.exchange(use(after, "after"));
    std::string where = "hour >= :since and hour < :until and " + name + " > :after";
    narrow(st, where, scope);
    select_once(st, "select distinct " + name + " from served where " + where + " order by " +
                        name + " limit " + std::to_string(limit));
    std::vector<std::string> out;
    while (st.fetch()) out.push_back(one);
    return out;
  });
}

result<std::uint64_t> served_table::prune(std::int64_t before, bool handed_only) {
  auto& session = db_.session();
  return sql_write(session, "prune deliveries", [&]() -> result<std::uint64_t> {
    const auto had = count_rows(session.sql);
    session.sql << std::string("delete from served where hour < :before") +
                       (handed_only ? " and handed_bytes >= bytes" : ""),
        use(before, "before");
    return had - count_rows(session.sql);
  });
}

} // namespace interswarm
