#include "actors/services/http/request_target.hpp"

#include "actors/services/http/field_text.hpp"
#include "actors/services/http/limits.hpp"
#include "schema/base/encoding.hpp"

#include <algorithm>

namespace interswarm::http {

namespace {

using kind = request_target::kind;

constexpr std::string_view content_prefix = "/content/";

request_target of(kind what) { return {what}; }

/// The path and query of an absolute form.
std::string_view origin_form(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!starts_with_word(target, scheme)) continue;
    const auto path = target.find_first_of("/?", scheme.size());
    return path == std::string_view::npos ? std::string_view("/") : target.substr(path);
  }
  return target;
}

std::optional<std::string> decoded(std::string_view text) {
  if (text.size() > limits::name_bytes * 3) return std::nullopt;
  const auto raw = percent_decode(text);
  if (!raw || raw->size() > limits::name_bytes) return std::nullopt;
  for (const auto b : *raw) {
    if (b < 0x20 || b == 0x7f) return std::nullopt;
  }
  return std::string(as_text(*raw));
}

/// What of the path is the name; nothing if that cannot be told.
std::optional<std::string_view> name_part(std::string_view path) {
  const auto stroke = path.find('/');
  if (stroke == std::string_view::npos) return path;
  if (stroke > 0 && path[stroke - 1] == ':') return path;
  if (path.find('/', stroke + 1) != std::string_view::npos) return std::nullopt;
  return path.substr(0, stroke);
}

/// False for a parameter that is there twice or broken.
bool read_query(std::string_view query, request_target& out) {
  url_signature found;
  bool any = false;
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const auto equals = std::min(pair.find('='), pair.size());
    const auto name = pair.substr(0, equals);
    std::string* field = nullptr;
    if (name == "expires") field = &found.expires;
    if (name == "key") field = &found.key;
    if (name == "sig") field = &found.signature;
    if (field == nullptr) continue;
    const auto value = decoded(pair.substr(std::min(equals + 1, pair.size())));
    if (!value || !field->empty()) return false;
    *field = *value;
    any = true;
  }
  if (any) out.signature = std::move(found);
  return true;
}

} // namespace

request_target parse_target(std::string_view target) {
  if (target == "*") return of(kind::server);
  target = origin_form(target);
  if (!target.starts_with('/')) return of(kind::malformed);
  const auto mark = std::min(target.find('?'), target.size());
  const auto path = target.substr(0, mark);
  const auto query = target.substr(std::min(mark + 1, target.size()));
  if (path == "/health") return of(kind::health);
  if (!path.starts_with(content_prefix)) return of(kind::unknown);
  const auto part = name_part(path.substr(content_prefix.size()));
  if (!part || part->empty()) return of(kind::unknown);
  request_target out{kind::content};
  auto name = decoded(*part);
  if (!name || !read_query(query, out)) return of(kind::malformed);
  out.name = std::move(*name);
  return out;
}

} // namespace interswarm::http
