#include "storage/keeping_table.hpp"

#include "schema/base/encoding.hpp"
#include "storage/sql.hpp"

#include <algorithm>

namespace interswarm {

using soci::into;
using soci::use;

namespace {

__extension__ using wide = unsigned __int128;

/// Sums of so many rows at once cannot overflow: 2^22 MiB x 2^31 s x 2^9.
constexpr const char* rows_at_once = "512";
constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;

/// When a row ended, or would have by the end of the period.
constexpr const char* end_of_row =
    "case when ended > 0 then ended when expires > 0 then expires else :until end";

byte_seconds to_parts(wide sum) {
  return {static_cast<std::uint64_t>(sum >> 64), static_cast<std::uint64_t>(sum)};
}

} // namespace

std::string byte_hours(const byte_seconds& sum) {
  auto rest = ((static_cast<wide>(sum.high) << 64) | sum.low) / 3600;
  std::string out;
  do {
    out.insert(out.begin(), static_cast<char>('0' + static_cast<int>(rest % 10)));
    rest /= 10;
  } while (rest > 0);
  return out;
}

byte_seconds kept_in(const msg::keeping& k, const account_period& when) {
  const auto begin = std::max(k.began, when.since);
  const auto end = k.ended == 0 ? when.until : std::min(k.ended, when.until);
  if (end <= begin) return {};
  return to_parts(static_cast<wide>(k.size) * static_cast<std::uint64_t>(end - begin));
}

result<std::vector<kept_sum>> keeping_table::sums(const account_period& when,
                                                  const account_range& who) const {
  auto& session = db_.session();
  return sql_guard(session, "sum up what was kept", [&]() -> result<std::vector<kept_sum>> {
    std::string tenant;
    std::int64_t mebibytes = 0;
    std::int64_t rest = 0;
    soci::statement st(session.sql);
    st.exchange(into(tenant));
    st.exchange(into(mebibytes));
    st.exchange(into(rest));
    st.exchange(use(when.since, "since"));
    st.exchange(use(when.until, "until"));
    st.exchange(use(who.after, "after"));
    st.exchange(use(who.last, "last"));
    std::string where = "tenant > :after and tenant <= :last";
    if (!who.scope.tenant.empty()) {
      where += " and tenant = :tenant";
      st.exchange(use(who.scope.tenant, "tenant"));
    }
    select_once(
        st,
        "select tenant, cast(sum(seconds * (size / 1048576)) as bigint), cast(sum(seconds * (size "
        "% 1048576)) as bigint) from (select tenant, id, size, (case when finish < :until then "
        "finish else :until end) - (case when began > :since then began else :since end) as "
        "seconds from (select tenant, id, size, began, " +
            std::string(end_of_row) + " as finish from keepings where " + where +
            ") a) b where seconds > 0 group by tenant, id / " + rows_at_once + " order by tenant");
    std::vector<kept_sum> out;
    wide sum = 0;
    while (st.fetch()) {
      if (out.empty() || out.back().tenant != tenant) {
        out.push_back({tenant, {}});
        sum = 0;
      }
      sum += static_cast<wide>(mebibytes) * mebibyte + static_cast<std::uint64_t>(rest);
      out.back().sum = to_parts(sum);
    }
    return out;
  });
}

result<std::vector<std::string>>
keeping_table::names(const std::string& tenant, const std::string& after, std::size_t limit) const {
  auto& session = db_.session();
  return sql_guard(session, "read what was kept", [&]() -> result<std::vector<std::string>> {
    std::string one;
    soci::statement st(session.sql);
    st.exchange(into(one));
    st.exchange(use(after, "after"));
    std::string where = "tenant > :after";
    if (!tenant.empty()) {
      where += " and tenant = :tenant";
      st.exchange(use(tenant, "tenant"));
    }
    select_once(st, "select distinct tenant from keepings where " + where +
                        " order by tenant limit " + std::to_string(limit));
    std::vector<std::string> out;
    while (st.fetch()) out.push_back(one);
    return out;
  });
}

result<std::vector<msg::keeping>> keeping_table::page(const account_period& when,
                                                      const std::string& tenant, std::int64_t after,
                                                      std::size_t limit) const {
  auto& session = db_.session();
  return sql_guard(session, "read what was kept", [&]() -> result<std::vector<msg::keeping>> {
    msg::keeping one;
    std::string content;
    std::int64_t size = 0;
    std::int64_t expires = 0;
    soci::statement st(session.sql);
    st.exchange(into(one.id));
    st.exchange(into(one.tenant));
    st.exchange(into(content));
    st.exchange(into(size));
    st.exchange(into(one.began));
    st.exchange(into(one.ended));
    st.exchange(into(expires));
    st.exchange(use(when.since, "since"));
    st.exchange(use(when.until, "until"));
    st.exchange(use(after, "after"));
    std::string where = "id > :after and began < :until and (ended = 0 or ended > :since) and "
                        "(ended > 0 or expires = 0 or expires > :since)";
    if (!tenant.empty()) {
      where += " and tenant = :tenant";
      st.exchange(use(tenant, "tenant"));
    }
    select_once(st,
                "select id, tenant, content_id, size, began, ended, expires from keepings where " +
                    where + " order by id limit " +
                    std::to_string(std::clamp<std::size_t>(limit, 1, limits::account_listing)));
    std::vector<msg::keeping> out;
    while (st.fetch()) {
      one.content_id = slice(from_hex(content).value_or(bytes{}));
      one.size = static_cast<std::uint64_t>(size);
      // It only waits for being withdrawn.
      if (one.ended == 0 && expires > 0 && expires <= when.until) one.ended = expires;
      out.push_back(one);
    }
    return out;
  });
}

result<std::uint64_t> keeping_table::prune(std::int64_t before) {
  auto& session = db_.session();
  return sql_write(session, "prune what was kept", [&]() -> result<std::uint64_t> {
    const auto count = [&] {
      std::int64_t out = 0;
      session.sql << "select count(*) from keepings", into(out);
      return static_cast<std::uint64_t>(out);
    };
    const auto had = count();
    session.sql << "delete from keepings where ended > 0 and ended < :before",
        use(before, "before");
    return had - count();
  });
}

} // namespace interswarm
