#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace interswarm::http {

/// The conditional fields of a request, as they came.
struct conditions {
  std::optional<std::string> if_match{};
  std::optional<std::string> if_none_match{};
  std::optional<std::string> if_modified_since{};
  std::optional<std::string> if_unmodified_since{};
  std::optional<std::string> if_range{};
};

/// What a content's conditions are measured against.
struct validators {
  /// With its quotes, strong; empty if there is none.
  std::string entity_tag;
  /// Unix seconds; 0 or less: not known, then conditions of time are ignored.
  std::int64_t modified = 0;
};

enum class condition_outcome : std::uint8_t {
  proceed,
  /// Status 304.
  not_modified,
  /// Status 412.
  failed,
};

/// Evaluates all but If-Range for GET or HEAD of something that exists, in the order of RFC 9110
/// section 13.2.2. A malformed date is ignored, a malformed list of entity tags matches nothing.
condition_outcome evaluate(const conditions& asked, const validators& has, std::int64_t now_s);

/// Whether a Range header applies in spite of If-Range (RFC 9110 section 13.1.5): the strong entity
/// tag or the very date of the content's last change was given, or neither.
bool range_applies(const conditions& asked, const validators& has, std::int64_t now_s);

/// `"id"` as a strong entity tag (RFC 9110 section 8.8.3); empty for an id that cannot be one.
std::string make_entity_tag(std::string_view id);

} // namespace interswarm::http
