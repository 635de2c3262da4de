#include "actors/runtime/address_limiter.hpp"

#include <algorithm>
#include <bit>

namespace interswarm::runtime {

address_limiter::address_limiter(std::uint32_t per_second, std::size_t slots, std::uint64_t seed)
    : per_second_(per_second), seed_(seed), buckets_(per_second == 0 ? 0 : std::bit_ceil(slots)) {}

bool address_limiter::admit(const ip_address& from, std::uint64_t now_ms) {
  if (per_second_ == 0) return true;
  std::uint64_t group = 0;
  std::memcpy(&group, from.mapped().data() + (from.is_v4() ? 8 : 0), 8);
  auto hash = (group ^ seed_) * 0x9E3779B97F4A7C15ull;
  hash = (hash ^ (hash >> 32)) * 0xBF58476D1CE4E5B9ull;
  auto& b = buckets_[(hash >> 29) & (buckets_.size() - 1)];
  const double most = 2.0 * per_second_;
  if (b.group != group || b.at_ms == 0) b = {group, now_ms, most};
  const auto passed_ms = static_cast<double>(now_ms - std::min(now_ms, b.at_ms));
  b.tokens = std::min(most, b.tokens + passed_ms * per_second_ / 1000.0);
  b.at_ms = now_ms;
  if (b.tokens < 1.0) return false;
  b.tokens -= 1.0;
  return true;
}

} // namespace interswarm::runtime
