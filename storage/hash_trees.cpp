#include "storage/hash_trees.hpp"

#include "storage/digest_context.hpp"

#include <algorithm>
#include <bit>

namespace interswarm {

namespace {

constexpr std::size_t sha256_size = 32;
constexpr std::size_t sha1_size = 20;
constexpr std::size_t md4_size = 16;

std::uint64_t ceil_div(std::uint64_t a, std::uint64_t b) { return a / b + (a % b != 0); }

/// One step up a BEP 52 tree in place; `padding` is the digest of an empty subtree at this height.
void bep52_step(bytes& nodes, const sha256_digest& padding) {
  if (nodes.size() / sha256_size % 2 != 0) append(nodes, padding);
  const auto pairs = nodes.size() / (2 * sha256_size);
  for (std::size_t i = 0; i < pairs; ++i) {
    // The digest is written only after its two inputs are read.
    digest_into(hash_algorithm::sha256,
                byte_view(nodes).subspan(i * 2 * sha256_size, 2 * sha256_size),
                nodes.data() + i * sha256_size);
  }
  nodes.resize(pairs * sha256_size);
}

sha256_digest parent_of_equal(const sha256_digest& child) {
  digest_context both(hash_algorithm::sha256);
  both.update(child);
  both.update(child);
  sha256_digest out;
  both.finish(out.data());
  return out;
}

bytes whole_digests(byte_view nodes, std::size_t size) {
  return {nodes.begin(), nodes.begin() + static_cast<std::ptrdiff_t>(nodes.size() / size * size)};
}

/// `steps` steps up, then on to a single node.
sha256_digest fold(bytes nodes, sha256_digest padding, int steps) {
  for (int height = 0; height < steps || nodes.size() > sha256_size; ++height) {
    bep52_step(nodes, padding);
    padding = parent_of_equal(padding);
  }
  sha256_digest out;
  std::copy_n(nodes.begin(), sha256_size, out.begin());
  return out;
}

int height_of(std::uint64_t width) {
  return width <= 1 ? 0 : static_cast<int>(std::bit_width(width - 1));
}

bool is_zero(byte_view data) {
  return std::all_of(data.begin(), data.end(), [](byte b) { return b == 0; });
}

} // namespace

bytes bep52_leaves(byte_view data) {
  bytes out(ceil_div(data.size(), bep52_leaf_size) * sha256_size);
  for (std::size_t i = 0; i * bep52_leaf_size < data.size(); ++i) {
    const auto rest = data.subspan(i * bep52_leaf_size);
    digest_into(hash_algorithm::sha256,
                rest.first(std::min<std::size_t>(rest.size(), bep52_leaf_size)),
                out.data() + i * sha256_size);
  }
  return out;
}

sha256_digest bep52_root(byte_view leaves, std::uint64_t width) {
  auto nodes = whole_digests(leaves, sha256_size);
  if (nodes.empty()) return sha256({});
  return fold(std::move(nodes), sha256_digest{}, height_of(width));
}

bytes bep52_layer(byte_view leaves, std::uint64_t unit) {
  auto nodes = whole_digests(leaves, sha256_size);
  sha256_digest padding{};
  for (auto covered = bep52_leaf_size; covered < unit && !nodes.empty(); covered *= 2) {
    bep52_step(nodes, padding);
    padding = parent_of_equal(padding);
  }
  return nodes;
}

sha256_digest bep52_root_of_layer(byte_view layer, std::uint64_t unit) {
  auto nodes = whole_digests(layer, sha256_size);
  if (nodes.empty()) return sha256({});
  sha256_digest padding{};
  for (auto covered = bep52_leaf_size; covered < unit; covered *= 2)
    padding = parent_of_equal(padding);
  return fold(std::move(nodes), padding, 0);
}

md4_digest ed2k_hash(byte_view parts, std::uint64_t size, ed2k_variant variant) {
  md4_digest out{};
  if (size == 0) return md4({});
  const bool exact = size % ed2k_part_size == 0;
  if (size < ed2k_part_size || (size == ed2k_part_size && variant == ed2k_variant::blue)) {
    std::copy_n(parts.begin(), std::min(parts.size(), md4_size), out.begin());
    return out;
  }
  digest_context list(hash_algorithm::md4);
  list.update(parts);
  if (exact && variant == ed2k_variant::red) list.update(md4({}));
  list.finish(out.data());
  return out;
}

bytes ed2k_hash_set(byte_view parts, std::uint64_t size) {
  bytes out(parts.begin(), parts.end());
  if (size % ed2k_part_size == 0) append(out, md4({}));
  return out;
}

std::uint64_t aich_leaf_count(std::uint64_t size) {
  constexpr auto leaves_a_part = (ed2k_part_size + aich_leaf_size - 1) / aich_leaf_size;
  return size / ed2k_part_size * leaves_a_part + ceil_div(size % ed2k_part_size, aich_leaf_size);
}

namespace {

/// eMule's CAICHHashTree: a node splits at whole base units, the larger half on the side it is a
/// child of.
sha1_digest aich_node(byte_view leaves, std::uint64_t size, bool is_left) {
  sha1_digest out;
  if (size <= aich_leaf_size) {
    std::copy_n(leaves.begin(), sha1_size, out.begin());
    return out;
  }
  const auto base = size > ed2k_part_size ? ed2k_part_size : aich_leaf_size;
  const auto units = ceil_div(size, base);
  const auto left_size = (is_left ? (units + 1) / 2 : units / 2) * base;
  const auto left_leaves = aich_leaf_count(left_size) * sha1_size;
  const auto left = aich_node(leaves.first(left_leaves), left_size, true);
  const auto right = aich_node(leaves.subspan(left_leaves), size - left_size, false);
  digest_context both(hash_algorithm::sha1);
  both.update(left);
  both.update(right);
  both.finish(out.data());
  return out;
}

} // namespace

sha1_digest aich_root(byte_view leaves, std::uint64_t size) {
  // A wrong number of leaves has no root; all zeroes is no SHA-1 of anything known.
  if (leaves.size() % sha1_size != 0 || leaves.size() / sha1_size != aich_leaf_count(size))
    return {};
  return size == 0 ? sha1({}) : aich_node(leaves, size, true);
}

bytes ppspp_parents(hash_algorithm a, byte_view nodes) {
  const auto size = digest_size(a);
  const auto count = nodes.size() / size;
  bytes out((count + 1) / 2 * size);
  const bytes zero(size);
  digest_context both(a);
  for (std::size_t i = 0; i < count; i += 2) {
    const auto left = nodes.subspan(i * size, size);
    const auto right = i + 1 < count ? nodes.subspan((i + 1) * size, size) : byte_view(zero);
    if (is_zero(left) && is_zero(right)) continue;
    both.update(left);
    both.update(right);
    both.finish(out.data() + i / 2 * size);
  }
  return out;
}

bytes ppspp_root(hash_algorithm a, byte_view nodes) {
  auto level = whole_digests(nodes, digest_size(a));
  while (level.size() > digest_size(a)) level = ppspp_parents(a, level);
  return level;
}

std::vector<ppspp_node> ppspp_peaks(hash_algorithm a, byte_view leaves) {
  const auto size = digest_size(a);
  const auto count = leaves.size() / size;
  std::vector<ppspp_node> out;
  std::uint64_t first = 0;
  for (auto rest = count; rest != 0;) {
    const auto width = std::bit_floor(rest);
    out.push_back({first, width, ppspp_root(a, leaves.subspan(first * size, width * size))});
    first += width;
    rest -= width;
  }
  return out;
}

std::optional<bytes> ppspp_root_of_peaks(hash_algorithm a, const std::vector<ppspp_node>& peaks) {
  const auto size = digest_size(a);
  if (peaks.empty()) return std::nullopt;
  std::uint64_t next = 0;
  for (std::size_t i = 0; i < peaks.size(); ++i) {
    const auto& p = peaks[i];
    if (p.hash.size() != size || !std::has_single_bit(p.chunks) || p.first_chunk != next)
      return std::nullopt;
    if (i > 0 && p.chunks >= peaks[i - 1].chunks) return std::nullopt;
    next += p.chunks;
  }
  // From the right: lift the accumulated node with zero siblings until it is as wide as the peak on
  // its left.
  auto node = peaks.back().hash;
  auto width = peaks.back().chunks;
  for (auto i = peaks.size() - 1; i-- > 0;) {
    for (; width < peaks[i].chunks; width *= 2) node = ppspp_parents(a, node);
    auto both = peaks[i].hash;
    append(both, node);
    node = ppspp_parents(a, both);
    width = peaks[i].chunks * 2;
  }
  return node;
}

} // namespace interswarm
