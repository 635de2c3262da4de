#pragma once

#include "schema/base/hash.hpp"
#include "schema/base/range.hpp"
#include "schema/base/result.hpp"
#include "storage/hash_trees.hpp"

/// What the storage network keeps: contents cut into chunks of 4 MiB.
namespace interswarm {

inline constexpr std::uint64_t chunk_bytes = std::uint64_t{4} << 20;
inline constexpr std::uint64_t chunk_leaves = chunk_bytes / bep52_leaf_size;

/// The node of the content's BEP 52 tree that covers the chunk (as wide as 256 leaves also where
/// the content ends before that), so a chunk is checked alone, and the names of a content's chunks
/// are the layer of 4 MiB of its tree: they hash up to its content id.
using chunk_name = sha256_digest;

/// Name of a chunk of 1 to 4 MiB.
chunk_name name_chunk(byte_view data);
/// Names of all chunks, one after the other, from the BEP 52 leaves of the whole content.
bytes name_chunks(byte_view content_leaves);
std::uint64_t chunk_count(std::uint64_t content_size);
/// Bytes of the content in its chunk `index`.
byte_range chunk_range(std::uint64_t content_size, std::uint64_t index);

/// Whether `data` are a chunk's bytes at `offset`, which is a leaf's, by its leaves. They end where
/// a leaf does, or are the chunk's last.
bool leaves_match(byte_view leaves, std::uint64_t offset, byte_view data);

/// A chunk as it lies on a disk or in an object store: a head with its length and leaves, by which
/// a part of it can be checked, and the bytes.
///
///     "ISWCHNK1"  u32 length (big-endian)  u32 its complement  leaves (32 bytes each)  bytes
struct chunk_head {
  std::uint32_t size = 0;
  bytes leaves;

  static constexpr std::size_t fixed_bytes = 16;
  static constexpr std::size_t max_bytes = fixed_bytes + chunk_leaves * 32;

  std::size_t encoded_bytes() const { return fixed_bytes + leaves.size(); }
  std::uint64_t image_bytes() const { return encoded_bytes() + size; }
  bytes encode() const;
  /// From the first `max_bytes` of an image, or all of a shorter one. Fails `refuted` when it is
  /// not the head of the chunk `name`.
  static result<chunk_head> decode(byte_view image, const chunk_name& name);
  /// Whether `data` are the chunk's bytes at `offset`, which begin at a leaf's and end at a leaf's
  /// or the chunk's end.
  bool matches(std::uint64_t offset, byte_view data) const;
};

} // namespace interswarm
