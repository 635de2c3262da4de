#include "actors/overlays/ppsp/ledbat.hpp"

#include <algorithm>
#include <cmath>

namespace interswarm::ppsp {

namespace {

/// RFC 6817 §2.4.2: windows in segments.
constexpr std::size_t min_window_segments = 2;
constexpr std::size_t first_window_segments = 4;

/// Which of two delays is less, whatever the clocks' difference.
bool is_less(std::uint64_t a, std::uint64_t b) { return static_cast<std::int64_t>(a - b) < 0; }

std::uint64_t least(const std::uint64_t* all, std::size_t count) {
  return *std::min_element(all, all + count, is_less);
}

} // namespace

ledbat::ledbat() : ledbat(options{}) {}

ledbat::ledbat(const options& o) : options_(o), window_(first_window_segments * o.segment_bytes) {}

void ledbat::sent(instant now, std::size_t bytes) {
  if (in_flight_ == 0) last_news_ = now;
  in_flight_ += bytes;
}

void ledbat::acked(instant now, std::size_t bytes, std::optional<std::uint64_t> one_way_delay,
                   std::optional<instant> round_trip) {
  last_news_ = now;
  if (round_trip) measure(*round_trip);
  if (one_way_delay) sample(now, *one_way_delay);
  // Before what is acknowledged leaves: the window may grow as far as it was used.
  grow(bytes);
  forget(bytes);
}

void ledbat::sample(instant now, std::uint64_t one_way_delay) {
  if (base_count_ == 0 || now - minute_began_ >= std::chrono::minutes(1)) {
    if (base_count_ == base_minutes) {
      std::copy(base_.begin() + 1, base_.end(), base_.begin());
      --base_count_;
    }
    base_[base_count_++] = one_way_delay;
    minute_began_ = now;
  } else if (is_less(one_way_delay, base_[base_count_ - 1])) {
    base_[base_count_ - 1] = one_way_delay;
  }
  recent_[next_recent_] = one_way_delay;
  next_recent_ = (next_recent_ + 1) % filter_samples;
  recent_count_ = std::min(recent_count_ + 1, filter_samples);
}

/// RFC 6298 §2.
void ledbat::measure(instant round_trip) {
  if (!smoothed_) {
    smoothed_ = round_trip;
    deviation_ = round_trip / 2;
  } else {
    const auto off = round_trip > *smoothed_ ? round_trip - *smoothed_ : *smoothed_ - round_trip;
    deviation_ = (3 * deviation_ + off) / 4;
    smoothed_ = (7 * *smoothed_ + round_trip) / 8;
  }
  timeout_ = std::clamp(*smoothed_ + 4 * deviation_, min_timeout, max_timeout);
}

void ledbat::grow(std::size_t bytes) {
  const auto delay = queuing_delay();
  if (!delay) return;
  const auto segment = options_.segment_bytes;
  const auto highest = std::min(options_.max_window_bytes, in_flight_ + segment);
  if (doubles_ && *delay >= options_.target * 3 / 4) doubles_ = false;
  if (doubles_) {
    // Only what was used: a window that nobody fills says nothing of the path.
    if (in_flight_ + segment >= window_)
      window_ = std::min(window_ + bytes, options_.max_window_bytes);
    return;
  }
  const double off = static_cast<double>((options_.target - *delay).count()) /
                     static_cast<double>(options_.target.count());
  // Upwards a segment a round trip at most. Downwards in proportion to what is too much, up to half
  // in a round trip: at RFC 6817's even pace a window that was once far too large would stay so for
  // minutes (draft-irtf-iccrg-ledbat-plus-plus).
  const auto share = static_cast<double>(bytes) / static_cast<double>(window_);
  const auto change = off >= 0 ? options_.gain * off * share * static_cast<double>(segment)
                               : std::max(off, -0.5) * static_cast<double>(bytes);
  const auto wanted = static_cast<double>(window_) + change;
  const auto lowest = min_window_segments * segment;
  const auto bounded = std::max(wanted, static_cast<double>(lowest));
  // RFC 6817 §2.4.2, ALLOWED_INCREASE: it grows no further than it is used, and does not shrink for
  // not being used.
  const auto allowed = std::max<std::size_t>(highest, change > 0 ? window_ : lowest);
  window_ = std::min(static_cast<std::size_t>(std::llround(bounded)), allowed);
}

void ledbat::lost(instant now, std::size_t bytes) {
  forget(bytes);
  if (shrunk_at_ && now - *shrunk_at_ < round_trip()) return;
  shrunk_at_ = now;
  doubles_ = false;
  window_ = std::max(window_ / 2, min_window_segments * options_.segment_bytes);
}

std::optional<instant> ledbat::deadline() const {
  if (in_flight_ == 0) return std::nullopt;
  return last_news_ + timeout_;
}

void ledbat::timed_out(instant now) {
  in_flight_ = 0;
  window_ = options_.segment_bytes;
  doubles_ = false;
  shrunk_at_ = now;
  last_news_ = now;
  timeout_ = std::min(2 * timeout_, max_timeout);
}

std::optional<instant> ledbat::queuing_delay() const {
  if (recent_count_ == 0) return std::nullopt;
  const auto now = least(recent_.data(), recent_count_);
  const auto base = least(base_.data(), base_count_);
  return instant(std::max<std::int64_t>(0, static_cast<std::int64_t>(now - base)));
}

instant ledbat::round_trip() const { return smoothed_.value_or(first_timeout); }

} // namespace interswarm::ppsp
