#include "storage/chunk.hpp"

#include "schema/base/wire.hpp"

#include <algorithm>

namespace interswarm {

namespace {

constexpr std::string_view magic = "ISWCHNK1";

} // namespace

chunk_name name_chunk(byte_view data) { return bep52_root(bep52_leaves(data), chunk_leaves); }

bytes name_chunks(byte_view content_leaves) { return bep52_layer(content_leaves, chunk_bytes); }

std::uint64_t chunk_count(std::uint64_t content_size) {
  return content_size / chunk_bytes + (content_size % chunk_bytes != 0);
}

byte_range chunk_range(std::uint64_t content_size, std::uint64_t index) {
  const auto begin = std::min(content_size, index * chunk_bytes);
  return {begin, std::min(content_size, begin + chunk_bytes)};
}

bool leaves_match(byte_view leaves, std::uint64_t offset, byte_view data) {
  const auto first = offset / bep52_leaf_size * 32;
  if (offset % bep52_leaf_size != 0 || first > leaves.size()) return false;
  const auto found = bep52_leaves(data);
  return found.size() <= leaves.size() - first && equal(found, leaves.subspan(first, found.size()));
}

bytes chunk_head::encode() const {
  bytes out;
  out.reserve(encoded_bytes());
  big_endian_writer(out).put(as_bytes(magic)).u32(size).u32(~size).put(leaves);
  return out;
}

result<chunk_head> chunk_head::decode(byte_view image, const chunk_name& name) {
  const auto damaged = [] { return fail(errc::refuted, "the head of a stored chunk is damaged"); };
  big_endian_reader in(image);
  const auto mark = in.take(magic.size());
  chunk_head out;
  out.size = in.u32();
  const auto complement = in.u32();
  if (in.failed() || !equal(mark, as_bytes(magic)) || complement != ~out.size || out.size == 0 ||
      out.size > chunk_bytes)
    return damaged();
  const auto leaves = in.take((out.size + bep52_leaf_size - 1) / bep52_leaf_size * 32);
  if (in.failed() || bep52_root(leaves, chunk_leaves) != name) return damaged();
  out.leaves.assign(leaves.begin(), leaves.end());
  return out;
}

bool chunk_head::matches(std::uint64_t offset, byte_view data) const {
  const auto end = offset + data.size();
  if (offset % bep52_leaf_size != 0 || end > size || (end % bep52_leaf_size != 0 && end != size))
    return false;
  return leaves_match(leaves, offset, data);
}

} // namespace interswarm
