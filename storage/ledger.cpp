#include "storage/ledger.hpp"

#include "schema/base/encoding.hpp"
#include "storage/limits.hpp"
#include "storage/name_rules.hpp"
#include "storage/sql.hpp"

#include <algorithm>
#include <map>

namespace interswarm {

using soci::into;
using soci::use;

namespace {

constexpr const char* columns =
    "select receipt, role, from_domain, from_overlay, to_domain, to_overlay, name_overlay, "
    "name_key, tenant, bytes, first_at, last_at from ledger ";

/// The columns of one row as SQL has them.
struct raw_entry {
  std::string receipt;
  int role = 0;
  std::string from_domain, from_overlay, to_domain, to_overlay, name_overlay, name_key, tenant;
  std::int64_t bytes = 0;
  std::int64_t first_at = 0;
  std::int64_t last_at = 0;

  void set(const msg::ledger_entry& e) {
    receipt = to_hex(e.receipt);
    role = static_cast<int>(e.role);
    from_domain = e.from_domain;
    from_overlay = e.from_overlay;
    to_domain = e.to_domain;
    to_overlay = e.to_overlay;
    name_overlay = e.content_name.overlay;
    name_key = to_hex(e.content_name.key);
    tenant = e.tenant;
    bytes = static_cast<std::int64_t>(e.bytes);
    first_at = e.first_at;
    last_at = e.last_at;
  }
  msg::ledger_entry entry() const {
    msg::ledger_entry out;
    out.receipt = slice(from_hex(receipt).value_or(interswarm::bytes{}));
    out.role = static_cast<msg::ledger_entry_role>(role);
    out.from_domain = from_domain;
    out.from_overlay = from_overlay;
    out.to_domain = to_domain;
    out.to_overlay = to_overlay;
    out.content_name = {name_overlay, slice(from_hex(name_key).value_or(interswarm::bytes{}))};
    out.tenant = tenant;
    out.bytes = static_cast<std::uint64_t>(bytes);
    out.first_at = first_at;
    out.last_at = last_at;
    return out;
  }
  void into_all(soci::statement& st) {
    for (auto* text : {&receipt}) st.exchange(into(*text));
    st.exchange(into(role));
    for (auto* text : {&from_domain, &from_overlay, &to_domain, &to_overlay, &name_overlay,
                       &name_key, &tenant}) {
      st.exchange(into(*text));
    }
    for (auto* number : {&bytes, &first_at, &last_at}) st.exchange(into(*number));
  }
};

result<void> check(const msg::ledger_entry& e) {
  if (e.receipt.empty() || e.receipt.size() > limits::receipt_bytes) {
    return fail(errc::malformed, "a ledger entry's receipt has 1 to " +
                                     std::to_string(limits::receipt_bytes) + " bytes");
  }
  if (auto ok = check_name(e.content_name); !ok) return ok;
  if (e.role > msg::ledger_entry_role::taker)
    return fail(errc::malformed, "a ledger entry of an unknown role");
  for (const auto* text : {&e.from_domain, &e.to_domain, &e.tenant}) {
    if (text->size() > limits::domain_bytes)
      return fail(errc::too_large, "a ledger entry with a name that is too long");
  }
  for (const auto* text : {&e.from_overlay, &e.to_overlay}) {
    if (text->size() > limits::overlay_bytes)
      return fail(errc::too_large, "a ledger entry with a name that is too long");
  }
  for (const auto* text :
       {&e.from_domain, &e.to_domain, &e.tenant, &e.from_overlay, &e.to_overlay}) {
    if (printable(*text, text->size()) != *text)
      return fail(errc::malformed, "a ledger entry with unprintable text");
  }
  if (e.bytes > limits::content_bytes)
    return fail(errc::too_large, "a ledger entry of more than 2^60 bytes");
  return {};
}

bool same_delivery(const msg::ledger_entry& a, const msg::ledger_entry& b) {
  return a.from_domain == b.from_domain && a.from_overlay == b.from_overlay &&
         a.to_domain == b.to_domain && a.to_overlay == b.to_overlay &&
         a.content_name == b.content_name && a.tenant == b.tenant;
}

std::vector<msg::ledger_entry> fetch_all(soci::statement& st, raw_entry& raw,
                                         const std::string& statement) {
  raw.into_all(st);
  select_once(st, statement);
  std::vector<msg::ledger_entry> out;
  while (st.fetch()) out.push_back(raw.entry());
  return out;
}

std::uint64_t count_rows(soci::session& sql) {
  std::int64_t out = 0;
  sql << "select count(*) from ledger", into(out);
  return static_cast<std::uint64_t>(out);
}

} // namespace

result<std::uint64_t> ledger::prune(std::int64_t before) {
  auto& session = db_.session();
  return sql_write(session, "prune the ledger", [&]() -> result<std::uint64_t> {
    const auto had = count_rows(session.sql);
    session.sql << "delete from ledger where last_at < :before", use(before, "before");
    return had - count_rows(session.sql);
  });
}

result<void> ledger::record(const std::vector<msg::ledger_entry>& entries) {
  if (entries.size() > limits::ledger_batch)
    return fail(errc::too_large, "too many ledger entries at once");
  for (const auto& e : entries) {
    if (auto ok = check(e); !ok) return ok;
  }
  auto& session = db_.session();
  return sql_write(session, "store the ledger", [&]() -> result<void> {
    raw_entry raw, known;
    soci::statement find(session.sql);
    find.exchange(use(raw.receipt, "receipt"));
    find.exchange(use(raw.role, "role"));
    known.into_all(find);
    find.alloc();
    find.prepare(std::string(columns) + "where receipt = :receipt and role = :role");
    find.define_and_bind();
    soci::statement add =
        (session.sql.prepare
             << "insert into ledger (receipt, role, from_domain, from_overlay, to_domain, "
                "to_overlay, "
                "name_overlay, name_key, tenant, bytes, first_at, last_at) values (:receipt, "
                ":role, "
                ":fd, :fo, :td, :to, :no, :nk, :tenant, :bytes, :first_at, :last_at)",
         use(raw.receipt, "receipt"), use(raw.role, "role"), use(raw.from_domain, "fd"),
         use(raw.from_overlay, "fo"), use(raw.to_domain, "td"), use(raw.to_overlay, "to"),
         use(raw.name_overlay, "no"), use(raw.name_key, "nk"), use(raw.tenant, "tenant"),
         use(raw.bytes, "bytes"), use(raw.first_at, "first_at"), use(raw.last_at, "last_at"));
    soci::statement change =
        (session.sql.prepare
             << "update ledger set bytes = :bytes, first_at = :first_at, last_at = :last_at "
                "where receipt = :receipt and role = :role",
         use(raw.bytes, "bytes"), use(raw.first_at, "first_at"), use(raw.last_at, "last_at"),
         use(raw.receipt, "receipt"), use(raw.role, "role"));
    for (const auto& e : entries) {
      raw.set(e);
      if (!find.execute(true)) {
        if (!bound_.admit([&] { return count_rows(session.sql); }))
          return fail(errc::too_large, "the ledger is full; prune what was charged");
        add.execute(true);
        continue;
      }
      if (!same_delivery(known.entry(), e)) {
        return fail(errc::conflict,
                    "receipt " + raw.receipt + " is in the ledger for another delivery");
      }
      raw.bytes = std::max(raw.bytes, known.bytes);
      raw.first_at = std::min(raw.first_at, known.first_at);
      raw.last_at = std::max(raw.last_at, known.last_at);
      change.execute(true);
    }
    return {};
  });
}

result<std::vector<msg::ledger_entry>> ledger::list(std::int64_t since, std::size_t limit) const {
  return sql_guard(
      db_.session(), "read the ledger", [&]() -> result<std::vector<msg::ledger_entry>> {
        raw_entry raw;
        soci::statement st(db_.session().sql);
        st.exchange(use(since, "since"));
        return fetch_all(st, raw,
                         std::string(columns) +
                             "where last_at >= :since order by last_at, receipt, role limit " +
                             std::to_string(std::min(limit, limits::ledger_listing)));
      });
}

result<ledger_page> ledger::page(std::int64_t since, std::int64_t until, byte_view after,
                                 std::size_t limit) const {
  // A place: the end in 8 bytes, the role in one, the receipt.
  if (!after.empty() && (after.size() < 10 || after.size() > 9 + limits::receipt_bytes))
    return fail(errc::malformed, "no page of the ledger ended there");
  std::uint64_t place = 0;
  for (std::size_t i = 0; i < 8 && i < after.size(); ++i) place = place << 8 | after[i];
  const auto at = static_cast<std::int64_t>(place);
  const int role = after.empty() ? 0 : after[8];
  const auto receipt = after.empty() ? std::string() : to_hex(after.subspan(9));
  limit = std::clamp<std::size_t>(limit, 1, limits::ledger_batch);
  return sql_guard(db_.session(), "read the ledger", [&]() -> result<ledger_page> {
    raw_entry raw;
    soci::statement st(db_.session().sql);
    st.exchange(use(since, "since"));
    st.exchange(use(until, "until"));
    std::string where = "where last_at >= :since and last_at < :until";
    if (!after.empty()) {
      where += " and (last_at, receipt, role) > (:at, :receipt, :role)";
      st.exchange(use(at, "at"));
      st.exchange(use(receipt, "receipt"));
      st.exchange(use(role, "role"));
    }
    ledger_page out;
    out.entries = fetch_all(st, raw,
                            columns + where + " order by last_at, receipt, role limit " +
                                std::to_string(limit));
    if (out.entries.size() < limit) return out;
    const auto& last = out.entries.back();
    bytes next;
    for (int shift = 56; shift >= 0; shift -= 8)
      next.push_back(static_cast<byte>(static_cast<std::uint64_t>(last.last_at) >> shift));
    next.push_back(static_cast<byte>(last.role));
    next.insert(next.end(), last.receipt.view().begin(), last.receipt.view().end());
    out.next = slice(std::move(next));
    return out;
  });
}

result<std::vector<msg::ledger_entry>> ledger::find(byte_view receipt) const {
  return sql_guard(
      db_.session(), "read the ledger", [&]() -> result<std::vector<msg::ledger_entry>> {
        raw_entry raw;
        const auto hex = to_hex(receipt);
        soci::statement st(db_.session().sql);
        st.exchange(use(hex, "receipt"));
        return fetch_all(st, raw, std::string(columns) + "where receipt = :receipt order by role");
      });
}

result<std::vector<ledger_total>> ledger::totals(std::int64_t since) const {
  return sql_guard(db_.session(), "sum up the ledger", [&]() -> result<std::vector<ledger_total>> {
    raw_entry raw;
    std::int64_t receipts = 0;
    soci::statement st =
        (db_.session().sql.prepare
             << "select from_domain, from_overlay, to_domain, to_overlay, name_overlay, name_key, "
                "tenant, role, "
                "cast(sum(bytes) as bigint), count(*), min(first_at), max(last_at) from ledger "
                "where last_at >= :since group by from_domain, from_overlay, to_domain, "
                "to_overlay, name_overlay, "
                "name_key, tenant, role order by 9 desc, 1, 2, 3, 4, 5, 6, 7, 8 limit " +
                    std::to_string(limits::ledger_listing),
         into(raw.from_domain), into(raw.from_overlay), into(raw.to_domain), into(raw.to_overlay),
         into(raw.name_overlay), into(raw.name_key), into(raw.tenant), into(raw.role),
         into(raw.bytes), into(receipts), into(raw.first_at), into(raw.last_at),
         use(since, "since"));
    st.execute();
    std::vector<ledger_total> out;
    while (st.fetch()) {
      const auto e = raw.entry();
      out.push_back({e.from_domain, e.from_overlay, e.to_domain, e.to_overlay, e.content_name,
                     e.tenant, e.role, e.bytes, static_cast<std::uint64_t>(receipts), e.first_at,
                     e.last_at});
    }
    return out;
  });
}

std::vector<ledger_disagreement> ledger::compare(const std::vector<msg::ledger_entry>& own,
                                                 const std::vector<msg::ledger_entry>& other) {
  using key = std::pair<std::string, msg::ledger_entry_role>;
  const auto opposite = [](msg::ledger_entry_role r) {
    return r == msg::ledger_entry_role::giver ? msg::ledger_entry_role::taker
                                              : msg::ledger_entry_role::giver;
  };
  struct pair {
    slice receipt;
    std::uint64_t own = 0;
    std::uint64_t other = 0;
  };
  std::map<key, pair> all; // by receipt and our role
  for (const auto& e : own) {
    auto& p = all[{std::string(as_text(e.receipt)), e.role}];
    p.receipt = e.receipt;
    p.own = std::max(p.own, e.bytes);
  }
  for (const auto& e : other) {
    auto& p = all[{std::string(as_text(e.receipt)), opposite(e.role)}];
    p.receipt = e.receipt;
    p.other = std::max(p.other, e.bytes);
  }
  std::vector<ledger_disagreement> out;
  for (const auto& [k, p] : all) {
    if (p.own != p.other) out.push_back({p.receipt, p.own, p.other});
  }
  return out;
}

} // namespace interswarm
