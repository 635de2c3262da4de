#pragma once

#include "storage/served_table.hpp"

namespace interswarm {

/// Size x seconds.
struct byte_seconds {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  friend bool operator==(const byte_seconds&, const byte_seconds&) = default;
};

/// In decimal, rounded down.
std::string byte_hours(const byte_seconds& sum);
/// Of one keeping in the period, which has ended or lasts to the period's end.
byte_seconds kept_in(const msg::keeping& k, const account_period& when);

struct kept_sum {
  std::string tenant;
  byte_seconds sum;

  friend bool operator==(const kept_sum&, const kept_sum&) = default;
};

/// How long each content was kept for each tenant. The catalogue begins and ends the rows, in the
/// transactions that publish and withdraw; they stay when the publication is gone. A publication
/// that has expired ends at that second, whenever it is withdrawn. Periods must not end after the
/// present. For one thread at a time, like the database, which must outlive it.
class keeping_table {
public:
  explicit keeping_table(database& db) : db_(db) {}

  /// Exact sums, in order of tenant.
  result<std::vector<kept_sum>> sums(const account_period& when, const account_range& who) const;
  /// Tenants that have any, in order, those behind `after`.
  result<std::vector<std::string>> names(const std::string& tenant, const std::string& after,
                                         std::size_t limit) const;
  /// Those that have time in the period, in order of id, those behind the id `after`, at most
  /// `limit` and `limits::account_listing`.
  result<std::vector<msg::keeping>> page(const account_period& when, const std::string& tenant,
                                         std::int64_t after, std::size_t limit) const;

  /// Forgets what ended before `before` (Unix seconds) and tells how many rows.
  result<std::uint64_t> prune(std::int64_t before);

private:
  database& db_;
};

} // namespace interswarm
