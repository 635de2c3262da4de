#include "schema/ed2k/aich.hpp"

#include <optional>

namespace interswarm::ed2k {

namespace {

/// A subtree: which bytes it covers and whether it is a left child, which decides how an odd count
/// splits.
struct span_node {
  std::uint64_t begin = 0;
  std::uint64_t size = 0;
  bool is_left = true;
  std::uint32_t id = 1;

  std::uint64_t base() const { return size > part_bytes ? part_bytes : block_bytes; }
  bool is_leaf() const { return size <= block_bytes; }

  span_node left() const {
    const auto units = (size + base() - 1) / base();
    const auto bytes_left = (is_left ? (units + 1) / 2 : units / 2) * base();
    return {begin, bytes_left, true, id << 1 | 1};
  }
  span_node right() const {
    const auto bytes_left = left().size;
    return {begin + bytes_left, size - bytes_left, false, id << 1};
  }
};

/// Index of the leaf that begins at `offset`, over the whole file.
std::uint64_t leaf_index(std::uint64_t offset) {
  const auto at = block_at(offset);
  return at.part * blocks_per_part + at.block;
}

sha1_digest hash_of(const span_node& node, std::span<const sha1_digest> leaves) {
  if (node.is_leaf()) return leaves[leaf_index(node.begin)];
  return sha1_pair(hash_of(node.left(), leaves), hash_of(node.right(), leaves));
}

void add_leaves(const span_node& node, std::span<const sha1_digest> leaves,
                std::vector<aich_node>& out) {
  if (node.is_leaf()) {
    out.push_back({node.id, leaves[leaf_index(node.begin)]});
    return;
  }
  add_leaves(node.left(), leaves, out);
  add_leaves(node.right(), leaves, out);
}

const sha1_digest* find(const aich_recovery& r, std::uint32_t id) {
  for (const auto& node : r.nodes) {
    if (node.id == id) return &node.hash;
  }
  return nullptr;
}

/// The hash of `node` from the packet's own nodes, collecting leaves of the part in order; nothing
/// when one lacks.
std::optional<sha1_digest> fold(const aich_recovery& r, const span_node& node,
                                const byte_range& part, std::vector<sha1_digest>& leaves) {
  const byte_range covered{node.begin, node.begin + node.size};
  const bool inside = part.contains(covered);
  if (!covered.overlaps(part) || (inside && node.is_leaf())) {
    const auto* known = find(r, node.id);
    if (known == nullptr) return std::nullopt;
    if (inside) leaves.push_back(*known);
    return *known;
  }
  const auto left = fold(r, node.left(), part, leaves);
  const auto right = fold(r, node.right(), part, leaves);
  if (!left || !right) return std::nullopt;
  return sha1_pair(*left, *right);
}

} // namespace

std::uint64_t aich_leaf_count(std::uint64_t size) {
  if (size == 0) return 1;
  return size / part_bytes * blocks_per_part + (size % part_bytes + block_bytes - 1) / block_bytes;
}

sha1_digest aich_root(std::span<const sha1_digest> leaves, std::uint64_t size) {
  return hash_of({0, size, true, 1}, leaves);
}

std::span<const sha1_digest> aich_part_leaves(std::span<const sha1_digest> leaves,
                                              std::uint64_t size, std::uint64_t part) {
  return leaves.subspan(part * blocks_per_part, block_count(size, part));
}

aich_recovery make_aich_recovery(std::span<const sha1_digest> leaves, std::uint64_t size,
                                 const md4_digest& file, std::uint16_t part) {
  aich_recovery out{file, part, aich_root(leaves, size), {}};
  const auto wanted = part_range(size, part);
  span_node node{0, size, true, 1};
  while (node.size > wanted.size()) {
    const auto left = node.left();
    const auto right = node.right();
    const bool goes_left = wanted.begin < right.begin;
    const auto& sibling = goes_left ? right : left;
    out.nodes.push_back({sibling.id, hash_of(sibling, leaves)});
    node = goes_left ? left : right;
  }
  add_leaves(node, leaves, out.nodes);
  return out;
}

result<std::vector<sha1_digest>> verify_aich_recovery(const aich_recovery& r, std::uint64_t size,
                                                      const sha1_digest& root) {
  const auto part = part_range(size, r.part);
  if (part.empty())
    return fail(errc::malformed, "AICH recovery of a part that the file does not have");
  std::vector<sha1_digest> leaves;
  const auto top = fold(r, {0, size, true, 1}, part, leaves);
  if (!top) return fail(errc::malformed, "AICH recovery data lacks nodes");
  if (*top != root) return fail(errc::refuted, "AICH recovery data does not hash up to the root");
  return leaves;
}

} // namespace interswarm::ed2k
