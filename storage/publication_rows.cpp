#include "storage/publication_rows.hpp"

#include "schema/base/encoding.hpp"
#include "storage/limits.hpp"
#include "storage/name_rules.hpp"

namespace interswarm {

using soci::into;

const char* const raw_publication::select =
    "select p.id, p.content_id, c.size, p.tenant, p.title, p.media_type, p.properties, p.series, "
    "p.is_open, p.published_at, p.expires from ";

slice from_hex_text(const std::string& text) { return slice(from_hex(text).value_or(bytes{})); }

std::string joined(const std::vector<msg::property>& properties) {
  std::string out = "\n";
  for (const auto& [key, value] : properties) out += key + "=" + value + "\n";
  return out;
}

namespace {

std::vector<msg::property> split(std::string_view text) {
  std::vector<msg::property> out;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const auto equals = line.find('=');
    if (equals != line.npos)
      out.push_back({std::string(line.substr(0, equals)), std::string(line.substr(equals + 1))});
  }
  return out;
}

} // namespace

raw_publication::raw_publication(const msg::publication& p)
    : id(p.id), content_id(to_hex(p.content_id)), size(static_cast<std::int64_t>(p.size)),
      tenant(p.tenant), title(p.title), media_type(p.media_type), properties(joined(p.properties)),
      series(p.series), open(p.open ? 1 : 0), published_at(p.published_at), expires(p.expires) {}

msg::publication raw_publication::get() const {
  return {id,
          from_hex_text(content_id),
          static_cast<std::uint64_t>(size),
          tenant,
          title,
          media_type,
          split(properties),
          series,
          open != 0,
          published_at,
          expires};
}

void raw_publication::into_all(soci::statement& st) {
  st.exchange(into(id));
  st.exchange(into(content_id));
  st.exchange(into(size));
  for (auto* text : {&tenant, &title, &media_type, &properties, &series}) st.exchange(into(*text));
  st.exchange(into(open));
  st.exchange(into(published_at));
  st.exchange(into(expires));
}

index_term property_term(const std::string& key, const std::string& value) {
  // Cut between letters.
  return {index_term::kind::property, printable(key + "=" + value, limits::word_bytes - 3), false};
}

std::vector<index_term> terms_of(const msg::publication& p) {
  auto out = word_terms(words_of(p.title), false);
  for (const auto& [key, value] : p.properties) out.push_back(property_term(key, value));
  out.push_back({index_term::kind::tenant, p.tenant, false});
  out.push_back({index_term::kind::media_type, p.media_type, false});
  if (p.open) out.push_back({index_term::kind::open, {}, false});
  return out;
}

} // namespace interswarm
