#pragma once

#include "actors/storage/chunk_cache.hpp"
#include "modes/compare/plan/plan.hpp"

namespace interswarm::compare {

/// So many bytes, without having them.
class byte_count {
public:
  byte_count() = default;
  explicit byte_count(std::uint64_t n) : n_(n) {}
  std::uint64_t size() const { return n_; }
  bool empty() const { return n_ == 0; }

private:
  std::uint64_t n_ = 0;
};

/// What a server keeps in memory, as the live nodes keep it.
using piece_cache = storage::basic_chunk_cache<byte_count>;

/// The name of a piece or chunk of a simulated content: the same in each run, and as evenly spread
/// as a digest's bytes, which placement and cache rely on. The first 8 bytes are mixed, the rest is
/// who it is.
inline chunk_name name_piece(content_id c, std::uint32_t piece) {
  const auto who = std::uint64_t{c} << 32U | piece;
  // The finaliser of splitmix64.
  auto x = who + 0x9E3779B97F4A7C15ULL;
  x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27U)) * 0x94D049BB133111EBULL;
  x ^= x >> 31U;
  chunk_name out{};
  std::memcpy(out.data(), &x, sizeof x);
  std::memcpy(out.data() + sizeof x, &who, sizeof who);
  return out;
}
/// Who a name is of.
inline std::pair<content_id, std::uint32_t> named_piece(const chunk_name& n) {
  std::uint64_t who = 0;
  std::memcpy(&who, n.data() + sizeof who, sizeof who);
  return {static_cast<content_id>(who >> 32U), static_cast<std::uint32_t>(who)};
}

} // namespace interswarm::compare
