#include "actors/services/http/content_answer.hpp"

#include "actors/services/http/byte_ranges.hpp"
#include "actors/services/http/content_headers.hpp"
#include "actors/services/http/http_date.hpp"

namespace interswarm::http {

namespace {

using outcome = range_selection::outcome;

range_selection selected(const content_request& asked, const content_facts& content,
                         const validators& has, std::int64_t now_s) {
  // RFC 9110 section 14.2: Range is defined for GET alone.
  if (asked.head || !asked.range || !range_applies(asked.when, has, now_s)) return {};
  return select_ranges(*asked.range, content.size);
}

/// RFC 9110 section 14.6.
void add_multipart(content_answer& out, const std::vector<byte_range>& ranges, std::uint64_t size,
                   const std::string& type, std::string_view boundary) {
  const std::string line = "\r\n--" + std::string(boundary);
  for (const auto& r : ranges) {
    out.parts.push_back({line + "\r\nContent-Type: " + type +
                             "\r\nContent-Range: " + content_range(r, size) + "\r\n\r\n",
                         r});
  }
  out.parts.push_back({line + "--\r\n", {}});
  out.headers.emplace_back("Content-Type",
                           "multipart/byteranges; boundary=" + std::string(boundary));
}

void allow_other_sites(content_answer& out, const content_facts& content) {
  if (!content.open) return;
  out.headers.emplace_back("Access-Control-Allow-Origin", "*");
  out.headers.emplace_back("Access-Control-Expose-Headers",
                           "Accept-Ranges, Content-Disposition, Content-Length, Content-Range, "
                           "ETag, Last-Modified");
}

void add_validators(content_answer& out, const content_facts& content, const validators& has) {
  if (!has.entity_tag.empty()) out.headers.emplace_back("ETag", has.entity_tag);
  if (has.modified > 0) out.headers.emplace_back("Last-Modified", format_http_date(has.modified));
  out.headers.emplace_back("Cache-Control", content.open ? "public, max-age=31536000, immutable"
                                                         : "private, no-store");
  allow_other_sites(out, content);
}

/// No cache may keep what is true of this request alone.
void add_refusal(content_answer& out, unsigned status, const content_facts& content) {
  out.status = status;
  out.headers.emplace_back("Cache-Control", "no-store");
  allow_other_sites(out, content);
}

void add_body(content_answer& out, const content_facts& content, const range_selection& chosen,
              std::string_view boundary) {
  const auto type = media_type_of(content.media_type, content.file_name);
  if (chosen.what == outcome::part && chosen.ranges.size() > 1) {
    add_multipart(out, chosen.ranges, content.size, type, boundary);
  } else {
    const bool whole = chosen.what == outcome::whole;
    const auto range = whole ? byte_range{0, content.size} : chosen.ranges.front();
    if (!whole) out.headers.emplace_back("Content-Range", content_range(range, content.size));
    out.headers.emplace_back("Content-Type", type);
    out.parts.push_back({{}, range});
  }
  out.headers.emplace_back("X-Content-Type-Options", "nosniff");
  out.headers.emplace_back("Content-Disposition",
                           content_disposition(content.file_name, shown_inline(type)));
  if (runs_scripts(type)) out.headers.emplace_back("Content-Security-Policy", "sandbox");
  for (const auto& p : out.parts) out.length += p.text.size() + p.range.size();
}

} // namespace

content_answer answer_content(const content_request& asked, const content_facts& content,
                              std::int64_t now_s, std::string_view boundary) {
  // RFC 9110 section 8.8.2.1: a Last-Modified later than the answer's own date is not sent.
  const validators has{make_entity_tag(content.etag),
                       content.modified > now_s ? 0 : content.modified};
  content_answer out;
  out.headers.emplace_back("Date", format_http_date(now_s));
  const auto condition = evaluate(asked.when, has, now_s);
  if (condition == condition_outcome::failed) {
    add_refusal(out, 412, content);
    return out;
  }
  out.headers.emplace_back("Accept-Ranges", "bytes");
  if (condition == condition_outcome::not_modified) {
    out.status = 304;
    add_validators(out, content, has);
    return out;
  }
  const auto chosen = selected(asked, content, has, now_s);
  if (chosen.what == outcome::unsatisfiable) {
    add_refusal(out, 416, content);
    out.headers.emplace_back("Content-Range", unsatisfied_range(content.size));
    return out;
  }
  add_validators(out, content, has);
  if (chosen.what == outcome::part) out.status = 206;
  add_body(out, content, chosen, boundary);
  if (asked.head) out.parts.clear();
  return out;
}

header_fields preflight_headers() {
  return {{"Allow", "GET, HEAD, OPTIONS"},
          {"Access-Control-Allow-Origin", "*"},
          {"Access-Control-Allow-Methods", "GET, HEAD, OPTIONS"},
          {"Access-Control-Allow-Headers", "Range, If-Range, If-Match, If-None-Match, "
                                           "If-Modified-Since, If-Unmodified-Since"},
          {"Access-Control-Max-Age", "86400"}};
}

const char* reason_phrase(unsigned status) {
  switch (status) {
  case 200: return "OK";
  case 204: return "No Content";
  case 206: return "Partial Content";
  case 304: return "Not Modified";
  case 400: return "Bad Request";
  case 403: return "Forbidden";
  case 404: return "Not Found";
  case 405: return "Method Not Allowed";
  case 412: return "Precondition Failed";
  case 416: return "Range Not Satisfiable";
  case 500: return "Internal Server Error";
  case 502: return "Bad Gateway";
  case 501: return "Not Implemented";
  case 503: return "Service Unavailable";
  case 504: return "Gateway Timeout";
  default: return "Error";
  }
}

} // namespace interswarm::http
