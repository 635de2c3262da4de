#include "actors/storage/read_pattern.hpp"

#include <algorithm>

namespace interswarm::storage {

read_way read_pattern::next(const byte_range& r) {
  const auto known = std::find_if(ends_.begin(), ends_.end(),
                                  [&](const reader& one) { return one.end == r.begin; });
  // Nobody has read up to 0: an end that was never written is no reader.
  if (known != ends_.end() && r.begin > 0) {
    known->end = r.end;
    known->run += r.size();
    return known->run > in_order ? read_way::ahead : piece(r);
  }
  ends_[next_end_] = {r.end, r.size()};
  next_end_ = (next_end_ + 1) % readers;
  return piece(r);
}

read_way read_pattern::piece(const byte_range& r) {
  if (r.size() >= large) return read_way::chunks;
  if (pieces_.size() >= counted) pieces_.clear();
  auto& read = pieces_[r.begin / chunk_bytes];
  read += r.size();
  if (read <= enough) return read_way::part;
  read = 0;
  return read_way::chunks;
}

} // namespace interswarm::storage
