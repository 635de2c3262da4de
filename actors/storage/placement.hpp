#pragma once

#include "storage/chunk.hpp"

#include <span>
#include <string>
#include <vector>

namespace interswarm::storage {

/// A storage node as placement sees it.
struct placement_node {
  /// Unique in the cluster, the same after a restart.
  std::string id;
  /// What fails together, such as a machine, a rack or a site.
  std::string domain;
  /// Its share of the chunks beside the others', say its quota; 0 takes no part.
  double weight = 1;
};

/// Which nodes a chunk belongs on: weighted rendezvous hashing (Thaler, Ravishankar: "A name-based
/// mapping scheme for rendezvous", 1996; weights as in draft-ietf-bess-weighted-hrw). Anybody with
/// the same nodes gets the same answer, whatever their order, and a node that comes or goes moves
/// only the chunks that it gets or had.
class placement {
public:
  explicit placement(std::vector<placement_node> nodes);

  std::span<const placement_node> nodes() const { return nodes_; }
  /// Indices of `nodes()`, best first, at most `copies`, each in a domain of its own as far as
  /// there are domains; beyond that in the domains that have one already.
  std::vector<std::size_t> place(const chunk_name& chunk, std::size_t copies) const;
  /// All nodes with a weight in the chunk's order of preference: whom to ask next when those of
  /// `place` are full or away.
  std::vector<std::size_t> order(const chunk_name& chunk) const;

private:
  std::vector<placement_node> nodes_;
  std::vector<std::uint64_t> seeds_;
  /// Numbers of the domains, by node.
  std::vector<std::size_t> domains_;
};

} // namespace interswarm::storage
