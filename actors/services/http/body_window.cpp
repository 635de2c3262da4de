#include "actors/services/http/body_window.hpp"

#include <algorithm>

namespace interswarm::http {

body_window::body_window(std::vector<body_part> parts, std::uint64_t window_bytes)
    : parts_(std::move(parts)), window_(window_bytes) {
  begin_part();
}

/// Queues the text of each part from the current one on, up to one with bytes to be read.
void body_window::begin_part() {
  for (; part_ < parts_.size(); ++part_) {
    auto& p = parts_[part_];
    if (!p.text.empty()) {
      const auto size = p.text.size();
      held_ += size;
      queue_.push_back({next_id_++, size, true, true, slice(bytes(p.text.begin(), p.text.end()))});
    }
    at_ = p.range.begin;
    if (!p.range.empty()) return;
  }
}

std::uint64_t body_window::next_size() const {
  const auto& range = parts_[part_].range;
  if (range.size() <= limits::read_bytes) return range.end - at_;
  return std::min(range.end, (at_ / step_ + 1) * step_) - at_;
}

std::optional<body_window::read> body_window::next_read() {
  if (part_ == parts_.size()) return std::nullopt;
  const auto size = next_size();
  const bool nothing_asked =
      std::all_of(queue_.begin(), queue_.end(), [](const item& i) { return i.here; });
  if (held_ + size > window_ && !(nothing_asked && held_ == 0)) return std::nullopt;
  const read out{next_id_++, {at_, at_ + size}, nothing_asked};
  held_ += size;
  queue_.push_back({out.id, size});
  step_ = std::min(step_ * 2, limits::read_bytes);
  at_ += size;
  if (at_ == parts_[part_].range.end) {
    ++part_;
    begin_part();
  }
  return out;
}

bool body_window::arrived(std::uint64_t id, slice data) {
  const auto it =
      std::find_if(queue_.begin(), queue_.end(), [&](const item& i) { return i.id == id; });
  if (it == queue_.end() || it->here || data.size() != it->size) return false;
  it->here = true;
  it->data = std::move(data);
  return true;
}

body_window::output body_window::take(std::size_t limit) {
  output out;
  while (out.bytes < limit && !queue_.empty() && queue_.front().here) {
    auto& front = queue_.front();
    const auto size = std::min(limit - out.bytes, front.data.size());
    out.bytes += size;
    if (!front.text) out.content_bytes += size;
    if (size == front.data.size()) {
      out.pieces.push_back(std::move(front.data));
      queue_.pop_front();
    } else {
      out.pieces.push_back(front.data.sub(0, size));
      front.data = front.data.sub(size, front.data.size() - size);
    }
  }
  return out;
}

} // namespace interswarm::http
