#include "actors/overlays/ppsp/merkle_book.hpp"

#include <bit>
#include <stdexcept>

namespace interswarm::ppsp {

void heard_hashes::hear(std::uint64_t bin, const tree_digest& hash) {
  nodes_.insert_or_assign(bin, hash);
  if (nodes_.size() > max_nodes) nodes_.erase(nodes_.begin());
}

const tree_digest* heard_hashes::find(std::uint64_t bin) const {
  const auto found = nodes_.find(bin);
  return found == nodes_.end() ? nullptr : &found->second;
}

merkle_book::merkle_book(merkle_hash f, const tree_digest& root) : function_(f), root_(root) {
  if (root.view().size() != hash_bytes(f))
    throw std::invalid_argument("a swarm id of another hash function's length");
}

bool merkle_book::hear(heard_hashes& from, const chunk_range& at, const tree_digest& hash) {
  const auto bin = bin_of(at);
  if (!bin) return false;
  if (const auto* known = find(at)) return *known == hash;
  from.hear(*bin, hash);
  claim(from, at);
  return true;
}

/// Whether the nodes that are known make `last_peak` the end of the tree.
void merkle_book::claim(heard_hashes& from, const chunk_range& last_peak) {
  const auto size = last_peak.end;
  if (chunks_ && size >= *chunks_) return;
  const auto ranges = peaks_of(size);
  if (ranges.back() != last_peak) return;
  std::vector<tree_node> peaks;
  for (const auto& r : ranges) {
    const auto* hash = find(r);
    if (hash == nullptr) hash = from.find(*bin_of(r));
    if (hash == nullptr) return;
    peaks.push_back({r, *hash});
  }
  if (root_of(function_, peaks) != root_) return;
  if (chunks_ && std::bit_ceil(size) != std::bit_ceil(*chunks_)) {
    proved_.clear();
    ++generation_;
  }
  chunks_ = size;
  for (const auto& p : peaks) {
    const auto bin = *bin_of(p.chunks);
    proved_.insert_or_assign(bin, p.hash);
    from.erase(bin);
  }
}

merkle_book::judgement merkle_book::judge(heard_hashes& from, std::uint64_t chunk,
                                          byte_view payload) {
  if (!chunks_) return judgement::unproved;
  if (chunk >= *chunks_) return judgement::refuted;
  const auto peak = peak_above(chunk, *chunks_);
  const auto uncles = uncles_of(chunk, peak);
  auto node = chunk_hash(function_, payload);
  chunk_range at{chunk, chunk + 1};
  std::vector<tree_node> learned;
  // Upwards, until a node is met that is proved.
  for (auto u = uncles.rbegin();; ++u) {
    if (const auto* known = find(at)) {
      if (*known != node) return judgement::refuted;
      break;
    }
    if (u == uncles.rend()) return judgement::refuted;
    learned.push_back({at, node});
    const auto bin = *bin_of(*u);
    const auto* beside = find(*u);
    if (beside == nullptr) beside = from.find(bin);
    if (beside == nullptr) return judgement::unproved;
    learned.push_back({*u, *beside});
    const bool is_left = at.begin < u->begin;
    node = is_left ? parent_hash(function_, node, *beside) : parent_hash(function_, *beside, node);
    at = is_left ? chunk_range{at.begin, u->end} : chunk_range{u->begin, at.end};
  }
  for (const auto& n : learned) {
    const auto bin = *bin_of(n.chunks);
    proved_.insert_or_assign(bin, n.hash);
    from.erase(bin);
  }
  return judgement::good;
}

const tree_digest* merkle_book::find(const chunk_range& at) const {
  const auto bin = bin_of(at);
  if (!bin) return nullptr;
  const auto found = proved_.find(*bin);
  return found == proved_.end() ? nullptr : &found->second;
}

void merkle_book::settle(const chunk_range& subtree) {
  const auto top = bin_of(subtree);
  if (!top || !proved_.contains(*top)) return;
  // Bins below a node are the numbers around it, half its chunks to each side.
  const auto reach = subtree.size() - 1;
  for (auto bin = *top - reach; bin <= *top + reach; ++bin) {
    if (bin != *top) proved_.erase(bin);
  }
}

} // namespace interswarm::ppsp
