#pragma once

#include "schema/ed2k/tag.hpp"

namespace interswarm::ed2k {

enum class search_operator : std::uint8_t { all = 0, any = 1, all_but = 2 };

enum class comparison : std::uint8_t {
  equal = 0,
  greater = 1,
  less = 2,
  at_least = 3,
  at_most = 4,
  not_equal = 5,
};

/// One node of a search expression.
struct search_node {
  enum class kind_t : std::uint8_t {
    /// `operation` over the two subtrees that follow.
    operation,
    /// Every word of `text` is in the file's name.
    keywords,
    /// `text` in the meta-tag `tag_id` or `tag_name`: equal for type and format, else every word.
    text,
    /// Meta-tag compared with `number`.
    number,
  };

  kind_t kind = kind_t::keywords;
  search_operator operation = search_operator::all;
  comparison compare = comparison::equal;
  /// One-byte meta-tag name, or 0 and `tag_name`.
  std::uint8_t tag_id = 0;
  std::string tag_name;
  std::string text;
  std::uint64_t number = 0;

  friend bool operator==(const search_node&, const search_node&) = default;
};

/// A search tree in prefix order, as it is on the wire (TCP 16, UDP 98/92/90, Kad 33).
struct search_expression {
  std::vector<search_node> nodes;

  friend bool operator==(const search_expression&, const search_expression&) = default;
};

/// Reads one tree and leaves `in` behind it. Fails with `reply` on an unknown node, operator or
/// comparison, on a tree that is cut off and above the limits of nodes and depth: the server
/// answers REJECT.
decoded<search_expression> read_search(little_endian_reader& in);
/// `expression` must be whole. Numbers above 32 bits use the node that needs server flag 0100.
void write_search(bytes& out, const search_expression& expression);

/// What people ask for; zero and empty fields ask nothing.
struct search_query {
  std::string words = {};
  /// "Audio", "Video", "Image", "Doc", "Pro".
  std::string type = {};
  /// Extension without the dot.
  std::string format = {};
  std::uint64_t min_bytes = 0;
  std::uint64_t max_bytes = 0;
  std::uint32_t min_sources = 0;
};

/// The chain of ANDs that eMule and aMule send: one keyword node a word. Fails `malformed` when
/// there is no word.
result<search_expression> make_search(const search_query& query);

/// The words of a file name or keyword text: runs of letters and digits of any script, lower case,
/// in order, without repetitions, at most `limits::max_words`. Invalid UTF-8 is read as Latin-1.
std::vector<std::string> words_of(std::string_view text);

/// What an expression is matched against.
struct search_subject {
  /// Of the file's name, sorted.
  const std::vector<std::string>* words = nullptr;
  std::uint64_t size = 0;
  std::uint32_t sources = 0;
  std::uint32_t complete_sources = 0;
  std::string_view type;
  std::string_view format;
  /// Further meta-tags (media); may be null.
  const std::vector<tag>* tags = nullptr;
};

/// An expression made ready for many subjects: its words are cut and folded once.
class search_matcher {
public:
  explicit search_matcher(const search_expression& expression);

  bool matches(const search_subject& subject) const;

  /// Sets of words of which one must be wholly in a subject's name for it to match: an index needs
  /// to look only at those. Nothing when the expression does not bind names, then every subject is
  /// a candidate.
  std::optional<std::vector<std::vector<std::string>>> candidates() const;

private:
  struct ready_node {
    search_node source;
    std::vector<std::string> words;
    /// Index behind this node's subtree.
    std::size_t end = 0;
  };

  bool matches(std::size_t at, const search_subject& subject) const;
  std::optional<std::vector<std::vector<std::string>>> candidates(std::size_t at) const;

  std::vector<ready_node> nodes_;
};

} // namespace interswarm::ed2k
