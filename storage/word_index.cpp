#include "storage/word_index.hpp"

#include "schema/base/encoding.hpp"

#include <algorithm>

namespace interswarm {

using soci::use;
using kind = index_term::kind;

const word_index::tables word_index::publications{"publication_index", "publication_words",
                                                  "publication_id"};
const word_index::tables word_index::names{"name_index", "title_words", "name_id"};

namespace {

/// Above every letter.
constexpr const char* last_letter = "\xF4\x8F\xBF\xBF";

/// The bytes that a media type of a search is asked by: FTS5 has a list for each beginning up to 16
/// bytes (migrations.cpp), and would have to merge the lists of a longer one.
constexpr std::size_t media_type_bytes = 15;

bool has_fts5(const soci::session& sql) { return sql.get_backend_name() == "sqlite3"; }

/// Hex, so that FTS5's tokenizer neither folds nor cuts anything, a beginning is one of bytes, as
/// on PostgreSQL, and nothing of a search is syntax. No word begins with the letters of the others.
std::string token_of(const index_term& t) {
  const auto hex = to_hex(as_bytes(t.text));
  switch (t.what) {
  case kind::word: return hex;
  case kind::property: return "pr" + hex;
  case kind::tenant: return "te" + hex;
  case kind::media_type: return "mt" + hex;
  case kind::open: return "op" + hex;
  }
  return hex;
}

bool in_word_table(const index_term& t) { return t.what == kind::word || t.what == kind::property; }

} // namespace

std::vector<index_term> word_terms(std::vector<std::string> words, bool search) {
  std::vector<index_term> out;
  out.reserve(words.size());
  for (auto& w : words) out.push_back({kind::word, std::move(w), false});
  if (search && !out.empty()) out.back().beginning = true;
  return out;
}

word_index::word_index(soci::session& sql, const tables& t)
    : sql_(sql), tables_(t), fts5_(has_fts5(sql)) {}

void word_index::add(std::int64_t id, const std::vector<index_term>& terms) {
  if (fts5_) {
    std::string tokens;
    for (const auto& t : terms) tokens += token_of(t) + " ";
    if (tokens.empty()) return;
    sql_ << std::string("insert into ") + tables_.fts5 + " (rowid, words) values (:id, :words)",
        use(id, "id"), use(tokens, "words");
    return;
  }
  std::string word;
  soci::statement st =
      (sql_.prepare << std::string("insert into ") + tables_.words + " (word, " + tables_.id +
                           ") values (:word, :id) on conflict (word, " + tables_.id +
                           ") do nothing",
       use(word, "word"), use(id, "id"));
  for (const auto& t : terms) {
    if (!in_word_table(t)) continue;
    word = t.text;
    st.execute(true);
  }
}

void word_index::erase(std::int64_t id) {
  if (fts5_) {
    sql_ << std::string("delete from ") + tables_.fts5 + " where rowid = :id", use(id, "id");
  } else {
    sql_ << std::string("delete from ") + tables_.words + " where " + tables_.id + " = :id",
        use(id, "id");
  }
}

word_search::word_search(const soci::session& sql, const word_index::tables& t, std::string id,
                         const std::vector<index_term>& terms, std::int64_t before)
    : id_(std::move(id)) {
  const auto page = before > 0 ? " < " + std::to_string(before) : std::string();
  if (!terms.empty() && has_fts5(sql)) {
    fts5_ = t.fts5;
    std::string match;
    for (auto term : terms) {
      if (term.what == kind::media_type && term.text.size() > media_type_bytes)
        term.text.resize(media_type_bytes);
      match += (match.empty() ? "" : " AND ") + token_of(term) + (term.beginning ? "*" : "");
    }
    values_.push_back(std::move(match));
    condition_ = " and " + fts5_ + " match :w0 and " + id_ + " = " + fts5_ + ".rowid";
  } else {
    ask_words(t, terms, page);
  }
  if (!page.empty()) condition_ += " and " + order() + page;
}

void word_search::ask_words(const word_index::tables& t, const std::vector<index_term>& terms,
                            const std::string& page) {
  const auto value = [&](std::string v) {
    values_.push_back(std::move(v));
    return ":w" + std::to_string(values_.size() - 1);
  };
  for (const auto& term : terms) {
    if (!in_word_table(term)) continue;
    condition_ += std::string(" and exists (select 1 from ") + t.words + " w where w." + t.id +
                  " = " + id_ + " and w.word ";
    // A range instead of LIKE: no character of the word is special, and the index is used.
    if (term.beginning) {
      condition_ += ">= " + value(term.text);
      condition_ += " and w.word <= " + value(term.text + last_letter);
    } else {
      condition_ += "= " + value(term.text);
    }
    // A planner does not conclude this from the rows' own page.
    if (!page.empty()) condition_ += std::string(" and w.") + t.id + page;
    condition_ += ")";
  }
}

std::string word_search::from() const {
  // SQLite takes a cross join in the order it is written.
  return fts5_.empty() ? "" : fts5_ + " cross join ";
}

std::string word_search::order() const { return fts5_.empty() ? id_ : fts5_ + ".rowid"; }

void word_search::exchange_with(soci::statement& st) const {
  for (std::size_t i = 0; i < values_.size(); ++i)
    st.exchange(use(values_[i], "w" + std::to_string(i)));
}

} // namespace interswarm
