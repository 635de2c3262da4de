#pragma once

#include "actors/overlays/ppsp/instant.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

namespace interswarm::ppsp {

/// How fast one peer's chunks arrive, and from it how many may be asked for at once.
class arrival_meter {
public:
  /// Before a path was measured.
  static constexpr instant first_round_trip = std::chrono::milliseconds(500);
  /// What a pipeline holds, in time.
  static constexpr instant pipeline_time = std::chrono::seconds(1);

  /// Something was asked while nothing was under way.
  void asked(instant now) { asked_at_ = now; }
  void came(std::size_t bytes, instant now) {
    constexpr instant second = std::chrono::seconds(1);
    if (now - second_began_ >= second) {
      last_second_ = now - second_began_ < 2 * second ? this_second_ : 0;
      this_second_ = 0;
      second_began_ = now;
    }
    this_second_ += bytes;
    if (asked_at_) {
      const auto took = now - *std::exchange(asked_at_, std::nullopt);
      round_trip_ = round_trip_ ? (7 * *round_trip_ + took) / 8 : took;
    }
  }
  instant round_trip() const { return round_trip_.value_or(first_round_trip); }
  /// Bytes that should be under way so that the path is filled.
  std::uint64_t pipeline() const {
    const auto rate = std::max(this_second_, last_second_);
    const auto time = pipeline_time + round_trip();
    return static_cast<std::uint64_t>(static_cast<double>(rate) *
                                      static_cast<double>(time.count()) / 1e6);
  }

private:
  /// Bytes of this second and of the one before.
  instant second_began_{};
  std::uint64_t this_second_ = 0;
  std::uint64_t last_second_ = 0;
  /// From the first request to its first chunk.
  std::optional<instant> asked_at_;
  std::optional<instant> round_trip_;
};

} // namespace interswarm::ppsp
