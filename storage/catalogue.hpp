#pragma once

#include "schema/base/bytes.hpp"
#include "schema/base/result.hpp"
#include "storage/database.hpp"
#include "storage/limits.hpp"
#include "storage/row_bound.hpp"
#include "storage/values.hpp"

#include <string>
#include <vector>

namespace interswarm {

/// A content that the storage network keeps, once for all who published it.
struct kept_content {
  slice content_id;
  std::uint64_t size = 0;
  /// The names of its chunks, see storage/chunk.hpp.
  slice chunks;

  friend bool operator==(const kept_content&, const kept_content&) = default;
};

struct tenant_usage {
  std::uint64_t bytes = 0;
  std::uint64_t publications = 0;
};

/// What was published: contents, who published them and under which properties. Each change is one
/// transaction, and begins or ends what keeping_table has of it. `now` is Unix seconds. For one
/// thread at a time, like the database, which must outlive it.
class catalogue {
public:
  explicit catalogue(database& db, std::uint64_t max_publications = limits::publications,
                     std::uint64_t max_keepings = limits::keepings)
      : db_(db), bound_(max_publications), keepings_(max_keepings) {}

  /// Enters or replaces the tenant's publication of the content, whose chunks are all stored, and
  /// withdraws what it replaces in its series. Gives the ids of contents that nobody publishes any
  /// more. Fails `malformed` or `too_large`, `conflict` for a content known with another size or
  /// other chunks.
  result<std::vector<slice>> publish(const msg::publication& p, byte_view chunks);
  /// Gives the content's id when nobody publishes it any more. Fails `not_found`.
  result<std::vector<slice>> withdraw(byte_view content_id, const std::string& tenant,
                                      std::int64_t now);
  /// Withdraws what has expired, at most `limits::listing` a call; gives ids as above.
  result<std::vector<slice>> expire(std::int64_t now);

  /// Fails `not_found`.
  result<kept_content> find(byte_view content_id) const;
  /// Who published the content, the first one first; those that have expired are left out.
  result<std::vector<msg::publication>> publications(byte_view content_id, std::int64_t now) const;
  /// Newest first, those before the publication `before` (0: from the newest on), at most `limit`
  /// and `limits::listing`.
  result<std::vector<msg::publication>> list(const msg::query& q, std::int64_t before,
                                             std::size_t limit, std::int64_t now) const;
  /// Bytes and number of what the tenant publishes; a content that others publish too counts for
  /// each of them.
  result<tenant_usage> usage(const std::string& tenant, std::int64_t now) const;
  /// All contents in order of id, those after `after`: what a repair looks after.
  result<std::vector<kept_content>> wanted(byte_view after, std::size_t limit) const;

private:
  result<std::vector<slice>> drop(const std::vector<std::int64_t>& ids, std::int64_t now);
  result<void> keep(const msg::publication& p);

  database& db_;
  row_bound bound_;
  row_bound keepings_;
};

} // namespace interswarm
