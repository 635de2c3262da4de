#include "actors/services/http/conditions.hpp"

#include "actors/services/http/field_text.hpp"
#include "actors/services/http/http_date.hpp"
#include "actors/services/http/limits.hpp"

namespace interswarm::http {

namespace {

bool tag_character(char c) {
  const auto u = static_cast<unsigned char>(c);
  return u == 0x21 || (u >= 0x23 && u != 0x7f);
}

struct listed_tag {
  /// With its quotes, without the mark of a weak one.
  std::string_view opaque;
  bool weak = false;
};

/// Takes one tag off the front of `text`, white space before it included.
std::optional<listed_tag> take_tag(std::string_view& text) {
  text = trimmed(text);
  listed_tag out;
  if (text.starts_with("W/")) {
    out.weak = true;
    text.remove_prefix(2);
  }
  if (!text.starts_with('"')) return std::nullopt;
  std::size_t end = 1;
  while (end < text.size() && tag_character(text[end])) ++end;
  if (end == text.size() || text[end] != '"') return std::nullopt;
  out.opaque = text.substr(0, end + 1);
  text.remove_prefix(end + 1);
  return out;
}

/// Whether a list of tags or "*" names the content; weak tags count if `weakly` (RFC 9110 section
/// 8.8.3.2).
bool lists(std::string_view list, const validators& has, bool weakly) {
  list = trimmed(list);
  if (list == "*") return true;
  for (std::size_t n = 0; n < limits::entity_tags && !list.empty();) {
    if (list.front() == ',') {
      list = trimmed(list.substr(1));
      continue;
    }
    const auto tag = take_tag(list);
    list = trimmed(list);
    if (!tag || !(list.empty() || list.front() == ',')) return false;
    if ((weakly || !tag->weak) && !has.entity_tag.empty() && tag->opaque == has.entity_tag)
      return true;
    ++n;
  }
  return false;
}

/// A condition of time that counts.
std::optional<std::int64_t> date(const std::optional<std::string>& field, const validators& has,
                                 std::int64_t now_s) {
  if (!field || has.modified <= 0) return std::nullopt;
  return parse_http_date(trimmed(*field), now_s);
}

} // namespace

condition_outcome evaluate(const conditions& asked, const validators& has, std::int64_t now_s) {
  if (asked.if_match) {
    if (!lists(*asked.if_match, has, false)) return condition_outcome::failed;
  } else if (const auto at = date(asked.if_unmodified_since, has, now_s)) {
    if (has.modified > *at) return condition_outcome::failed;
  }
  if (asked.if_none_match) {
    if (lists(*asked.if_none_match, has, true)) return condition_outcome::not_modified;
  } else if (const auto at = date(asked.if_modified_since, has, now_s)) {
    if (has.modified <= *at) return condition_outcome::not_modified;
  }
  return condition_outcome::proceed;
}

bool range_applies(const conditions& asked, const validators& has, std::int64_t now_s) {
  if (!asked.if_range) return true;
  auto text = trimmed(*asked.if_range);
  if (text.starts_with('"') || text.starts_with("W/")) {
    const auto tag = take_tag(text);
    return tag && text.empty() && !tag->weak && tag->opaque == has.entity_tag;
  }
  const auto at = date(asked.if_range, has, now_s);
  return at && *at == has.modified;
}

std::string make_entity_tag(std::string_view id) {
  if (id.empty()) return {};
  for (const char c : id) {
    if (!tag_character(c) || static_cast<unsigned char>(c) > 0x7e) return {};
  }
  return '"' + std::string(id) + '"';
}

} // namespace interswarm::http
