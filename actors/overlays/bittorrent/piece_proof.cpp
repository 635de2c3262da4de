#include "actors/overlays/bittorrent/piece_proof.hpp"

#include <algorithm>
#include <bit>

namespace interswarm::bittorrent {
namespace {

constexpr std::uint64_t leaf_bytes = 16384; // BEP 52

void reduce(std::vector<sha256_digest>& nodes) {
  while (nodes.size() > 1) {
    for (std::size_t i = 0; i < nodes.size() / 2; ++i)
      nodes[i] = sha256_pair(nodes[2 * i], nodes[2 * i + 1]);
    nodes.resize(nodes.size() / 2);
  }
}

/// The root of a subtree over `unit` bytes whose leaves are all zero hashes.
sha256_digest pad_node(std::uint64_t unit) {
  sha256_digest out{};
  for (auto covered = leaf_bytes; covered < unit; covered *= 2) out = sha256_pair(out, out);
  return out;
}

std::vector<sha256_digest> split(byte_view hashes) {
  std::vector<sha256_digest> out(hashes.size() / 32);
  for (std::size_t i = 0; i < out.size(); ++i)
    std::copy_n(hashes.data() + 32 * i, 32, out[i].data());
  return out;
}

} // namespace

sha256_digest subtree_root(byte_view data, std::uint64_t leaves) {
  std::vector<sha256_digest> nodes;
  nodes.reserve(leaves);
  for (std::size_t at = 0; at < data.size() && nodes.size() < leaves; at += leaf_bytes)
    nodes.push_back(sha256(data.subspan(at, std::min<std::size_t>(leaf_bytes, data.size() - at))));
  nodes.resize(std::max<std::uint64_t>(leaves, 1));
  reduce(nodes);
  return nodes.front();
}

sha256_digest root_of_nodes(byte_view hashes, std::uint64_t unit) {
  if (hashes.empty() || hashes.size() % 32 != 0) return {};
  auto nodes = split(hashes);
  nodes.resize(std::bit_ceil(nodes.size()), pad_node(unit));
  reduce(nodes);
  return nodes.front();
}

bytes widen_layer(byte_view hashes, std::uint64_t from, std::uint64_t unit) {
  bytes out;
  if (from == 0 || unit < from || hashes.size() % 32 != 0) return out;
  const auto group = static_cast<std::size_t>(unit / from);
  const auto all = split(hashes);
  for (std::size_t at = 0; at < all.size(); at += group) {
    std::vector<sha256_digest> nodes(
        all.begin() + static_cast<std::ptrdiff_t>(at),
        all.begin() + static_cast<std::ptrdiff_t>(std::min(at + group, all.size())));
    nodes.resize(group, pad_node(from));
    reduce(nodes);
    append(out, nodes.front());
  }
  return out;
}

bool piece_proof::find_v2(std::uint32_t piece, v2_piece& out) const {
  auto at = v2_.upper_bound(piece);
  if (at == v2_.begin()) return false;
  --at;
  const auto& file = at->second;
  const auto index = std::uint64_t{piece} - at->first;
  const auto begin = index * piece_length_;
  if (begin >= file.length) return false;
  out.length = std::min<std::uint64_t>(piece_length_, file.length - begin);
  if (file.length <= piece_length_) {
    // A small file's tree is only as wide as its blocks.
    out.leaves = std::bit_ceil((file.length + leaf_bytes - 1) / leaf_bytes);
    out.hash = file.root;
    return true;
  }
  if (file.layer.size() < 32 * (index + 1)) return false;
  out.leaves = piece_length_ / leaf_bytes;
  std::copy_n(file.layer.data() + 32 * index, 32, out.hash.data());
  return true;
}

bytes piece_proof::layer(std::uint32_t first_piece) const {
  const auto at = v2_.find(first_piece);
  return at == v2_.end() ? bytes{} : at->second.layer;
}

bool piece_proof::knows(std::uint32_t piece) const {
  v2_piece found;
  return v1_.size() >= 20 * (std::size_t{piece} + 1) || find_v2(piece, found);
}

bool piece_proof::check(std::uint32_t piece, byte_view data) const {
  bool proved = false;
  if (v1_.size() >= 20 * (std::size_t{piece} + 1)) {
    if (!equal(sha1(data), byte_view(v1_).subspan(20 * std::size_t{piece}, 20))) return false;
    proved = true;
  }
  v2_piece found;
  if (find_v2(piece, found)) {
    if (data.size() < found.length) return false;
    if (subtree_root(data.first(found.length), found.leaves) != found.hash) return false;
    proved = true;
  }
  return proved;
}

} // namespace interswarm::bittorrent
