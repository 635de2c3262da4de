#include "actors/overlays/ppsp/chunk_sender.hpp"

#include "schema/ppsp/merkle.hpp"

#include <algorithm>

namespace interswarm::ppsp {

namespace {

byte_range run(const chunk_range& r) { return {r.begin, r.end}; }

struct way {
  /// Uncles that lack, from the top down.
  std::vector<chunk_range> uncles;
  /// A node below `top` is known.
  bool meets = false;
};

/// Whoever verified a chunk below a node knows both its children, and all above it.
template <class Knows>
way way_down(std::uint64_t chunk, const chunk_range& top, const Knows& knows) {
  way out;
  const auto uncles = uncles_of(chunk, top);
  auto first = uncles.size();
  chunk_range at{chunk, chunk + 1};
  while (first > 0 && !out.meets) {
    const auto& beside = uncles[first - 1];
    at = {std::min(at.begin, beside.begin), std::max(at.end, beside.end)};
    out.meets = knows(at);
    if (!out.meets) --first;
  }
  out.uncles.assign(uncles.begin() + static_cast<std::ptrdiff_t>(first), uncles.end());
  return out;
}

} // namespace

bool chunk_sender::request(const chunk_range& r) {
  // What waits already keeps its place.
  range_set fresh{{r.begin, std::min(r.end, chunks_)}};
  for (const auto& w : waiting_) fresh.remove(run(w));
  if (waiting_.size() + fresh.count() > max_ranges) return false;
  for (const auto& f : fresh) {
    if (!waiting_.empty() && waiting_.back().end == f.begin) {
      waiting_.back().end = f.end;
    } else {
      waiting_.push_back({f.begin, f.end});
    }
  }
  return true;
}

void chunk_sender::cancel(const chunk_range& r) {
  std::deque<chunk_range> left;
  for (const auto& w : waiting_) {
    if (w.begin < std::min(w.end, r.begin)) left.push_back({w.begin, std::min(w.end, r.begin)});
    if (std::max(w.begin, r.end) < w.end) left.push_back({std::max(w.begin, r.end), w.end});
  }
  waiting_ = std::move(left);
}

std::uint64_t chunk_sender::waiting() const {
  std::uint64_t out = 0;
  for (const auto& w : waiting_) out += w.size();
  return out;
}

std::optional<std::uint64_t> chunk_sender::next() const {
  if (waiting_.empty()) return std::nullopt;
  return waiting_.front().begin;
}

std::optional<std::uint64_t> chunk_sender::next(const range_set& there) const {
  for (const auto& w : waiting_) {
    const auto some = there.intersect(run(w));
    if (!some.empty()) return (*some.begin()).begin;
  }
  return std::nullopt;
}

std::vector<chunk_range> chunk_sender::hashes_for(std::uint64_t chunk) const {
  const bool again = sent_once_.contains(chunk);
  const auto knows = [&](const chunk_range& node) {
    return acked_.intersects(run(node)) || (!again && under_way_.intersects(run(node)));
  };
  const auto way = way_down(chunk, peak_above(chunk, chunks_), knows);
  std::vector<chunk_range> out;
  if (!way.meets && !knows({0, chunks_})) out = peaks_of(chunks_);
  out.insert(out.end(), way.uncles.begin(), way.uncles.end());
  return out;
}

std::vector<chunk_range> chunk_sender::hashes_below(std::uint64_t chunk,
                                                    const chunk_range& top) const {
  const auto knows = [&](const chunk_range& node) { return acked_.intersects(run(node)); };
  const auto way = way_down(chunk, top, knows);
  std::vector<chunk_range> out;
  if (!knows(top)) out.push_back(top);
  out.insert(out.end(), way.uncles.begin(), way.uncles.end());
  return out;
}

void chunk_sender::sent(std::uint64_t chunk, std::size_t bytes, instant now) {
  if (!waiting_.empty() && waiting_.front().begin == chunk) {
    if (++waiting_.front().begin == waiting_.front().end) waiting_.pop_front();
  } else {
    cancel({chunk, chunk + 1});
  }
  flight f{chunk, bytes, now, sent_once_.contains(chunk), false};
  if (const auto before = sequence_of_.find(chunk); before != sequence_of_.end()) {
    // One acknowledgement is for both.
    auto& older = flights_[before->second - first_];
    f.bytes += older.bytes;
    older.done = true;
  }
  sequence_of_[chunk] = first_ + flights_.size();
  flights_.push_back(f);
  under_way_.add({chunk, chunk + 1});
  sent_once_.add({chunk, chunk + 1});
}

chunk_sender::news chunk_sender::acked(const chunk_range& r, instant now) {
  news out;
  const auto before = acked_.bytes();
  acked_.add({r.begin, std::min(r.end, chunks_)});
  out.acked_chunks = acked_.bytes() - before;
  std::uint64_t newest = 0;
  const auto here = under_way_.intersect(run(r));
  for (const auto& some : here) {
    for (auto chunk = some.begin; chunk < some.end; ++chunk) {
      const auto found = sequence_of_.find(chunk);
      auto& f = flights_[found->second - first_];
      f.done = true;
      out.acked_bytes += f.bytes;
      if (!f.again && found->second > newest) {
        newest = found->second;
        out.round_trip = now - f.at;
      }
      landed(found->second);
      sequence_of_.erase(found);
    }
  }
  under_way_.subtract(here);
  out.lost_bytes = take_lost();
  return out;
}

void chunk_sender::landed(std::uint64_t sequence) {
  if (sequence <= landed_.front()) return;
  landed_.front() = sequence;
  std::sort(landed_.begin(), landed_.end());
}

/// What was sent before the last few that have landed, and did not land itself.
std::size_t chunk_sender::take_lost() {
  std::size_t out = 0;
  while (!flights_.empty()) {
    const auto& f = flights_.front();
    if (!f.done) {
      if (first_ >= landed_.front()) break;
      out += f.bytes;
      under_way_.remove({f.chunk, f.chunk + 1});
      sequence_of_.erase(f.chunk);
    }
    flights_.pop_front();
    ++first_;
  }
  return out;
}

void chunk_sender::lose_all() {
  first_ += flights_.size();
  flights_.clear();
  sequence_of_.clear();
  under_way_.clear();
}

std::optional<instant> chunk_sender::sent_at(const chunk_range& r) const {
  const auto here = under_way_.intersect(run(r));
  if (here.empty()) return std::nullopt;
  return flights_[sequence_of_.at((*here.begin()).begin) - first_].at;
}

void chunk_sender::has(const chunk_range& r) {
  acked_.add({r.begin, std::min(r.end, chunks_)});
  cancel(r);
}

void chunk_sender::forget(std::uint64_t before) {
  acked_.remove({0, before});
  sent_once_.remove({0, before});
  cancel({0, before});
}

} // namespace interswarm::ppsp
