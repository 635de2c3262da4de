#include "modes/compare/live/player_download.hpp"

#include <algorithm>

namespace interswarm::compare {

player_download::player_download(std::uint64_t size, bool in_order, std::uint64_t first)
    : size_(size), units_((size + unit_bytes - 1) / unit_bytes, unit::wanted),
      not_before_(units_.size(), 0) {
  if (!in_order && !units_.empty()) first_ = first % units_.size();
}

byte_range player_download::range_of(std::size_t i) const {
  return {i * unit_bytes, std::min<std::uint64_t>(size_, (i + 1) * unit_bytes)};
}

std::vector<byte_range> player_download::next(double now) {
  std::vector<byte_range> out;
  for (std::size_t n = 0; n < units_.size() && in_flight_ < most_in_flight; ++n) {
    const auto i = (first_ + n) % units_.size();
    if (units_[i] != unit::wanted || now < not_before_[i]) continue;
    units_[i] = unit::asked;
    ++in_flight_;
    out.push_back(range_of(i));
  }
  return out;
}

void player_download::arrived(byte_range r, double now) {
  const auto i = unit_of(r);
  moved_at_ = now;
  if (i >= units_.size() || units_[i] != unit::asked) return;
  units_[i] = unit::there;
  --in_flight_;
  held_ += range_of(i).size();
  while (unbroken_ < units_.size() && units_[unbroken_] == unit::there) ++unbroken_;
}

void player_download::failed(byte_range r, double now) {
  const auto i = unit_of(r);
  if (i >= units_.size() || units_[i] != unit::asked) return;
  units_[i] = unit::wanted;
  not_before_[i] = now + pause_s;
  --in_flight_;
}

void player_download::interrupt() {
  for (auto& u : units_)
    if (u == unit::asked) u = unit::wanted;
  in_flight_ = 0;
}

std::uint64_t player_download::unbroken() const {
  return std::min<std::uint64_t>(size_, unbroken_ * unit_bytes);
}

} // namespace interswarm::compare
