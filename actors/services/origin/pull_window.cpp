#include "actors/services/origin/pull_window.hpp"

#include <algorithm>

namespace interswarm::origin {

namespace {

/// Neighbouring slices of one block are joined, so that a read within it copies nothing. (Two
/// blocks of the heap never touch: the allocator's own words lie between.)
bool continues(const slice& a, const slice& b) { return a.data() + a.size() == b.data(); }

} // namespace

result<pull_window::read_id> pull_window::add_read(byte_range range, bool urgent,
                                                   instant deadline) {
  if (range.empty() || (size_ && range.end > *size_))
    return fail(errc::malformed,
                "the range passes the end of the content" +
                    (size_ ? ", which has " + std::to_string(*size_) + " bytes" : std::string()));
  if (reads_.size() >= settings_.max_reads ||
      waiting_bytes_ + range.size() > settings_.max_read_bytes)
    return fail(errc::overloaded, "too many reads of this content wait; read on when some are "
                                  "answered");
  waiting_bytes_ += range.size();
  reads_.emplace(++last_id_, reading{range, urgent, deadline});
  wanted_is_current_ = false;
  return last_id_;
}

std::vector<pull_window::read_id> pull_window::set_size(std::uint64_t size) {
  size_ = size;
  std::vector<read_id> out;
  for (auto it = reads_.begin(); it != reads_.end();) {
    if (it->second.range.end <= size) {
      ++it;
      continue;
    }
    out.push_back(it->first);
    forget(it);
  }
  return out;
}

std::uint64_t pull_window::add_bytes(std::uint64_t at, const slice& data) {
  const byte_range whole{at, at + data.size()};
  std::uint64_t added = 0;
  for (auto next = whole.begin; next < whole.end;) {
    // The first segment that ends behind `next`.
    auto after = segments_.upper_bound(next);
    if (after != segments_.begin()) {
      const auto before = std::prev(after);
      if (before->first + before->second.size() > next) {
        next = before->first + before->second.size();
        continue;
      }
    }
    const auto end = after == segments_.end() ? whole.end : std::min(whole.end, after->first);
    auto piece = data.sub(next - at, end - next);
    auto before = after == segments_.begin() ? segments_.end() : std::prev(after);
    if (before != segments_.end() && before->first + before->second.size() == next &&
        continues(before->second, piece)) {
      const byte_view joined{before->second.data(), before->second.size() + piece.size()};
      // Both share the block, whose owner either of them keeps.
      before->second = slice(std::make_shared<slice>(std::move(piece)), joined);
    } else {
      segments_.emplace(next, std::move(piece));
    }
    added += end - next;
    next = end;
  }
  held_ += added;
  shed();
  return added;
}

std::optional<std::uint64_t> pull_window::missing_in(const byte_range& r) const {
  auto next = r.begin;
  auto it = segments_.upper_bound(next);
  if (it != segments_.begin()) --it;
  for (; it != segments_.end() && it->first <= next && next < r.end; ++it)
    next = std::max(next, it->first + it->second.size());
  return next < r.end ? std::optional(next) : std::nullopt;
}

slice pull_window::cut(const byte_range& r) const {
  auto it = std::prev(segments_.upper_bound(r.begin));
  const auto skip = r.begin - it->first;
  if (it->second.size() - skip >= r.size()) return it->second.sub(skip, r.size());
  bytes out;
  out.reserve(r.size());
  for (; it != segments_.end() && it->first < r.end; ++it) {
    const auto part = intersection(r, {it->first, it->first + it->second.size()});
    append(out, it->second.view().subspan(part.begin - it->first, part.size()));
  }
  return slice(std::move(out));
}

void pull_window::drop(const byte_range& r) {
  auto it = segments_.upper_bound(r.begin);
  if (it != segments_.begin()) --it;
  while (it != segments_.end() && it->first < r.end) {
    const auto begin = it->first;
    const auto old = it->second;
    const auto part = intersection(r, {begin, begin + old.size()});
    if (part.empty()) {
      ++it;
      continue;
    }
    it = segments_.erase(it);
    held_ -= part.size();
    if (part.begin > begin) segments_.emplace(begin, old.sub(0, part.begin - begin));
    if (part.end < begin + old.size())
      segments_.emplace(part.end, old.sub(part.end - begin, begin + old.size() - part.end));
  }
}

void pull_window::drop_unless_read(byte_range r) {
  for (const auto& w : wanted()) {
    if (w.end <= r.begin) continue;
    if (w.begin >= r.end) break;
    if (w.begin > r.begin) drop({r.begin, w.begin});
    r.begin = w.end;
  }
  if (!r.empty()) drop(r);
}

/// What reads wait for, joined and in order.
const std::vector<byte_range>& pull_window::wanted() const {
  if (wanted_is_current_) return wanted_;
  wanted_.clear();
  for (const auto& [id, r] : reads_) wanted_.push_back(r.range);
  std::sort(wanted_.begin(), wanted_.end());
  std::size_t last = 0;
  for (std::size_t i = 1; i < wanted_.size(); ++i) {
    if (wanted_[i].begin <= wanted_[last].end)
      wanted_[last].end = std::max(wanted_[last].end, wanted_[i].end);
    else
      wanted_[++last] = wanted_[i];
  }
  if (!wanted_.empty()) wanted_.resize(last + 1);
  wanted_is_current_ = true;
  return wanted_;
}

bool pull_window::is_read(std::uint64_t at) const {
  return std::any_of(wanted().begin(), wanted().end(),
                     [at](const byte_range& w) { return w.begin <= at && at < w.end; });
}

/// The bytes of [from, to) that nobody waits for.
std::uint64_t pull_window::unwanted(std::uint64_t from, std::uint64_t to) const {
  auto out = to - from;
  for (const auto& w : wanted()) out -= intersection(w, {from, to}).size();
  return out;
}

void pull_window::forget(std::map<read_id, reading>::iterator& it) {
  waiting_bytes_ -= it->second.range.size();
  it = reads_.erase(it);
  wanted_is_current_ = false;
}

/// Bytes that were left behind, by a reader that jumped, make room for those that come.
void pull_window::shed() {
  const auto most = settings_.ahead * limits::transfers + settings_.max_read_bytes;
  for (auto it = segments_.begin(); held_ > most && it != segments_.end();) {
    const byte_range whole{it->first, it->first + it->second.size()};
    drop_unless_read(whole);
    it = segments_.lower_bound(whole.end);
  }
}

std::vector<pull_window::finished> pull_window::take_finished() {
  std::vector<finished> out;
  for (auto it = reads_.begin(); it != reads_.end();) {
    if (missing_in(it->second.range)) {
      ++it;
      continue;
    }
    const auto range = it->second.range;
    out.push_back({it->first, cut(range)});
    forget(it);
    drop_unless_read(range);
  }
  return out;
}

std::vector<pull_window::read_id> pull_window::take_expired(instant now) {
  std::vector<read_id> out;
  for (auto it = reads_.begin(); it != reads_.end();) {
    if (it->second.deadline > now) {
      ++it;
      continue;
    }
    out.push_back(it->first);
    forget(it);
  }
  return out;
}

std::vector<pull_window::read_id> pull_window::take_all() {
  std::vector<read_id> out;
  for (const auto& [id, r] : reads_) out.push_back(id);
  reads_.clear();
  waiting_bytes_ = 0;
  wanted_is_current_ = false;
  return out;
}

bool pull_window::brings(const transfer_view& t, std::uint64_t at) const {
  if (at < t.at || (t.end && at >= *t.end)) return false;
  return t.from_start_only || unwanted(t.at, at) <= settings_.jump;
}

std::uint64_t pull_window::spare_before(std::uint64_t at) const {
  std::uint64_t out = 0;
  auto end = at;
  for (auto it = segments_.lower_bound(at); it != segments_.begin();) {
    --it;
    if (it->first + it->second.size() != end || is_read(it->first)) break;
    out += it->second.size();
    end = it->first;
  }
  return out;
}

bool pull_window::is_wanted(const transfer_view& t) const {
  return std::any_of(reads_.begin(), reads_.end(), [&](const auto& r) {
    const auto missing = missing_in(r.second.range);
    return missing && brings(t, *missing);
  });
}

bool pull_window::may_read(const transfer_view& t) const {
  return spare_before(t.at) < settings_.ahead || is_wanted(t);
}

std::optional<byte_range> pull_window::gap(std::span<const transfer_view> transfers) const {
  std::optional<std::uint64_t> first;
  bool first_urgent = false;
  for (const auto& [id, r] : reads_) {
    if (first && (first_urgent > r.urgent)) continue;
    const auto missing = missing_in(r.range);
    if (!missing) continue;
    const bool comes = std::any_of(transfers.begin(), transfers.end(),
                                   [&](const auto& t) { return brings(t, *missing); });
    if (comes || (first && first_urgent == r.urgent && *first <= *missing)) continue;
    first = missing;
    first_urgent = r.urgent;
  }
  if (!first) return std::nullopt;
  byte_range out{*first, 0};
  const auto stop_at = [&out](std::uint64_t at) {
    if (at > out.begin && (out.end == 0 || at < out.end)) out.end = at;
  };
  for (const auto& t : transfers) stop_at(t.at);
  const auto next = segments_.upper_bound(*first);
  if (next != segments_.end()) stop_at(next->first);
  return out;
}

std::vector<byte_range> pull_window::held() const {
  std::vector<byte_range> out;
  for (const auto& [begin, data] : segments_) {
    if (!out.empty() && out.back().end == begin)
      out.back().end += data.size();
    else
      out.push_back({begin, begin + data.size()});
  }
  return out;
}

} // namespace interswarm::origin
