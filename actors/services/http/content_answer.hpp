#pragma once

#include "actors/services/http/body_window.hpp"
#include "actors/services/http/conditions.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace interswarm::http {

/// Names, which are literals, and values.
using header_fields = std::vector<std::pair<std::string_view, std::string>>;

/// What a content is to HTTP.
struct content_facts {
  /// Bytes.
  std::uint64_t size = 0;
  /// Empty: the file name's extension tells.
  std::string media_type{};
  std::string file_name{};
  /// The content id in hex; it is a strong validator, because contents never change.
  std::string etag{};
  /// Unix seconds; 0: not known.
  std::int64_t modified = 0;
  /// Anybody may have it and every cache keep it.
  bool open = false;
};

struct content_request {
  /// Else GET.
  bool head = false;
  std::optional<std::string> range{};
  conditions when{};
};

/// An answer but for the content's own bytes.
struct content_answer {
  unsigned status = 200;
  /// Without Content-Length and Connection.
  header_fields headers;
  /// Of the body that a GET has: Content-Length.
  std::uint64_t length = 0;
  /// What that body is made of; nothing where none is to be sent (HEAD, 304, 412, 416).
  std::vector<body_part> parts;
};

/// Decides status, headers and ranges of GET or HEAD for a content that exists and may be seen (RFC
/// 9110 sections 8, 13 and 14). `boundary` divides the parts of a multipart answer: 1 to 70
/// characters that come in no content, so random ones.
content_answer answer_content(const content_request& asked, const content_facts& content,
                              std::int64_t now_s, std::string_view boundary);

/// OPTIONS for any content: says what a browser's script of any site may ask (CORS), and nothing
/// about a content.
header_fields preflight_headers();

/// "Partial Content" and the like.
const char* reason_phrase(unsigned status);

} // namespace interswarm::http
