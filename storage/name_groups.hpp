#pragma once

// For name_table.cpp: which names are one content. Throws SOCI's exceptions; callers are inside
// sql_write, which rolls back what was done before a failure.
#include "storage/name_rows.hpp"
#include "storage/row_bound.hpp"

namespace interswarm {

/// The name as a person reads it in an error.
std::string display(const msg::name& name);

class name_groups {
public:
  name_groups(soci::session& sql, std::uint64_t max_names, bool index_titles)
      : rows(sql, index_titles), bound_(max_names) {}

  /// A transaction begins, before which others may have written.
  void begin() { last_id_ = 0; }

  /// The row of `record.name` after it learned `record`, in the group of its content.
  result<name_row> take_in(const msg::name_record& record);
  /// Makes the groups of two names one. Fails `too_large`, `conflict` or `refuted` and changes
  /// nothing.
  result<void> join(std::int64_t group, std::int64_t other);
  result<void> verify(const msg::name& name, const slice& content, std::uint64_t size);
  /// Parts two rows of one group.
  void split(const name_row& a, const name_row& b);

  name_rows rows;

private:
  result<void> can_join(const std::vector<name_row>& a, const std::vector<name_row>& b);
  /// Joins the group of `row`, which has a content id, with whoever else has it.
  result<void> join_equal(name_row& row);
  /// Takes one name out of its group.
  void detach(name_row& row);
  void place(const name_row& row, std::int64_t group, const slice& content,
             msg::evidence evidence) {
    rows.update_group(row.id, group, content, evidence);
  }

  std::int64_t last_id() {
    if (last_id_ == 0) last_id_ = rows.last_id();
    return last_id_;
  }
  /// For a name or a group.
  std::int64_t new_id() { return last_id_ = last_id() + 1; }

  std::int64_t last_id_ = 0; // 0: not read in this transaction
  row_bound bound_;
};

} // namespace interswarm
