#include "actors/storage/hedged_read.hpp"

namespace interswarm::storage {

std::optional<std::size_t> hedged_read::next(instant now) {
  if (asked_ == candidates_.size()) return std::nullopt;
  const bool silent = asked_ > 0 && now - asked_at_ >= candidates_[asked_ - 1].patience;
  if (!hurry_ && !silent) return std::nullopt;
  hurry_ = false;
  asked_at_ = now;
  ++waiting_;
  return candidates_[asked_++].node;
}

void hedged_read::failed(std::size_t node) {
  if (waiting_ > 0) --waiting_;
  if (asked_ > 0 && candidates_[asked_ - 1].node == node) hurry_ = true;
  if (waiting_ == 0) hurry_ = true;
}

std::optional<instant> hedged_read::wake_at() const {
  if (asked_ == candidates_.size() || asked_ == 0) return std::nullopt;
  return asked_at_ + candidates_[asked_ - 1].patience;
}

} // namespace interswarm::storage
