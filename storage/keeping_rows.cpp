#include "storage/keeping_rows.hpp"

namespace interswarm {

using soci::into;
using soci::use;

bool continue_keeping(soci::session& sql, const keeping_row& row, std::int64_t now,
                      std::int64_t expires) {
  std::int64_t id = 0;
  std::int64_t until = 0;
  sql << "select id, expires from keepings where content_id = :content and tenant = :tenant and "
         "ended = 0",
      use(row.content_id, "content"), use(row.tenant, "tenant"), into(id), into(until);
  if (!sql.got_data()) return false;
  if (until > 0 && until <= now) {
    end_keeping(sql, row, now);
    return false;
  }
  sql << "update keepings set expires = :expires where id = :id", use(expires, "expires"),
      use(id, "id");
  return true;
}

void begin_keeping(soci::session& sql, const keeping_row& row, std::uint64_t size, std::int64_t now,
                   std::int64_t expires) {
  std::int64_t id = 0;
  const auto bytes = static_cast<std::int64_t>(size);
  sql << "select coalesce(max(id), 0) + 1 from keepings", into(id);
  sql << "insert into keepings (id, tenant, content_id, size, began, ended, expires) values (:id, "
         ":tenant, :content, :size, :began, 0, :expires)",
      use(id, "id"), use(row.tenant, "tenant"), use(row.content_id, "content"), use(bytes, "size"),
      use(now, "began"), use(expires, "expires");
}

void end_keeping(soci::session& sql, const keeping_row& row, std::int64_t now) {
  // An interval of no time charges nothing, and 0 would be one that lasts.
  sql << "update keepings set ended = case when expires > 0 and expires < :now then expires else "
         ":now end where content_id = :content and tenant = :tenant and ended = 0",
      use(now, "now"), use(row.content_id, "content"), use(row.tenant, "tenant");
}

} // namespace interswarm
