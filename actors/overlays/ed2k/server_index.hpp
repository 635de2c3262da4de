#pragma once

#include "actors/overlays/ed2k/server_offer.hpp"
#include "schema/ed2k/search.hpp"
#include "schema/ed2k/server_entry.hpp"

#include <unordered_map>

namespace interswarm::ed2k {

/// Which parties have which files, and the words of their names. A plain class: no time, no
/// randomness.
class server_index {
public:
  explicit server_index(index_options options) : options_(options) {}

  void enter(party_id who, const party& p);
  /// Takes the party and its offers out.
  void leave(party_id who);
  const party* find_party(party_id who) const;

  /// `known`: nothing new. `changed`: complete now, or another name. `refused`: a name, size or
  /// hash nobody can have.
  offer_outcome enter_offer(party_id who, const offer& o);
  void withdraw_offer(party_id who, const file_key& file);

  /// The file of that hash with most sources: what a client means that tells no size.
  std::optional<file_key> find_file(const md4_digest& hash) const;
  file_counts counts(const file_key& file) const;

  /// Up to `want` parties that have `file`, taking turns from call to call; without `asker` (0:
  /// nobody), and without low ids when `high_only`.
  std::vector<party_id> sources(const file_key& file, party_id asker, std::size_t want,
                                bool high_only);
  /// Parties with a part of `file`.
  std::vector<party_id> partial_sources(const file_key& file) const;

  /// Files that match, best sources first, looking at no more than `limits::max_search_work` files.
  std::vector<file_key> search(const search_expression& expression, std::size_t max_results) const;
  /// A search result; nothing when the file has gone.
  std::optional<file_entry> describe(const file_key& file) const;

  std::size_t file_count() const { return files_.size() - free_files_.size(); }
  std::size_t offer_count() const { return offer_count_; }
  std::size_t word_count() const { return words_.size() - free_words_.size(); }
  std::size_t party_count() const { return parties_.size(); }
  std::size_t offers_of(party_id who) const;

  /// For tests: every invariant between the tables holds.
  bool consistent() const;

private:
  using file_number = std::uint32_t;
  using word_number = std::uint32_t;

  struct source {
    party_id who = 0;
    std::uint8_t name = 0;
    bool complete = true;
  };
  struct named {
    std::string name;
    std::uint32_t parties = 0;
  };
  struct posting {
    word_number word = 0;
    /// Where in the word's list this file stands.
    std::uint32_t at = 0;
  };
  struct file {
    file_key key{};
    std::vector<source> sources;
    std::vector<named> names;
    std::vector<posting> postings;
    std::vector<std::string> sorted_words;
    std::string type;
    std::vector<tag> tags;
    std::uint32_t complete = 0;
    std::uint32_t partial = 0;
    std::uint32_t own_complete = 0;
    std::uint32_t turn = 0;
    /// The names changed since the words were indexed.
    bool stale_words = false;
  };
  struct word {
    std::string text;
    std::vector<file_number> files;
  };
  struct member {
    party who;
    /// Files, and where in each file's sources the party stands.
    std::unordered_map<file_number, std::uint32_t> offers;
  };

  std::optional<file_number> number_of(const file_key& key) const;
  file_number make_file(const offer& o);
  void drop_source(file_number number, std::uint32_t at);
  void drop_file(file_number number);
  std::uint8_t take_name(file& f, std::string_view name);
  void release_name(file& f, std::uint8_t name);
  void reindex(file_number number);
  void drop_postings(file_number number);
  void count(file& f, const source& s, int by);
  search_subject subject_of(const file& f) const;
  std::optional<std::vector<file_number>> candidates(const search_matcher& matcher) const;

  index_options options_;
  std::unordered_map<party_id, member> parties_;
  std::vector<file> files_;
  std::vector<file_number> free_files_;
  std::unordered_multimap<std::uint64_t, file_number> by_hash_;
  std::vector<word> words_;
  std::vector<word_number> free_words_;
  std::unordered_map<std::string, word_number> by_word_;
  std::size_t offer_count_ = 0;
};

} // namespace interswarm::ed2k
