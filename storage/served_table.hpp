#pragma once

#include "schema/base/result.hpp"
#include "storage/database.hpp"
#include "storage/limits.hpp"
#include "storage/row_bound.hpp"
#include "storage/values.hpp"

#include <string>
#include <vector>

namespace interswarm {

/// Whole seconds (Unix) from `since` on and before `until`.
struct account_period {
  std::int64_t since = 0;
  std::int64_t until = 0;
};

/// What this tenant is charged for and what this party took, either of them anybody's when empty.
struct account_scope {
  std::string tenant;
  std::string party;
};

/// Names behind `after` up to `last`, as far as `scope` goes.
struct account_range {
  account_scope scope;
  std::string after;
  std::string last;
};

struct served_sum {
  std::string name;
  std::string overlay;
  std::uint64_t bytes = 0;

  friend bool operator==(const served_sum&, const served_sum&) = default;
};

struct served_page {
  std::vector<msg::delivery> deliveries;
  /// Where the next page begins; empty at the end.
  slice next;
};

/// What clients were sent, as delivery_tally counts it: at an access node until the catalogue has
/// it, and in the catalogue's database for all of them. For one thread at a time, like the
/// database, which must outlive it.
class served_table {
public:
  explicit served_table(database& db, std::uint64_t max_rows = limits::served_rows)
      : db_(db), bound_(max_rows) {}

  /// Enters each under its receipt; of a known one the larger byte count and the later end stay.
  /// Fails `malformed` or `too_large` (a full table too), and `conflict` when a receipt is used for
  /// two different counts: then none is entered.
  result<void> record(const std::vector<msg::delivery>& entries);

  /// Those of which the catalogue does not have all bytes yet.
  result<std::vector<msg::delivery>> to_hand_over(std::size_t limit) const;
  /// The catalogue has them, as they stand here.
  result<void> handed_over(const std::vector<msg::delivery>& entries);

  /// Those whose hour begins in the period, in order of hour and receipt, at most `limit` and
  /// `limits::account_listing`; an empty `after` begins. Fails `malformed` for an `after` that no
  /// page gave.
  result<served_page> page(const account_period& when, const account_scope& scope, byte_view after,
                           std::size_t limit) const;
  /// Sums for each tenant or party and overlay, in that order.
  result<std::vector<served_sum>> sums(msg::account_kind of, const account_period& when,
                                       const account_range& who) const;
  /// Tenants or parties that have deliveries in the period, in order, those behind `after`.
  result<std::vector<std::string>> names(msg::account_kind of, const account_period& when,
                                         const account_scope& scope, const std::string& after,
                                         std::size_t limit) const;

  /// Forgets the hours that began before `before` (Unix seconds), say because they were charged,
  /// and tells how many rows. With `handed_only` what the catalogue lacks stays.
  result<std::uint64_t> prune(std::int64_t before, bool handed_only);

private:
  database& db_;
  row_bound bound_;
};

} // namespace interswarm
