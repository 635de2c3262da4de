#pragma once

#include "schema/base/range.hpp"
#include "storage/chunk.hpp"

#include <array>
#include <cstdint>
#include <unordered_map>

namespace interswarm::storage {

/// How one read of a content is best served.
enum class read_way : std::uint8_t {
  /// Just these bytes.
  part,
  /// The chunks they lie in, which are then in memory.
  chunks,
  /// The chunks, and those that follow: somebody reads on in order.
  ahead
};

/// Tells apart who reads a content in order and who picks pieces, many of both at a time over one
/// source. Pieces of a chunk are read alone until they add up to twice its size: who picks from
/// everywhere costs half as much again as by pieces alone, who picks from one chunk for ever costs
/// three chunks and not one (ski rental; Karlin, Manasse, Rudolph, Sleator: "Competitive snoopy
/// caching", 1988). Decisions only.
class read_pattern {
public:
  /// A read of so many bytes is not a piece.
  static constexpr std::uint64_t large = std::uint64_t{1} << 20;
  /// Pieces of one chunk after which it is read as a whole.
  static constexpr std::uint64_t enough = 2 * chunk_bytes;
  /// Bytes after which a reader is taken to go on in order: who picks pieces meets the end of
  /// another now and then.
  static constexpr std::uint64_t in_order = std::uint64_t{512} << 10;
  /// Readers in order that are kept apart.
  static constexpr std::size_t readers = 64;
  /// Chunks whose pieces are counted; then counting begins anew.
  static constexpr std::size_t counted = 4096;

  /// `r` is not empty.
  read_way next(const byte_range& r);

private:
  struct reader {
    std::uint64_t end = 0;
    std::uint64_t run = 0;
  };
  read_way piece(const byte_range& r);

  /// Where readers would go on, the latest one last written.
  std::array<reader, readers> ends_{};
  std::size_t next_end_ = 0;
  /// Bytes read in pieces, by number of the chunk.
  std::unordered_map<std::uint64_t, std::uint64_t> pieces_;
};

} // namespace interswarm::storage
