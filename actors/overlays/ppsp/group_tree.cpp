#include "actors/overlays/ppsp/group_tree.hpp"

#include <bit>
#include <stdexcept>

namespace interswarm::ppsp {

namespace {

using layer = std::vector<tree_digest>;

layer parents_of(merkle_hash f, const layer& below) {
  const tree_digest zero(f);
  layer out;
  out.reserve((below.size() + 1) / 2);
  for (std::size_t i = 0; i < below.size(); i += 2)
    out.push_back(parent_hash(f, below[i], i + 1 < below.size() ? below[i + 1] : zero));
  return out;
}

std::size_t log2_of(std::uint64_t size) { return static_cast<std::size_t>(std::countr_zero(size)); }

/// Nodes behind the end are over nothing.
tree_digest at(merkle_hash f, const std::vector<layer>& layers, std::size_t height,
               std::uint64_t number) {
  if (height >= layers.size() || number >= layers[height].size()) return tree_digest(f);
  return layers[height][number];
}

} // namespace

group_tree::group_tree(merkle_hash f, std::uint64_t chunks, std::vector<tree_digest> groups)
    : function_(f), chunks_(chunks) {
  if (groups.empty() || groups.size() != groups_of(chunks))
    throw std::invalid_argument("a tree with another number of groups than its chunks make");
  layers_.push_back(std::move(groups));
  while (layers_.back().size() > 1) layers_.push_back(parents_of(f, layers_.back()));
}

tree_digest group_tree::node(const chunk_range& range) const {
  const auto height = log2_of(range.size() / group_chunks);
  return at(function_, layers_, height, range.begin / range.size());
}

chunk_group::chunk_group(merkle_hash f, std::uint64_t number, std::uint32_t chunk_bytes,
                         bytes payload)
    : number_(number), chunk_bytes_(chunk_bytes), function_(f), payload_(std::move(payload)) {
  layer leaves;
  for (std::size_t from = 0; from < payload_.size(); from += chunk_bytes_) {
    const auto size = std::min<std::size_t>(chunk_bytes_, payload_.size() - from);
    leaves.push_back(chunk_hash(f, byte_view(payload_).subspan(from, size)));
  }
  if (leaves.empty() || leaves.size() > group_tree::group_chunks)
    throw std::invalid_argument("a group of no or too many chunks");
  layers_.push_back(std::move(leaves));
  // A short one too has the height of a whole group.
  while (layers_.size() <= log2_of(group_tree::group_chunks))
    layers_.push_back(parents_of(f, layers_.back()));
}

chunk_range chunk_group::chunks() const {
  const auto begin = number_ * group_tree::group_chunks;
  return {begin, begin + layers_.front().size()};
}

byte_view chunk_group::chunk(std::uint64_t chunk) const {
  const auto from = (chunk - number_ * group_tree::group_chunks) * chunk_bytes_;
  return byte_view(payload_).subspan(from,
                                     std::min<std::size_t>(chunk_bytes_, payload_.size() - from));
}

tree_digest chunk_group::node(const chunk_range& range) const {
  const auto within = range.begin - number_ * group_tree::group_chunks;
  return at(function_, layers_, log2_of(range.size()), within / range.size());
}

} // namespace interswarm::ppsp
