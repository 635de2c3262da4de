#pragma once

#include <string>
#include <string_view>

namespace interswarm::generator {

/// "pricePerGiB" -> "price_per_gib", "NameRecord" -> "name_record"; a C++ keyword gets a '_'.
std::string snake_case(std::string_view name);
/// "contentId" -> "ContentId"
std::string title_case(std::string_view name);
/// "contentId" -> "CONTENT_ID", the way capnpc-c++ names enumerants.
std::string upper_case(std::string_view name);
/// The text as `///` lines, each after `indent` blanks; empty for an empty text.
std::string doc_comment(std::string_view text, int indent);
/// A C++ string literal.
std::string quoted(std::string_view text);

} // namespace interswarm::generator
