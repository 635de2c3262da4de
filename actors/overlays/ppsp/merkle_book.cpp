#include "actors/overlays/ppsp/merkle_book.hpp"

#include <bit>
#include <stdexcept>

namespace interswarm::ppsp {

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
    proved_.add(p);
    from.erase(*bin_of(p.chunks));
  }
}

merkle_book::judgement merkle_book::judge(heard_hashes& from, std::uint64_t chunk,
                                          byte_view payload) {
  if (!chunks_) return judgement::unproved;
  if (chunk >= *chunks_) return judgement::refuted;
  return proved_.judge(function_, from, chunk, payload, peak_above(chunk, *chunks_));
}

void merkle_book::settle(const chunk_range& subtree) {
  if (proved_.find(subtree) != nullptr) proved_.forget_below(subtree);
}

} // namespace interswarm::ppsp
