#pragma once

#include "schema/base/range.hpp"
#include "storage/range_set.hpp"

#include <functional>
#include <vector>

namespace interswarm::bittorrent {

/// Half-open run of piece indices.
struct piece_run {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;

  constexpr std::uint32_t size() const { return end > begin ? end - begin : 0; }
  friend constexpr bool operator==(const piece_run&, const piece_run&) = default;
};

/// A stretch of one piece that comes from one file.
struct piece_segment {
  std::uint32_t file = 0;
  /// Bytes of that file.
  byte_range range;
  /// Where they lie in the piece.
  std::uint32_t at = 0;

  friend bool operator==(const piece_segment&, const piece_segment&) = default;
};

/// Where a file lies in a torrent's piece space.
struct mapped_file {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

/// Translates between offsets in the files of a torrent and pieces. Files are counted without pad
/// files (BEP 47), in the torrent's order; what no file covers is zero padding, which is how v2
/// alignment (BEP 52) shows here too.
class piece_map {
public:
  piece_map() = default;
  /// `files` in ascending, non-overlapping order inside [0, total); `piece_length` > 0.
  piece_map(std::uint32_t piece_length, std::uint64_t total, std::vector<mapped_file> files);

  std::uint32_t piece_length() const { return piece_length_; }
  std::uint32_t piece_count() const { return piece_count_; }
  /// Bytes of `piece`, padding included; the last piece of the torrent may be short.
  std::uint32_t piece_size(std::uint32_t piece) const;
  std::uint64_t total() const { return total_; }
  const std::vector<mapped_file>& files() const { return files_; }

  /// What `piece` is made of, in order; bytes of the piece that no segment covers are zero.
  std::vector<piece_segment> segments(std::uint32_t piece) const;
  /// Pieces that hold bytes of `range` of `file`; empty for an empty range.
  piece_run pieces_of(std::uint32_t file, byte_range range) const;
  /// Pieces that hold only bytes of `file` and padding.
  piece_run whole_pieces(std::uint32_t file) const;
  /// The bytes of `file` that lie in `pieces`.
  byte_range file_range(std::uint32_t file, piece_run pieces) const;
  /// The bytes of `file` in those pieces for which `has(piece)` holds.
  range_set file_ranges(std::uint32_t file, const std::function<bool(std::uint32_t)>& has) const;
  /// Pieces of `within` whose every segment `covered(file, range)` accepts, ascending.
  std::vector<std::uint32_t>
  covered_pieces(piece_run within,
                 const std::function<bool(std::uint32_t, byte_range)>& covered) const;

private:
  std::uint32_t piece_length_ = 1;
  std::uint32_t piece_count_ = 0;
  std::uint64_t total_ = 0;
  std::vector<mapped_file> files_;
};

} // namespace interswarm::bittorrent
