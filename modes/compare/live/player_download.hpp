#pragma once

#include "modes/compare/plan/plan.hpp"
#include "schema/base/range.hpp"

#include <vector>

namespace interswarm::compare {

/// What one peer still has to read of a content, and what it reads next. Decides only. Times in
/// seconds of any clock.
class player_download {
public:
  static constexpr std::uint64_t unit_bytes = std::uint64_t{256} << 10;
  static constexpr std::size_t most_in_flight = 12;
  /// After a read that failed.
  static constexpr double pause_s = 1;

  /// In order from the beginning, or from a place that `first` chooses on and around.
  player_download(std::uint64_t size, bool in_order, std::uint64_t first);

  /// Reads to start now.
  std::vector<byte_range> next(double now);
  void arrived(byte_range r, double now);
  void failed(byte_range r, double now);
  /// Something came, of use or not.
  void moved(double now) { moved_at_ = now; }
  /// All reads in flight are void; its time stands still until `resume`.
  void interrupt();
  void resume(double now) { moved_at_ = now; }

  bool whole() const { return held_ == size_; }
  std::uint64_t held() const { return held_; }
  /// Bytes from the beginning without a gap.
  std::uint64_t unbroken() const;
  /// Whether nothing has come for so long.
  bool lost_patience(double now, double patience) const { return now - moved_at_ > patience; }

private:
  enum class unit : std::uint8_t { wanted, asked, there };
  std::size_t unit_of(byte_range r) const { return r.begin / unit_bytes; }
  byte_range range_of(std::size_t i) const;

  std::uint64_t size_;
  std::size_t first_ = 0;
  std::vector<unit> units_;
  std::vector<double> not_before_;
  std::size_t in_flight_ = 0;
  std::uint64_t held_ = 0;
  std::size_t unbroken_ = 0; // units
  double moved_at_ = 0;
};

} // namespace interswarm::compare
