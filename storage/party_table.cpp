#include "storage/party_table.hpp"

#include "schema/base/encoding.hpp"
#include "storage/sql.hpp"

#include <algorithm>

namespace interswarm {

using soci::into;
using soci::use;

namespace {

constexpr const char* columns = "select name, tenants, overlays, account, may_take, may_message, "
                                "revoked, added_at from parties ";

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const auto& t : texts) out += t + "\n";
  return out;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    out.emplace_back(line);
  }
  return out;
}

struct raw_party {
  std::string name, tenants, overlays, account;
  int take = 0;
  int message = 0;
  int revoked = 0;
  std::int64_t added_at = 0;

  void into_all(soci::statement& st) {
    for (auto* text : {&name, &tenants, &overlays, &account}) st.exchange(into(*text));
    for (auto* flag : {&take, &message, &revoked}) st.exchange(into(*flag));
    st.exchange(into(added_at));
  }
  msg::party get() const {
    return {name,         split(tenants), split(overlays), take != 0,
            message != 0, revoked != 0,   added_at,        account};
  }
};

bool clean(const std::string& text) {
  return !text.empty() && text.size() <= limits::domain_bytes &&
         printable(text, text.size()) == text;
}

result<void> check(const msg::party& p, byte_view token_hash) {
  if (token_hash.size() != 32) return fail(errc::malformed, "a token's hash has 32 bytes");
  if (p.tenants.size() > limits::party_texts || p.overlays.size() > limits::party_texts)
    return fail(errc::too_large, "a party with more than 256 tenants or overlays");
  if (!clean(p.name) || (!p.account.empty() && !clean(p.account)) ||
      !std::all_of(p.tenants.begin(), p.tenants.end(), clean) ||
      !std::all_of(p.overlays.begin(), p.overlays.end(), clean))
    return fail(errc::malformed, "names of parties, tenants and overlays are 1 to 255 printable "
                                 "bytes");
  return {};
}

} // namespace

result<void> party_table::add(const msg::party& p, byte_view token_hash) {
  if (auto ok = check(p, token_hash); !ok) return ok;
  return sql_write(db_.session(), "enter a party", [&]() -> result<void> {
    auto& sql = db_.session().sql;
    const auto token = to_hex(token_hash);
    const auto tenants = joined(p.tenants);
    const auto overlays = joined(p.overlays);
    const int take = p.take ? 1 : 0;
    const int message = p.message ? 1 : 0;
    const int revoked = p.revoked ? 1 : 0;
    std::int64_t count = 0;
    sql << "select count(*) from parties where name <> :name", use(p.name, "name"), into(count);
    if (static_cast<std::uint64_t>(count) >= limits::parties)
      return fail(errc::too_large, "there are 100,000 parties already");
    sql << "delete from parties where name = :name", use(p.name, "name");
    sql << "insert into parties (name, token, tenants, overlays, account, may_take, may_message, "
           "revoked, added_at) values (:name, :token, :tenants, :overlays, :account, :take, "
           ":message, :revoked, :at)",
        use(p.name, "name"), use(token, "token"), use(tenants, "tenants"),
        use(overlays, "overlays"), use(p.account, "account"), use(take, "take"),
        use(message, "message"), use(revoked, "revoked"), use(p.added_at, "at");
    return {};
  });
}

result<void> party_table::revoke(const std::string& name) {
  return sql_write(db_.session(), "revoke a party", [&]() -> result<void> {
    auto& sql = db_.session().sql;
    std::int64_t count = 0;
    sql << "select count(*) from parties where name = :name", use(name, "name"), into(count);
    if (count == 0) return fail(errc::not_found, "no party is called " + printable(name));
    sql << "update parties set revoked = 1 where name = :name", use(name, "name");
    return {};
  });
}

result<msg::party> party_table::find_token(byte_view token_hash) const {
  return sql_guard(db_.session(), "read the parties", [&]() -> result<msg::party> {
    raw_party raw;
    const auto token = to_hex(token_hash);
    soci::statement st(db_.session().sql);
    raw.into_all(st);
    st.exchange(use(token, "token"));
    st.alloc();
    st.prepare(std::string(columns) + "where token = :token");
    st.define_and_bind();
    st.execute();
    if (!st.fetch()) return fail(errc::not_found, "no party has this token");
    return raw.get();
  });
}

result<std::vector<msg::party>> party_table::list() const {
  return sql_guard(db_.session(), "read the parties", [&]() -> result<std::vector<msg::party>> {
    raw_party raw;
    soci::statement st(db_.session().sql);
    raw.into_all(st);
    st.alloc();
    st.prepare(std::string(columns) + "order by name limit " + std::to_string(limits::parties));
    st.define_and_bind();
    st.execute();
    std::vector<msg::party> out;
    while (st.fetch()) out.push_back(raw.get());
    return out;
  });
}

} // namespace interswarm
