#pragma once

#include "actors/overlays/bittorrent/piece_map.hpp"
#include "schema/base/range.hpp"

#include <cstdint>
#include <map>
#include <vector>

namespace interswarm::bittorrent {

/// Which pieces a fetch wants now, and how much: those that reads wait for, and a stretch ahead of
/// each reader that goes on in order. Offsets are the torrent's. No read, no piece.
class fetch_window {
public:
  /// libtorrent's priorities: 7 is asked for first.
  static constexpr std::uint8_t urgent = 7;
  static constexpr std::uint8_t asked = 6;
  static constexpr std::uint8_t soon = 5;
  static constexpr std::uint8_t later = 4;
  /// Readers that are followed at once; the one that was quiet longest makes room.
  static constexpr std::size_t max_readers = 16;
  /// A reader that was quiet this long gets nothing ahead any more.
  static constexpr std::uint64_t quiet_ms = 10000;

  fetch_window() = default;
  /// `ahead_bytes`: the longest stretch ahead; a reader starts with a sixteenth and doubles it as
  /// long as it goes on in order.
  fetch_window(std::uint32_t piece_length, std::uint64_t ahead_bytes)
      : piece_length_(piece_length), ahead_bytes_(ahead_bytes) {}

  /// A read of `range` began, in a file that ends at `file_end`.
  void begin(std::uint64_t id, byte_range range, std::uint64_t file_end, bool is_urgent,
             std::uint64_t now_ms);
  /// It was answered or given up.
  void end(std::uint64_t id);
  /// Piece -> priority, ascending.
  std::map<std::uint32_t, std::uint8_t> wanted(std::uint64_t now_ms) const;
  bool idle() const { return reads_.empty(); }
  void forget_readers() { readers_.clear(); }

private:
  struct read {
    byte_range range;
    bool is_urgent = false;
  };
  struct reader {
    std::uint64_t next = 0;
    std::uint64_t ahead = 0;
    std::uint64_t file_end = 0;
    std::uint64_t seen_ms = 0;
  };
  void follow(byte_range range, std::uint64_t file_end, std::uint64_t now_ms);
  void want(std::map<std::uint32_t, std::uint8_t>& out, byte_range range, std::uint8_t level) const;

  std::uint32_t piece_length_ = 1;
  std::uint64_t ahead_bytes_ = 0;
  std::map<std::uint64_t, read> reads_;
  std::vector<reader> readers_;
};

} // namespace interswarm::bittorrent
