#pragma once

#include "actors/overlays/ppsp/instant.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace interswarm::ppsp {

/// How much may be under way to one peer, by RFC 6817: the window grows while the delay that the
/// sender itself causes is below the target and shrinks above it, so that other traffic goes first.
/// It begins doubling (as TCP and libutp do) and stops that at three quarters of the target or the
/// first loss. One-way delays are compared with each other only: the clocks need not agree.
class ledbat {
public:
  struct options {
    /// RFC 6817 §2.5: no more than 100 ms.
    instant target = std::chrono::milliseconds(100);
    /// At most 1.
    double gain = 1;
    /// Bytes of a full datagram.
    std::size_t segment_bytes = 1024 + 32;
    std::size_t max_window_bytes = std::size_t{64} << 20;
  };
  static constexpr instant first_timeout = std::chrono::seconds(1);
  static constexpr instant max_timeout = std::chrono::seconds(60);
  /// Instead of RFC 6298's second: paths of less delay should not stand still that long.
  static constexpr instant min_timeout = std::chrono::milliseconds(200);

  ledbat();
  explicit ledbat(const options& o);

  std::size_t window() const { return window_; }
  std::size_t in_flight() const { return in_flight_; }
  /// Bytes that may be sent now.
  std::size_t room() const { return window_ > in_flight_ ? window_ - in_flight_ : 0; }

  void sent(instant now, std::size_t bytes);
  /// The peer has `bytes` more. `one_way_delay`: what it measured, its clock minus ours, modulo
  /// 2^64 µs. `round_trip`: of a datagram that was sent once.
  void acked(instant now, std::size_t bytes, std::optional<std::uint64_t> one_way_delay,
             std::optional<instant> round_trip);
  /// `bytes` are taken for lost. The window shrinks at most once a round trip.
  void lost(instant now, std::size_t bytes);
  /// `bytes` are no longer waited for, and say nothing of the path.
  void forget(std::size_t bytes) { in_flight_ -= bytes < in_flight_ ? bytes : in_flight_; }

  /// When the silence has lasted too long; nothing while nothing is under way.
  std::optional<instant> deadline() const;
  /// At the deadline: all that is under way is lost, one datagram may follow, and the next silence
  /// may last twice as long.
  void timed_out(instant now);

  /// What queues on the way because of us, as far as it shows; nothing before the first sample.
  std::optional<instant> queuing_delay() const;
  /// Smoothed; `first_timeout` before the first sample.
  instant round_trip() const;

private:
  static constexpr std::size_t base_minutes = 10;
  static constexpr std::size_t filter_samples = 4;

  void sample(instant now, std::uint64_t one_way_delay);
  void measure(instant round_trip);
  void grow(std::size_t bytes);

  options options_;
  std::size_t window_;
  std::size_t in_flight_ = 0;
  bool doubles_ = true;
  /// The least delay of each of the last minutes, the newest last.
  std::array<std::uint64_t, base_minutes> base_{};
  std::size_t base_count_ = 0;
  instant minute_began_{};
  std::array<std::uint64_t, filter_samples> recent_{};
  std::size_t recent_count_ = 0;
  std::size_t next_recent_ = 0;
  std::optional<instant> smoothed_;
  instant deviation_{};
  instant timeout_ = first_timeout;
  instant last_news_{};
  std::optional<instant> shrunk_at_;
};

} // namespace interswarm::ppsp
