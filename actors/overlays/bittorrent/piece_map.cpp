#include "actors/overlays/bittorrent/piece_map.hpp"

#include <algorithm>

namespace interswarm::bittorrent {

piece_map::piece_map(std::uint32_t piece_length, std::uint64_t total,
                     std::vector<mapped_file> files)
    : piece_length_(std::max(piece_length, 1u)), total_(total), files_(std::move(files)) {
  piece_count_ = static_cast<std::uint32_t>((total_ + piece_length_ - 1) / piece_length_);
}

std::uint32_t piece_map::piece_size(std::uint32_t piece) const {
  const auto begin = std::uint64_t{piece} * piece_length_;
  if (begin >= total_) return 0;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(piece_length_, total_ - begin));
}

std::vector<piece_segment> piece_map::segments(std::uint32_t piece) const {
  std::vector<piece_segment> out;
  const byte_range here{std::uint64_t{piece} * piece_length_,
                        std::uint64_t{piece} * piece_length_ + piece_size(piece)};
  // Empty files share an offset with their successor and never overlap anything, so starting one
  // file early is enough.
  auto at = std::upper_bound(files_.begin(), files_.end(), here.begin,
                             [](auto offset, const auto& f) { return offset < f.offset; });
  while (at != files_.begin() && std::prev(at)->offset + std::prev(at)->length > here.begin) --at;
  for (; at != files_.end() && at->offset < here.end; ++at) {
    const auto common = intersection(here, {at->offset, at->offset + at->length});
    if (common.empty()) continue;
    out.push_back({static_cast<std::uint32_t>(at - files_.begin()),
                   {common.begin - at->offset, common.end - at->offset},
                   static_cast<std::uint32_t>(common.begin - here.begin)});
  }
  return out;
}

piece_run piece_map::pieces_of(std::uint32_t file, byte_range range) const {
  if (file >= files_.size()) return {};
  range = intersection(range, {0, files_[file].length});
  if (range.empty()) return {};
  const auto offset = files_[file].offset;
  return {static_cast<std::uint32_t>((offset + range.begin) / piece_length_),
          static_cast<std::uint32_t>((offset + range.end - 1) / piece_length_ + 1)};
}

piece_run piece_map::whole_pieces(std::uint32_t file) const {
  if (file >= files_.size()) return {};
  auto run = pieces_of(file, {0, files_[file].length});
  const auto foreign = [&](std::uint32_t piece) {
    const auto parts = segments(piece);
    return std::any_of(parts.begin(), parts.end(), [&](const auto& s) { return s.file != file; });
  };
  if (run.size() > 0 && foreign(run.begin)) ++run.begin;
  if (run.size() > 0 && foreign(run.end - 1)) --run.end;
  return run.size() > 0 ? run : piece_run{};
}

byte_range piece_map::file_range(std::uint32_t file, piece_run pieces) const {
  if (file >= files_.size() || pieces.size() == 0) return {};
  const auto& f = files_[file];
  const byte_range space{std::uint64_t{pieces.begin} * piece_length_,
                         std::uint64_t{pieces.end} * piece_length_};
  const auto common = intersection(space, {f.offset, f.offset + f.length});
  if (common.empty()) return {};
  return {common.begin - f.offset, common.end - f.offset};
}

range_set piece_map::file_ranges(std::uint32_t file,
                                 const std::function<bool(std::uint32_t)>& has) const {
  range_set out;
  if (file >= files_.size()) return out;
  const auto all = pieces_of(file, {0, files_[file].length});
  for (auto piece = all.begin; piece < all.end;) {
    if (!has(piece)) {
      ++piece;
      continue;
    }
    auto last = piece;
    while (last < all.end && has(last)) ++last;
    out.add(file_range(file, {piece, last}));
    piece = last;
  }
  return out;
}

std::vector<std::uint32_t>
piece_map::covered_pieces(piece_run within,
                          const std::function<bool(std::uint32_t, byte_range)>& covered) const {
  std::vector<std::uint32_t> out;
  for (auto piece = within.begin; piece < std::min(within.end, piece_count_); ++piece) {
    const auto parts = segments(piece);
    if (std::all_of(parts.begin(), parts.end(),
                    [&](const auto& s) { return covered(s.file, s.range); }))
      out.push_back(piece);
  }
  return out;
}

} // namespace interswarm::bittorrent
