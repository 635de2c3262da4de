#pragma once

// For the catalogue's .cpp files: a publication as SQL has it.
#include "storage/catalogue.hpp"
#include "storage/sql.hpp"
#include "storage/word_index.hpp"

namespace interswarm {

/// The content id that a column has.
slice from_hex_text(const std::string& text);
/// Properties as a column has them: a line for each, behind an empty one. Checked to hold neither
/// line ends nor, in the key, '='.
std::string joined(const std::vector<msg::property>& properties);

/// The columns of one row.
struct raw_publication {
  /// "select … from "; the tables are publications p and contents c.
  static const char* const select;

  std::int64_t id = 0;
  std::string content_id;
  std::int64_t size = 0;
  std::string tenant, title, media_type, properties, series;
  int open = 0;
  std::int64_t published_at = 0;
  std::int64_t expires = 0;

  raw_publication() = default;
  explicit raw_publication(const msg::publication& p);
  msg::publication get() const;
  void into_all(soci::statement& st);
};

/// What the index has of a property, cut to a word's length; no word of a title has a '='.
index_term property_term(const std::string& key, const std::string& value);
/// All by which a publication is found.
std::vector<index_term> terms_of(const msg::publication& p);

} // namespace interswarm
