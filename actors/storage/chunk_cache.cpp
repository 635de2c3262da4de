#include "actors/storage/chunk_cache.hpp"

#include <algorithm>

namespace interswarm::storage {

slice find_range(chunk_cache& cache, byte_view chunk_names, std::uint64_t content_size,
                 const byte_range& range) {
  if (range.empty() || content_size <= chunk_bytes) return {};
  const auto index = range.begin / chunk_bytes;
  const auto where = chunk_range(content_size, index);
  chunk_name name;
  if (range.end > where.end || (index + 1) * name.size() > chunk_names.size()) return {};
  std::copy_n(chunk_names.data() + index * name.size(), name.size(), name.begin());
  const auto chunk = cache.find(name);
  if (chunk.size() != where.size()) return {};
  return chunk.sub(range.begin - where.begin, range.size());
}

} // namespace interswarm::storage
