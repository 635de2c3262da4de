#include "actors/services/origin/mirror_set.hpp"

#include "actors/services/origin/http_url.hpp"
#include "actors/services/origin/limits.hpp"
#include "schema/base/encoding.hpp"

#include <algorithm>

namespace interswarm::origin {

namespace {

std::string bytes_text(std::optional<std::uint64_t> size) {
  return size ? std::to_string(*size) + " bytes" : "an unknown size";
}

validators validators_of(const response_head& head, std::int64_t now) {
  validators out;
  if (const auto tag = head.field("etag")) out.etag = entity_tag::parse(*tag);
  if (const auto date = head.field("last-modified"))
    out.last_modified = parse_http_date(*date, now);
  const auto made = head.field("date");
  const auto made_at = made ? parse_http_date(*made, now) : std::nullopt;
  out.date_is_strong = out.last_modified && made_at && *made_at > *out.last_modified;
  return out;
}

} // namespace

std::optional<std::string_view> response_head::field(const std::string& lower_case_name) const {
  const auto found = fields.find(lower_case_name);
  if (found == fields.end() || found->second.size() > limits::field_bytes) return std::nullopt;
  return found->second;
}

mirror_set::mirror_set(const std::vector<origin>& origins) {
  for (const auto& o : origins) {
    mirrors_.emplace_back().at = o;
    mirrors_.back().last = "not asked yet";
  }
}

asked_range mirror_set::ask(std::size_t m, std::uint64_t from,
                            std::optional<std::uint64_t> to) const {
  asked_range out;
  out.ranged = mirrors_[m].ranges;
  if (!out.ranged) return out;
  out.from = from;
  out.to = to;
  // The first answer teaches the validators; from the start there is nothing to mix yet.
  out.conditional = mirrors_[m].answered && mirrors_[m].version.if_range().has_value();
  return out;
}

std::optional<std::string> mirror_set::if_range(std::size_t m, const asked_range& asked) const {
  return asked.conditional ? mirrors_[m].version.if_range() : std::nullopt;
}

verdict mirror_set::judge(std::size_t index, const asked_range& asked, const response_head& head,
                          std::int64_t now) {
  auto& m = mirrors_[index];
  if (head.status != 200 && head.status != 206 && head.status != 416)
    return judge_status(m, head, now);
  const auto coding = head.field("content-encoding");
  if (coding && *coding != "identity" && !coding->empty())
    return put_out(m, errc::malformed,
                   "sends the content encoded as " + printable(*coding, 40) +
                       " although its plain bytes were asked for");
  if (head.status == 416) return judge_unsatisfiable(m, asked, head);
  auto out =
      head.status == 206 ? judge_part(m, asked, head, now) : judge_whole(m, asked, head, now);
  if (out.what == verdict::kind::take) m.last = "delivers";
  return out;
}

verdict mirror_set::judge_status(mirror& m, const response_head& head, std::int64_t now) {
  const auto status = head.status;
  const auto text = "answered with HTTP status " + std::to_string(status);
  if (status == 408 || status == 425 || status == 429 || (status >= 500 && status < 600)) {
    auto out = fails(m, text);
    if (const auto wait = head.field("retry-after"))
      out.retry_after = parse_retry_after(*wait, now);
    return out;
  }
  if (status == 404 || status == 410) return put_out(m, errc::not_found, text);
  if (status >= 400 && status < 500) return put_out(m, errc::denied, text);
  return put_out(m, errc::malformed, text + " where the content was asked for");
}

verdict mirror_set::judge_part(mirror& m, const asked_range& asked, const response_head& head,
                               std::int64_t now) {
  const auto field = head.field("content-range");
  const auto part = field ? content_range::parse(*field) : std::nullopt;
  if (!asked.ranged || !part || !part->range || part->range->begin != asked.from ||
      (asked.to && part->range->end > *asked.to))
    return fails(m, "answered with a range that was not asked for");
  if (const auto text = head.field("content-length")) {
    const auto length = parse_length(*text);
    if (!length || (!head.chunked && *length != part->range->size()))
      return fails(m, "answered with a length that is not its range's");
  }
  if (size_ && !part->size && part->range->end > *size_)
    return fails(m, "answered with a range behind the content's end");
  facts f{part->size ? part->size : m.size, validators_of(head, now)};
  if (const auto stop = accept(m, f, head)) return *stop;
  verdict out;
  out.begin = part->range->begin;
  out.end = part->range->end;
  return out;
}

verdict mirror_set::judge_whole(mirror& m, const asked_range& asked, const response_head& head,
                                std::int64_t now) {
  facts f{std::nullopt, validators_of(head, now)};
  const auto text = head.field("content-length");
  if (!head.chunked) {
    if (text && !(f.size = parse_length(*text)))
      return fails(m, "answered with a Content-Length that is no number");
    if (!text)
      return put_out(
          m, errc::malformed,
          "gives neither a length nor chunks, so that a broken connection would pass for "
          "the end");
  }
  using compared = validators::verdict;
  // An answer to If-Range that is not a part says: changed, unless ranges are unknown here.
  if (asked.conditional && m.version.compare(f.version) != compared::same)
    return changed(m, m.version.to_string(), f.version.to_string());
  if (m.used && !f.size && m.version.compare(f.version) != compared::same)
    return put_out(m, errc::unavailable,
                   "broke off, and gives neither size nor validator to go on with");
  if (const auto stop = accept(m, f, head)) return *stop;
  if (asked.ranged && asked.from > 0) m.ranges = false;
  if (const auto accepts = head.field("accept-ranges"); accepts && *accepts == "none")
    m.ranges = false;
  verdict out;
  out.end = f.size;
  return out;
}

verdict mirror_set::judge_unsatisfiable(mirror& m, const asked_range& asked,
                                        const response_head& head) {
  if (!asked.ranged)
    return fails(m, "answered with HTTP status 416 although no range was asked for");
  const auto field = head.field("content-range");
  const auto told = field ? content_range::parse(*field) : std::nullopt;
  if (told && told->size && m.size && *told->size != *m.size)
    return changed(m, bytes_text(m.size), bytes_text(told->size));
  verdict out;
  // The range begins where the content ends: an empty content, or one of unknown size.
  if (told && told->size && *told->size == asked.from && (!size_ || *size_ == asked.from)) {
    m.answered = true;
    m.size = size_ = asked.from;
    if (!knows_) learn(m, head);
    m.last = "delivers";
    out.begin = asked.from;
    out.end = asked.from;
    return out;
  }
  if (asked.from > 0)
    return fails(m, "answered with HTTP status 416 for a range within the content");
  m.ranges = false;
  out.what = verdict::kind::again;
  return out;
}

/// Takes the facts of an answer over, or says why its body must not be used.
std::optional<verdict> mirror_set::accept(mirror& m, const facts& now, const response_head& head) {
  if (m.answered) {
    if (m.size && now.size && *m.size != *now.size)
      return changed(m, bytes_text(m.size), bytes_text(now.size));
    if (m.version.compare(now.version) == validators::verdict::changed)
      return changed(m, m.version.to_string(), now.version.to_string());
  }
  if (size_ && now.size && *size_ != *now.size)
    return put_out(m, errc::conflict,
                   "has " + bytes_text(now.size) + ", another mirror " + bytes_text(size_));
  // A part need not repeat the validators of the whole.
  if (!m.answered) m.version = now.version;
  m.answered = true;
  if (now.size) m.size = size_ = now.size;
  if (!knows_) learn(m, head);
  return std::nullopt;
}

void mirror_set::learn(const mirror& m, const response_head& head) {
  knows_ = true;
  if (const auto type = head.field("content-type")) learned_.media_type = media_type(*type);
  if (const auto name = head.field("content-disposition"))
    learned_.file_name = disposition_file_name(*name);
  if (learned_.file_name.empty()) learned_.file_name = m.at.file_name;
  learned_.etag = m.version.etag ? printable(m.version.etag->to_string()) : std::string();
  learned_.last_modified = m.version.last_modified ? http_date(*m.version.last_modified) : "";
}

verdict mirror_set::changed(mirror& m, const std::string& from, const std::string& to) {
  if (m.used) {
    verdict out;
    out.what = verdict::kind::conflict;
    out.why = {errc::conflict, "the content changed at " + m.at.server + " while it was pulled (" +
                                   from + ", now " + to + "); pull it again"};
    m.last = "changed the content";
    return out;
  }
  if (!nothing_used())
    return put_out(m, errc::conflict, "changed the content (" + from + ", now " + to + ")");
  // Nothing was given on yet: the new version is as good as the old one.
  m.answered = false;
  m.size.reset();
  m.version = {};
  m.ranges = true;
  knows_ = false;
  learned_ = {};
  size_.reset();
  for (const auto& other : mirrors_) {
    if (other.answered && !other.out && other.size) size_ = other.size;
  }
  verdict out;
  out.what = verdict::kind::again;
  return out;
}

verdict mirror_set::put_out(mirror& m, errc code, const std::string& what) {
  verdict out;
  out.what = verdict::kind::out;
  out.why = {code, m.at.server + " " + what};
  m.out = out.why;
  m.last = what;
  return out;
}

verdict mirror_set::fails(mirror& m, const std::string& what) {
  verdict out;
  out.what = verdict::kind::retry;
  out.why = {errc::unavailable, m.at.server + " " + what};
  m.last = what;
  return out;
}

void mirror_set::leave_out(std::size_t m, error why) {
  mirrors_[m].last = why.text;
  why.text = mirrors_[m].at.server + " " + why.text;
  mirrors_[m].out = std::move(why);
}

bool mirror_set::nothing_used() const {
  return std::none_of(mirrors_.begin(), mirrors_.end(), [](const mirror& m) { return m.used; });
}

std::optional<error> mirror_set::all_out() const {
  if (!std::all_of(mirrors_.begin(), mirrors_.end(),
                   [](const auto& m) { return m.out.has_value(); }))
    return std::nullopt;
  // "Not found" only when nobody has it: a mirror that refuses may.
  auto code = errc::not_found;
  std::string text;
  for (const auto& m : mirrors_) {
    if (code == errc::not_found) code = m.out->code;
    text += (text.empty() ? "" : "; ") + m.out->text;
  }
  return error{code, text};
}

std::string mirror_set::lines() const {
  std::string out;
  for (const auto& m : mirrors_) out += (out.empty() ? "" : "; ") + m.at.server + " " + m.last;
  return out;
}

std::string mirror_set::note() const {
  std::string out;
  const auto add = [&out](const std::string& line) { out += (out.empty() ? "" : "; ") + line; };
  for (const auto& m : mirrors_) {
    if (m.out) add(m.out->text);
    if (!m.answered || m.out) continue;
    if (!m.ranges)
      add(m.at.server + " has no ranges: after a break it sends everything again from the start");
    if (m.version.none())
      add(m.at.server + " gives no validator: a change that keeps the size would go unseen");
  }
  return out;
}

} // namespace interswarm::origin
