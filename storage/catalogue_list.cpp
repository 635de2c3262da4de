#include "storage/catalogue.hpp"

#include "schema/base/encoding.hpp"
#include "storage/name_rules.hpp"
#include "storage/publication_rows.hpp"

#include <algorithm>

namespace interswarm {

using soci::use;

namespace {

/// What the index is asked for.
std::vector<index_term> terms_of(const msg::query& q, std::vector<std::string> words) {
  using kind = index_term::kind;
  auto out = word_terms(std::move(words), true);
  if (!q.property.key.empty()) out.push_back(property_term(q.property.key, q.property.value));
  if (!q.tenant.empty()) out.push_back({kind::tenant, q.tenant, false});
  if (!q.media_type.empty()) out.push_back({kind::media_type, q.media_type, true});
  if (q.open_only) out.push_back({kind::open, {}, false});
  return out;
}

/// The condition of a listing with the values that it refers to. What the index has cut or has not
/// at all is asked of the rows.
class listing_condition {
public:
  listing_condition(const msg::query& q, std::int64_t now) : now_(now) {
    if (q.open_only) text_ += " and p.is_open = 1";
    if (!q.tenant.empty()) text_ += " and p.tenant = " + value(q.tenant);
    if (!q.media_type.empty()) {
      text_ += " and p.media_type >= " + value(q.media_type);
      text_ += " and p.media_type < " + value(q.media_type + last_letter);
    }
    if (!q.property.key.empty()) {
      text_ += " and replace(p.properties, " +
               value("\n" + q.property.key + "=" + q.property.value + "\n") +
               ", '') <> p.properties";
    }
  }

  const std::string& text() const { return text_; }
  void exchange_with(soci::statement& st) const {
    st.exchange(use(now_, "now"));
    for (std::size_t i = 0; i < values_.size(); ++i)
      st.exchange(use(values_[i], "v" + std::to_string(i)));
  }

private:
  static constexpr const char* last_letter = "\xF4\x8F\xBF\xBF";

  std::string value(const std::string& v) {
    values_.push_back(v);
    return ":v" + std::to_string(values_.size() - 1);
  }

  std::int64_t now_;
  std::string text_ = "c.content_id = p.content_id and (p.expires = 0 or p.expires > :now)";
  std::vector<std::string> values_;
};

} // namespace

result<std::vector<msg::publication>> catalogue::list(const msg::query& q, std::int64_t before,
                                                      std::size_t limit, std::int64_t now) const {
  // A server takes UTF-8 only; what is none is in no title.
  auto words = words_of(printable(q.words, q.words.size()));
  if (words.empty() && !q.words.empty()) return std::vector<msg::publication>{};
  if (words.size() > limits::search_words) words.resize(limits::search_words);
  auto& session = db_.session();
  return sql_guard(session, "search the catalogue", [&]() -> result<std::vector<msg::publication>> {
    const word_search search(session.sql, word_index::publications, "p.id",
                             terms_of(q, std::move(words)), before);
    const listing_condition where(q, now);
    raw_publication raw;
    soci::statement st(session.sql);
    raw.into_all(st);
    where.exchange_with(st);
    search.exchange_with(st);
    select_once(st, raw_publication::select + search.from() +
                        "publications p cross join contents c where " + where.text() +
                        search.condition() + " order by " + search.order() + " desc limit " +
                        std::to_string(std::min(limit, limits::listing)));
    std::vector<msg::publication> out;
    while (st.fetch()) out.push_back(raw.get());
    return out;
  });
}

} // namespace interswarm
