#pragma once

#include "actors/bridge/policy.hpp"
#include "actors/bridge/status_board.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace interswarm::bridge {

/// What a gateway does next about its sources.
enum class delivery_step : std::uint8_t {
  /// Go on with the source in use.
  stay,
  /// Take `current()`, which has changed, and ask it for every read that waits.
  switched,
  /// All offers are used up: ask for new ones.
  resolve,
};

/// Chooses among the offers of one content while it is read. Never worse than without us: a source
/// that delivers nothing for `policy::no_progress` while it is asked is replaced.
class delivery {
public:
  explicit delivery(policy p) : policy_(p) {}

  /// Offers in order of preference; the first is used.
  void offered(std::size_t count, instant now);
  /// Index of the offer in use.
  std::optional<std::size_t> current() const { return current_; }

  void asked(instant now);
  void answered(std::uint64_t bytes, instant now);
  /// Bytes came to the source in use, though no read could be answered yet.
  void progressed(instant now);
  /// The source in use failed a read; `gone` when it cannot be used any more.
  delivery_step failed(bool gone, instant now);
  /// The reader's hashes refused bytes of the source in use.
  delivery_step mismatched(instant now);
  delivery_step tick(instant now);

  std::size_t waiting() const { return waiting_; }

private:
  delivery_step next(instant now);

  policy policy_;
  std::size_t count_ = 0;
  std::optional<std::size_t> current_;
  std::size_t waiting_ = 0;
  std::uint32_t failures_ = 0;
  std::uint32_t mismatches_ = 0;
  bool delivered_ = false;
  instant progress_at_{};
};

} // namespace interswarm::bridge
