#pragma once

// For storage's .cpp files only, like sql.hpp. Throws SOCI's exceptions.
#include "storage/sql.hpp"

#include <string>
#include <vector>

namespace interswarm {

/// One thing by which a row is found.
struct index_term {
  enum class kind { word, property, tenant, media_type, open };

  kind what = kind::word;
  std::string text;
  /// Of a search: whatever begins so.
  bool beginning = false;
};

/// Words of a title as terms; of a search, whose last word may be a beginning.
std::vector<index_term> word_terms(std::vector<std::string> words, bool search);

/// Which rows have which terms. In SQLite a table of FTS5, where a search walks sorted lists of row
/// ids, newest first, and stops when a page is full; on PostgreSQL a table of words, whose planner
/// knows which of them are rare. There only words and properties are terms. See
/// docs/decisions/0104.
class word_index {
public:
  struct tables {
    const char* fts5;
    const char* words; // of (word, `id`)
    const char* id;
  };
  static const tables publications;
  static const tables names;

  word_index(soci::session& sql, const tables& t);

  /// A new row's terms.
  void add(std::int64_t id, const std::vector<index_term>& terms);
  void erase(std::int64_t id);

private:
  soci::session& sql_;
  const tables& tables_;
  bool fts5_;
};

/// The parts of a select of rows that have all of `terms`, newest first, those before the row
/// `before` (0: from the newest on).
class word_search {
public:
  /// `id` is the rows' column, such as "p.id".
  word_search(const soci::session& sql, const word_index::tables& t, std::string id,
              const std::vector<index_term>& terms, std::int64_t before);

  /// What stands before the rows' table in the from clause.
  std::string from() const;
  /// " and …" for the where clause.
  const std::string& condition() const { return condition_; }
  /// The column to order by.
  std::string order() const;
  /// This object must be there until the statement was executed.
  void exchange_with(soci::statement& st) const;

private:
  void ask_words(const word_index::tables& t, const std::vector<index_term>& terms,
                 const std::string& page);

  std::string fts5_; // the table, or empty
  std::string id_;
  std::string condition_;
  std::vector<std::string> values_; // :w0, :w1, …
};

} // namespace interswarm
