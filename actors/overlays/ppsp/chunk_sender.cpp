#include "actors/overlays/ppsp/chunk_sender.hpp"

#include "schema/ppsp/merkle.hpp"

#include <algorithm>

namespace interswarm::ppsp {

namespace {

byte_range run(const chunk_range& r) { return {r.begin, r.end}; }

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

std::vector<chunk_range> chunk_sender::hashes_for(std::uint64_t chunk) const {
  const bool again = sent_once_.contains(chunk);
  const auto knows = [&](const chunk_range& node) {
    return acked_.intersects(run(node)) || (!again && under_way_.intersects(run(node)));
  };
  const auto peak = peak_above(chunk, chunks_);
  const auto uncles = uncles_of(chunk, peak);
  // Whoever verified a chunk below a node knows both its children, and all above it.
  auto first = uncles.size();
  chunk_range at{chunk, chunk + 1};
  bool meets = false;
  while (first > 0 && !meets) {
    const auto& beside = uncles[first - 1];
    at = {std::min(at.begin, beside.begin), std::max(at.end, beside.end)};
    meets = knows(at);
    if (!meets) --first;
  }
  std::vector<chunk_range> out;
  if (!meets && !knows({0, chunks_})) out = peaks_of(chunks_);
  out.insert(out.end(), uncles.begin() + static_cast<std::ptrdiff_t>(first), uncles.end());
  return out;
}

void chunk_sender::sent(std::uint64_t chunk, std::size_t bytes, instant now) {
  if (!waiting_.empty() && waiting_.front().begin == chunk) {
    if (++waiting_.front().begin == waiting_.front().end) waiting_.pop_front();
  }
  flights_.push_back({chunk, bytes, now, 0, sent_once_.contains(chunk)});
  under_way_.add({chunk, chunk + 1});
  sent_once_.add({chunk, chunk + 1});
}

chunk_sender::news chunk_sender::acked(const chunk_range& r, instant now) {
  news out;
  const auto before = acked_.bytes();
  acked_.add({r.begin, std::min(r.end, chunks_)});
  out.acked_chunks = acked_.bytes() - before;
  // Flights behind the last one that has landed may still be on their way.
  std::size_t behind = 0;
  for (auto i = flights_.size(); i-- > 0;) {
    if (r.contains(flights_[i].chunk)) {
      behind = i;
      break;
    }
  }
  std::deque<flight> left;
  for (std::size_t i = 0; i < flights_.size(); ++i) {
    auto& f = flights_[i];
    if (r.contains(f.chunk)) {
      out.acked_bytes += f.bytes;
      if (!f.again) out.round_trip = now - f.at;
      under_way_.remove({f.chunk, f.chunk + 1});
      continue;
    }
    if (i < behind && ++f.passed >= lost_after) {
      out.lost_bytes += f.bytes;
      under_way_.remove({f.chunk, f.chunk + 1});
      continue;
    }
    left.push_back(f);
  }
  flights_ = std::move(left);
  return out;
}

void chunk_sender::lose_all() {
  flights_.clear();
  under_way_.clear();
}

void chunk_sender::has(const chunk_range& r) {
  acked_.add({r.begin, std::min(r.end, chunks_)});
  cancel(r);
}

} // namespace interswarm::ppsp
