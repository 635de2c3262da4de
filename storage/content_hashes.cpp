#include "storage/content_hashes.hpp"

namespace interswarm {

bytes ppspp_tree::root() const {
  // A content within one group has the root over its own chunks, which is lower than the group's
  // node.
  if (chunks < group_chunks) return ppspp_root(algorithm, tail);
  return ppspp_root(algorithm, nodes);
}

std::vector<ppspp_node> ppspp_tree::peaks() const {
  const auto whole_groups = chunks / group_chunks;
  auto out = ppspp_peaks(algorithm, byte_view(nodes).first(whole_groups * digest_size(algorithm)));
  for (auto& p : out) {
    p.first_chunk *= group_chunks;
    p.chunks *= group_chunks;
  }
  for (auto& p : ppspp_peaks(algorithm, tail)) {
    p.first_chunk += whole_groups * group_chunks;
    out.push_back(std::move(p));
  }
  return out;
}

namespace {

msg::hash_list list_of(msg::hash_algorithm a, std::uint64_t unit, std::uint64_t size,
                       bytes digests) {
  msg::hash_list out;
  out.algorithm = a;
  out.unit = unit;
  out.end = size;
  out.hashes = slice(std::move(digests));
  out.evidence = msg::evidence::structural;
  return out;
}

} // namespace

msg::hash_list bep52_hash_list(const content_hashes& h, std::uint64_t unit) {
  auto layer = bep52_layer(h.bep52_leaves, unit);
  // A single unit is as wide as the content: its digest is the content id.
  if (h.size <= unit && h.size != 0) {
    const auto root = bep52_root(h.bep52_leaves);
    layer.assign(root.begin(), root.end());
  }
  return list_of(msg::hash_algorithm::bep52, unit, h.size, std::move(layer));
}

msg::hash_list ed2k_hash_list(const content_hashes& h) {
  return list_of(msg::hash_algorithm::md4, ed2k_part_size, h.size, h.ed2k_parts);
}

msg::hash_list aich_hash_list(const content_hashes& h) {
  auto out = list_of(msg::hash_algorithm::sha1, aich_leaf_size, h.size, h.aich_leaves);
  out.period = ed2k_part_size;
  return out;
}

msg::hash_list v1_hash_list(const content_hashes& h, std::uint64_t piece_length) {
  return list_of(msg::hash_algorithm::sha1, piece_length, h.size, h.v1_pieces.at(piece_length));
}

std::optional<msg::hash_list> hash_list_like(const content_hashes& h, const msg::hash_list& like) {
  std::optional<msg::hash_list> out;
  switch (like.algorithm) {
  case msg::hash_algorithm::md4: out = ed2k_hash_list(h); break;
  case msg::hash_algorithm::bep52: out = bep52_hash_list(h, like.unit); break;
  case msg::hash_algorithm::sha1:
    if (like.period != 0)
      out = aich_hash_list(h);
    else if (h.v1_pieces.contains(like.unit))
      out = v1_hash_list(h, like.unit);
    break;
  case msg::hash_algorithm::sha256: break;
  }
  if (!out || out->unit != like.unit || out->period != like.period) return std::nullopt;
  return out;
}

} // namespace interswarm
