#pragma once

// For name_table.cpp: the rows behind the rules. Throws SOCI's exceptions; callers are inside
// sql_guard or sql_write.
#include "storage/name_rules.hpp"
#include "storage/sql.hpp"
#include "storage/word_index.hpp"

#include <optional>

namespace interswarm {

struct name_row {
  std::int64_t id = 0;
  std::int64_t group = 0;
  msg::name_record record;
};

/// Whether a row is read with its hash lists and metadata.
enum class with_proof : bool { no, yes };

class name_rows {
public:
  name_rows(soci::session& sql, bool index_titles) : sql_(sql), index_titles_(index_titles) {}

  std::optional<name_row> find(const msg::name& name, with_proof proof);
  std::vector<name_row> group(std::int64_t group, with_proof proof);
  /// The groups of names that have this content id, at most two while they are being joined.
  std::vector<std::int64_t> with_content(byte_view content_id);
  /// `condition` is SQL over `names n` with placeholders :a and :b; `tail` orders and limits.
  std::vector<name_row> select(const std::string& condition, const std::string& tail,
                               std::int64_t a, std::int64_t b, with_proof proof);
  /// Those that have one of these content ids, newest first.
  std::vector<name_row> of_contents(const std::vector<slice>& content_ids, std::int64_t now);
  std::vector<name_row> search(const std::vector<std::string>& words, std::size_t limit,
                               std::int64_t now);

  void insert(const name_row& row);
  /// Everything but the name, as far as it differs from `before`: proof data is MiB, a lease a few
  /// bytes.
  void update(const name_row& row, const msg::name_record& before);
  void update_group(std::int64_t id, std::int64_t group, byte_view content_id,
                    msg::evidence evidence);
  void set_expiry(const msg::name& name, std::int64_t expires);
  void erase(std::int64_t id);

  void add_edge(std::int64_t a, std::int64_t b);
  void erase_edge(std::int64_t a, std::int64_t b);
  void erase_edges(std::int64_t id);
  std::vector<link_edge> edges(std::int64_t id);

  bool is_refuted(const msg::name& a, const msg::name& b);
  /// The names that were refuted against `name`, the newest first.
  std::vector<msg::name> refuted(const msg::name& name);
  void add_refuted(const msg::name& a, const msg::name& b, std::int64_t now);
  void erase_refuted(const msg::name& a, const msg::name& b);

  std::uint64_t count();
  std::int64_t last_id();

private:
  void write_proof(const name_row& row);
  void read_proof(name_row& row);
  void index_title(const name_row& row);
  /// Made anew each time: which server it is, is known once the session is connected.
  word_index words() { return {sql_, word_index::names}; }

  soci::session& sql_;
  bool index_titles_;
};

} // namespace interswarm
