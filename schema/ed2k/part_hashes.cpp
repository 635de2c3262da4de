#include "schema/ed2k/part_hashes.hpp"

namespace interswarm::ed2k {

namespace {

const md4_digest& nothing() {
  static const md4_digest digest = md4({});
  return digest;
}

} // namespace

md4_digest file_hash(std::span<const md4_digest> parts, std::uint64_t size, hash_variant variant) {
  const bool extra = variant == hash_variant::red && size >= part_bytes && size % part_bytes == 0;
  if (parts.size() == 1 && !extra) return parts.front();
  hasher all(hash_algorithm::md4);
  for (const auto& part : parts) all.update(part);
  if (extra) all.update(nothing());
  md4_digest out;
  all.finish(out);
  return out;
}

std::optional<hash_variant> match_part_hashes(std::span<const md4_digest> parts, std::uint64_t size,
                                              const md4_digest& hash) {
  const auto holding = size == 0 ? 1 : part_count(size);
  const bool whole_parts = size >= part_bytes && size % part_bytes == 0;
  if (whole_parts && parts.size() == holding + 1 && parts.back() == nothing()) {
    parts = parts.first(parts.size() - 1);
  }
  if (parts.size() != holding) return std::nullopt;
  if (file_hash(parts, size, hash_variant::red) == hash) return hash_variant::red;
  if (whole_parts && file_hash(parts, size, hash_variant::blue) == hash) return hash_variant::blue;
  return std::nullopt;
}

} // namespace interswarm::ed2k
