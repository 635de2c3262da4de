#pragma once

#include "schema/base/hash.hpp"
#include "schema/base/result.hpp"
#include "schema/ed2k/geometry.hpp"

#include <span>
#include <vector>

namespace interswarm::ed2k {

/// A node of the AICH tree as the recovery packet names it: 1 is the root, a child is `parent << 1
/// | is_left`.
struct aich_node {
  std::uint32_t id = 0;
  sha1_digest hash{};

  friend bool operator==(const aich_node&, const aich_node&) = default;
};

/// AICHANSWER (C5 9C): what proves the leaves of one part under the root.
struct aich_recovery {
  md4_digest file{};
  std::uint16_t part = 0;
  sha1_digest root{};
  /// The sibling at each level from the root down to the part, then all leaves of the part.
  std::vector<aich_node> nodes;

  friend bool operator==(const aich_recovery&, const aich_recovery&) = default;
};

/// AICH leaves of a whole file: blocks, which start anew at each part. 1 for an empty file.
std::uint64_t aich_leaf_count(std::uint64_t size);
/// The root over all leaves in file order. `leaves.size()` must be `aich_leaf_count(size)`.
sha1_digest aich_root(std::span<const sha1_digest> leaves, std::uint64_t size);
/// The leaves of `part` out of those of the whole file.
std::span<const sha1_digest> aich_part_leaves(std::span<const sha1_digest> leaves,
                                              std::uint64_t size, std::uint64_t part);

/// What a holder of all leaves answers for `part`.
aich_recovery make_aich_recovery(std::span<const sha1_digest> leaves, std::uint64_t size,
                                 const md4_digest& file, std::uint16_t part);
/// The leaves of `r.part` when `r.nodes` hash up to `root`; `refuted` when they do not, `malformed`
/// when nodes lack.
result<std::vector<sha1_digest>> verify_aich_recovery(const aich_recovery& r, std::uint64_t size,
                                                      const sha1_digest& root);

/// AICHREQUEST (C5 9B).
struct aich_request {
  md4_digest file{};
  std::uint16_t part = 0;
  sha1_digest root{};
};
void append_aich_request(bytes& out, const aich_request& r);
decoded<aich_request> decode_aich_request(byte_view payload);
/// Large files (`needs_64_bit`) use 32-bit node ids, others 16-bit; both counts are always written.
void append_aich_answer(bytes& out, const aich_recovery& r, std::uint64_t size);
/// "I cannot": the file hash alone.
void append_aich_refusal(bytes& out, const md4_digest& file);
/// A refusal gives no nodes. Node id 1 and more than `limits::max_aich_nodes` are refused.
decoded<aich_recovery> decode_aich_answer(byte_view payload);

/// AICHFILEHASHANSWER (C5 9D).
struct aich_file_hash {
  md4_digest file{};
  sha1_digest root{};
};
void append_aich_file_hash(bytes& out, const aich_file_hash& h);
decoded<aich_file_hash> decode_aich_file_hash(byte_view payload);

} // namespace interswarm::ed2k
