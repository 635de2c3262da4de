#include "modes/compare/sim/playback.hpp"

#include <algorithm>

namespace interswarm::compare {

void playback::arrived(std::uint64_t bytes, moment now) {
  look(now);
  told_at_ = now;
  there_ = static_cast<double>(bytes);
  if (plays_) return;
  const auto position = stands_ ? played_ : 0;
  if (there_ < std::min(size_, position + ahead_s * rate_)) return;
  if (startup_ == never) startup_ = now - asked_;
  if (stands_) stalled_s_ += now - stood_at_;
  stands_ = false;
  plays_ = played_ < size_;
  since_ = now;
}

void playback::arrived(std::uint64_t bytes, moment now, std::uint64_t piece, moment begun) {
  const auto before = bytes - piece;
  for (auto part = step_bytes; part < piece; part += step_bytes) {
    const auto at = begun + (now - begun) * static_cast<double>(part) / static_cast<double>(piece);
    if (at >= told_at_ && static_cast<double>(before + part) > there_) arrived(before + part, at);
  }
  arrived(bytes, now);
}

/// Where it plays by now, or where it has come to a stand on the way.
void playback::look(moment now) {
  if (!plays_) return;
  const auto position = played_ + (now - since_) * rate_;
  // A piece that comes just in time is no stall, whatever rounding says.
  if (position <= there_ + 1e-6 * rate_) {
    played_ = std::min(position, there_);
    since_ = now;
    return;
  }
  plays_ = false;
  const auto at = since_ + (there_ - played_) / rate_;
  played_ = there_;
  if (there_ >= size_) return; // it was watched to its end
  stands_ = true;
  stood_at_ = at;
  ++stalls_;
}

} // namespace interswarm::compare
