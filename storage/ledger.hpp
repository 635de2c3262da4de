#pragma once

#include "schema/base/result.hpp"
#include "storage/database.hpp"
#include "storage/limits.hpp"
#include "storage/row_bound.hpp"
#include "storage/values.hpp"

#include <vector>

namespace interswarm {

/// Verified bytes that crossed between two overlays for one content and tenant.
struct ledger_total {
  std::string from_domain;
  std::string from_overlay;
  std::string to_domain;
  std::string to_overlay;
  msg::name content_name;
  std::string tenant;
  msg::ledger_entry_role role{};
  std::uint64_t bytes = 0;
  std::uint64_t receipts = 0;
  std::int64_t first_at = 0; // Unix milliseconds
  std::int64_t last_at = 0;

  friend bool operator==(const ledger_total&, const ledger_total&) = default;
};

/// A receipt for which both ends do not have the same bytes.
struct ledger_disagreement {
  slice receipt;
  std::uint64_t own_bytes = 0; // 0 when this end has no entry
  std::uint64_t other_bytes = 0;

  friend bool operator==(const ledger_disagreement&, const ledger_disagreement&) = default;
};

struct ledger_page {
  std::vector<msg::ledger_entry> entries;
  /// Where the next page begins; empty at the end.
  slice next;
};

/// What was delivered, for charging. One row for each receipt and role; recording again what is
/// known already changes nothing, so senders may repeat themselves. A batch is on the disk, wholly,
/// when the call returns. For one thread at a time, like the database, which must outlive it.
class ledger {
public:
  explicit ledger(database& db, std::uint64_t max_rows = limits::ledger_rows)
      : db_(db), bound_(max_rows) {}

  /// Takes the entries in; of a known one the larger byte count, the earlier beginning and the
  /// later end stay. Fails `malformed` or `too_large`, and `conflict` when a receipt is used for
  /// two different deliveries: then none is taken.
  /// A full ledger is `too_large` too: no entry is ever dropped by itself, `prune` does that when
  /// told to.
  result<void> record(const std::vector<msg::ledger_entry>& entries);
  result<void> record(const msg::ledger_entry& entry) { return record(std::vector{entry}); }

  /// Entries that ended at `since` or later, oldest first, at most `limit` and
  /// `limits::ledger_listing`.
  result<std::vector<msg::ledger_entry>> list(std::int64_t since, std::size_t limit) const;
  /// Those that ended from `since` on and before `until`, in order of end, receipt and role, at
  /// most `limit` and `limits::ledger_batch`; an empty `after` begins. Fails `malformed` for an
  /// `after` that no page gave.
  result<ledger_page> page(std::int64_t since, std::int64_t until, byte_view after,
                           std::size_t limit) const;
  /// Sums over all entries that ended at `since` or later, largest first.
  result<std::vector<ledger_total>> totals(std::int64_t since) const;
  /// Entries of one receipt, at most one of each role.
  result<std::vector<msg::ledger_entry>> find(byte_view receipt) const;

  /// Forgets what ended before `before` (Unix milliseconds), say because it was charged, and tells
  /// how many rows.
  result<std::uint64_t> prune(std::int64_t before);

  /// Receipts on which the entries of two ends differ by more than nothing, in order of receipt.
  /// Only receipts whose opposite roles meet count: what was given here must have been taken there.
  static std::vector<ledger_disagreement> compare(const std::vector<msg::ledger_entry>& own,
                                                  const std::vector<msg::ledger_entry>& other);

private:
  database& db_;
  row_bound bound_;
};

} // namespace interswarm
