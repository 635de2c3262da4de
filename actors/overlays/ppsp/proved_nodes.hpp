#pragma once

#include "schema/ppsp/merkle.hpp"

#include <map>
#include <unordered_map>

namespace interswarm::ppsp {

/// Hashes that one peer sent and nothing has proved yet.
class heard_hashes {
public:
  /// The uncles of a hundred chunks of the largest tree.
  static constexpr std::size_t max_nodes = 4096;

  /// Replaces what the peer said of these chunks before. Beyond the limit the node that is furthest
  /// on the left goes: peers send from left to right.
  void hear(std::uint64_t bin, const tree_digest& hash);
  const tree_digest* find(std::uint64_t bin) const;
  void erase(std::uint64_t bin) { nodes_.erase(bin); }
  std::size_t size() const { return nodes_.size(); }
  const std::map<std::uint64_t, tree_digest>& nodes() const { return nodes_; }

private:
  std::map<std::uint64_t, tree_digest> nodes_;
};

enum class judgement : std::uint8_t {
  /// The chunk is the swarm's.
  good,
  /// It is not, or a hash that came with it is not: whoever sent them lies or is broken.
  refuted,
  /// Hashes lack.
  unproved,
};

/// Nodes of a swarm's tree that are proved.
class proved_nodes {
public:
  void add(const tree_node& n);
  const tree_digest* find(const chunk_range& at) const;
  /// A chunk below `top`, upwards until a node is met that is proved, with the hashes that the same
  /// peer sent. What was on the way is proved with it, and appended to `learned` where given.
  judgement judge(merkle_hash f, heard_hashes& from, std::uint64_t chunk, byte_view payload,
                  const chunk_range& top, std::vector<tree_node>* learned = nullptr);
  /// Forgets what is below a node; itself stays.
  void forget_below(const chunk_range& node);
  void forget(const chunk_range& node);
  void clear() { nodes_.clear(); }
  std::size_t size() const { return nodes_.size(); }

private:
  std::unordered_map<std::uint64_t, tree_digest> nodes_;
};

} // namespace interswarm::ppsp
