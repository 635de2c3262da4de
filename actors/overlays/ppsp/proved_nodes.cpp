#include "actors/overlays/ppsp/proved_nodes.hpp"

namespace interswarm::ppsp {

void heard_hashes::hear(std::uint64_t bin, const tree_digest& hash) {
  nodes_.insert_or_assign(bin, hash);
  if (nodes_.size() > max_nodes) nodes_.erase(nodes_.begin());
}

const tree_digest* heard_hashes::find(std::uint64_t bin) const {
  const auto found = nodes_.find(bin);
  return found == nodes_.end() ? nullptr : &found->second;
}

void proved_nodes::add(const tree_node& n) {
  if (const auto bin = bin_of(n.chunks)) nodes_.insert_or_assign(*bin, n.hash);
}

const tree_digest* proved_nodes::find(const chunk_range& at) const {
  const auto bin = bin_of(at);
  if (!bin) return nullptr;
  const auto found = nodes_.find(*bin);
  return found == nodes_.end() ? nullptr : &found->second;
}

judgement proved_nodes::judge(merkle_hash f, heard_hashes& from, std::uint64_t chunk,
                              byte_view payload, const chunk_range& top,
                              std::vector<tree_node>* learned) {
  const auto uncles = uncles_of(chunk, top);
  auto node = chunk_hash(f, payload);
  chunk_range at{chunk, chunk + 1};
  std::vector<tree_node> way;
  for (auto u = uncles.rbegin();; ++u) {
    if (const auto* known = find(at)) {
      if (*known != node) return judgement::refuted;
      break;
    }
    if (u == uncles.rend()) return judgement::refuted;
    way.push_back({at, node});
    const auto* beside = find(*u);
    if (beside == nullptr) beside = from.find(*bin_of(*u));
    if (beside == nullptr) return judgement::unproved;
    way.push_back({*u, *beside});
    const bool is_left = at.begin < u->begin;
    node = is_left ? parent_hash(f, node, *beside) : parent_hash(f, *beside, node);
    at = is_left ? chunk_range{at.begin, u->end} : chunk_range{u->begin, at.end};
  }
  for (const auto& n : way) {
    const auto bin = *bin_of(n.chunks);
    nodes_.insert_or_assign(bin, n.hash);
    from.erase(bin);
  }
  if (learned != nullptr) learned->insert(learned->end(), way.begin(), way.end());
  return judgement::good;
}

void proved_nodes::forget_below(const chunk_range& node) {
  const auto top = bin_of(node);
  if (!top) return;
  // Bins below a node are the numbers around it, half its chunks to each side.
  const auto reach = node.size() - 1;
  for (auto bin = *top - reach; bin <= *top + reach; ++bin) {
    if (bin != *top) nodes_.erase(bin);
  }
}

void proved_nodes::forget(const chunk_range& node) {
  forget_below(node);
  if (const auto top = bin_of(node)) nodes_.erase(*top);
}

} // namespace interswarm::ppsp
