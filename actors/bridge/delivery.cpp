#include "actors/bridge/delivery.hpp"

namespace interswarm::bridge {

namespace {

constexpr std::uint32_t max_failures_in_a_row = 3;
constexpr std::uint32_t max_mismatches = 3;

} // namespace

void delivery::offered(std::size_t count, instant now) {
  count_ = count;
  current_ = count == 0 ? std::nullopt : std::optional<std::size_t>(0);
  waiting_ = 0;
  failures_ = 0;
  mismatches_ = 0;
  delivered_ = false;
  progress_at_ = now;
}

void delivery::asked(instant now) {
  // The clock of "no progress" runs only while something is asked.
  if (waiting_++ == 0) progress_at_ = now;
}

void delivery::answered(std::uint64_t bytes, instant now) {
  if (waiting_ > 0) --waiting_;
  if (bytes == 0) return;
  failures_ = 0;
  delivered_ = true;
  progress_at_ = now;
}

void delivery::progressed(instant now) {
  delivered_ = true;
  progress_at_ = now;
}

delivery_step delivery::failed(bool gone, instant now) {
  if (waiting_ > 0) --waiting_;
  if (!current_) return delivery_step::resolve;
  return gone || ++failures_ >= max_failures_in_a_row ? next(now) : delivery_step::stay;
}

delivery_step delivery::mismatched(instant now) {
  if (!current_) return delivery_step::resolve;
  return ++mismatches_ >= max_mismatches ? next(now) : delivery_step::stay;
}

delivery_step delivery::tick(instant now) {
  const auto patience = delivered_ ? policy_.no_progress : policy_.first_delivery;
  if (waiting_ == 0 || !current_ || now - progress_at_ < patience) return delivery_step::stay;
  return next(now);
}

delivery_step delivery::next(instant now) {
  failures_ = 0;
  mismatches_ = 0;
  waiting_ = 0;
  delivered_ = false;
  progress_at_ = now;
  if (*current_ + 1 < count_) {
    ++*current_;
    return delivery_step::switched;
  }
  current_ = std::nullopt;
  return delivery_step::resolve;
}

} // namespace interswarm::bridge
