#include "schema/ed2k/limits.hpp"
#include "schema/ed2k/search.hpp"

#include <algorithm>
#include <clocale>
#include <cwctype>

namespace interswarm::ed2k {

namespace {

using kind_t = search_node::kind_t;

/// Unicode letters and their lower case without depending on the process's locale.
locale_t unicode() {
  static const locale_t found = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return found;
}

/// The code point at the front of `text`, which is cut off it. A byte that begins no valid sequence
/// is Latin-1.
char32_t take_code_point(std::string_view& text) {
  const auto at = [&](std::size_t i) {
    return i < text.size() ? static_cast<byte>(text[i]) : byte{0};
  };
  const auto tail = [&](std::size_t i) { return (at(i) & 0xC0) == 0x80; };
  const char32_t first = at(0);
  std::size_t length = 1;
  char32_t out = first;
  if (first >= 0xC2 && first < 0xE0 && tail(1)) {
    length = 2;
    out = (first & 0x1F) << 6 | (at(1) & 0x3Fu);
  } else if (first >= 0xE0 && first < 0xF0 && tail(1) && tail(2)) {
    length = 3;
    out = (first & 0x0F) << 12 | (at(1) & 0x3Fu) << 6 | (at(2) & 0x3Fu);
  } else if (first >= 0xF0 && first < 0xF5 && tail(1) && tail(2) && tail(3)) {
    length = 4;
    out = (first & 0x07) << 18 | (at(1) & 0x3Fu) << 12 | (at(2) & 0x3Fu) << 6 | (at(3) & 0x3Fu);
  }
  text.remove_prefix(length);
  return out;
}

void put_code_point(std::string& out, char32_t c) {
  const auto put = [&](char32_t v) { out += static_cast<char>(v); };
  if (c < 0x80) return put(c);
  if (c < 0x800) {
    put(0xC0 | c >> 6);
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3F));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3F));
    put(0x80 | (c >> 6 & 0x3F));
  }
  put(0x80 | (c & 0x3F));
}

bool contains_all(const std::vector<std::string>& sorted, const std::vector<std::string>& words) {
  return std::all_of(words.begin(), words.end(), [&](const auto& w) {
    return std::binary_search(sorted.begin(), sorted.end(), w);
  });
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equal_folded(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

const tag* find_meta(const search_subject& subject, const search_node& node) {
  if (subject.tags == nullptr) return nullptr;
  const auto found = std::find_if(subject.tags->begin(), subject.tags->end(), [&](const tag& t) {
    return node.tag_name.empty() ? t.name.empty() && t.id == node.tag_id
                                 : equal_folded(t.name, node.tag_name);
  });
  return found == subject.tags->end() ? nullptr : &*found;
}

std::optional<std::uint64_t> number_of(const search_subject& subject, const search_node& node) {
  if (node.tag_name.empty()) {
    switch (node.tag_id) {
    case tag_name::size: return subject.size;
    case tag_name::sources: return subject.sources;
    case tag_name::complete_sources: return subject.complete_sources;
    default: break;
    }
  }
  const auto* meta = find_meta(subject, node);
  return meta == nullptr ? std::nullopt : meta->integer();
}

bool compared(std::uint64_t value, comparison how, std::uint64_t with) {
  switch (how) {
  case comparison::equal: return value == with;
  case comparison::greater: return value > with;
  case comparison::less: return value < with;
  case comparison::at_least: return value >= with;
  case comparison::at_most: return value <= with;
  case comparison::not_equal: return value != with;
  }
  return false;
}

bool text_matches(const search_subject& subject, const search_node& node,
                  const std::vector<std::string>& words) {
  if (node.tag_name.empty()) {
    switch (node.tag_id) {
    case tag_name::type: return equal_folded(subject.type, node.text);
    case tag_name::format: return equal_folded(subject.format, node.text);
    case tag_name::name: return contains_all(*subject.words, words);
    default: break;
    }
  }
  const auto* meta = find_meta(subject, node);
  const auto text = meta == nullptr ? std::nullopt : meta->text();
  if (!text) return false;
  auto held = words_of(*text);
  std::sort(held.begin(), held.end());
  return contains_all(held, words);
}

} // namespace

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> out;
  std::string word;
  const auto finish = [&] {
    if (!word.empty() && out.size() < limits::max_words &&
        std::find(out.begin(), out.end(), word) == out.end()) {
      out.push_back(word);
    }
    word.clear();
  };
  while (!text.empty()) {
    const auto c = static_cast<wint_t>(take_code_point(text));
    if (iswalnum_l(c, unicode()) != 0) {
      put_code_point(word, static_cast<char32_t>(towlower_l(c, unicode())));
    } else {
      finish();
    }
  }
  finish();
  return out;
}

search_matcher::search_matcher(const search_expression& expression) {
  nodes_.reserve(expression.nodes.size());
  for (const auto& source : expression.nodes) nodes_.push_back({source, words_of(source.text), 0});
  // Backwards, so that both subtrees of an operation already know their ends.
  for (std::size_t i = nodes_.size(); i-- > 0;) {
    auto end = i + 1;
    if (nodes_[i].source.kind == kind_t::operation) {
      end = end < nodes_.size() ? nodes_[end].end : end;
      end = end < nodes_.size() ? nodes_[end].end : end;
    }
    nodes_[i].end = end;
  }
}

bool search_matcher::matches(const search_subject& subject) const {
  return !nodes_.empty() && subject.words != nullptr && matches(0, subject);
}

bool search_matcher::matches(std::size_t at, const search_subject& subject) const {
  if (at >= nodes_.size()) return false;
  const auto& [node, words, end] = nodes_[at];
  switch (node.kind) {
  case kind_t::keywords: return contains_all(*subject.words, words);
  case kind_t::text: return text_matches(subject, node, words);
  case kind_t::number: {
    const auto value = number_of(subject, node);
    return value && compared(*value, node.compare, node.number);
  }
  case kind_t::operation: break;
  }
  const bool left = matches(at + 1, subject);
  const auto right_at = at + 1 < nodes_.size() ? nodes_[at + 1].end : nodes_.size();
  switch (node.operation) {
  case search_operator::all: return left && matches(right_at, subject);
  case search_operator::any: return left || matches(right_at, subject);
  case search_operator::all_but: return left && !matches(right_at, subject);
  }
  return false;
}

std::optional<std::vector<std::vector<std::string>>> search_matcher::candidates() const {
  return candidates(0);
}

std::optional<std::vector<std::vector<std::string>>>
search_matcher::candidates(std::size_t at) const {
  if (at >= nodes_.size()) return std::nullopt;
  const auto& [node, words, end] = nodes_[at];
  const bool binds_name =
      node.kind == kind_t::keywords ||
      (node.kind == kind_t::text && node.tag_name.empty() && node.tag_id == tag_name::name);
  if (binds_name && !words.empty()) return std::vector<std::vector<std::string>>{words};
  if (node.kind != kind_t::operation) return std::nullopt;
  auto left = candidates(at + 1);
  if (node.operation == search_operator::all_but) return left;
  auto right = candidates(at + 1 < nodes_.size() ? nodes_[at + 1].end : nodes_.size());
  if (node.operation == search_operator::any) {
    if (!left || !right) return std::nullopt;
    left->insert(left->end(), std::make_move_iterator(right->begin()),
                 std::make_move_iterator(right->end()));
    return left;
  }
  if (!left) return right;
  if (!right) return left;
  // Both bind: a single set may grow, which lets the index pick the rarest word of all.
  if (left->size() == 1 && right->size() == 1) {
    left->front().insert(left->front().end(), right->front().begin(), right->front().end());
    return left;
  }
  return left->size() <= right->size() ? left : right;
}

} // namespace interswarm::ed2k
