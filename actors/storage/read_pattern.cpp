#include "actors/storage/read_pattern.hpp"

#include "storage/chunk.hpp"

#include <algorithm>

namespace interswarm::storage {

read_way read_pattern::next(const byte_range& r) {
  const auto reader = std::find(ends_.begin(), ends_.end(), r.begin);
  // Nobody has read up to 0: an end that was never written is no reader.
  if (reader != ends_.end() && r.begin > 0) {
    *reader = r.end;
    return read_way::ahead;
  }
  ends_[next_end_] = r.end;
  next_end_ = (next_end_ + 1) % readers;
  if (r.size() >= large) return read_way::chunks;
  if (pieces_.size() >= counted) pieces_.clear();
  auto& read = pieces_[r.begin / chunk_bytes];
  read += r.size();
  if (read <= chunk_bytes / 2) return read_way::part;
  read = 0;
  return read_way::chunks;
}

} // namespace interswarm::storage
