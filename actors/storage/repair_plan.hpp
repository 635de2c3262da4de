#pragma once

#include "actors/storage/placement.hpp"

#include <map>
#include <set>

namespace interswarm::storage {

/// A node that is not gone, as a repair sees it.
struct repair_member {
  placement_node node;
  /// It can be asked now. One that is away keeps its chunks to itself and is not put to.
  bool here = true;
};

/// What is to be done about some chunks. Decisions only: what is found where goes in, copies to
/// make and to remove come out.
class repair_plan {
public:
  repair_plan(std::vector<repair_member> members, std::size_t copies);

  std::size_t members() const { return members_.size(); }
  bool here(std::size_t member) const { return members_[member].here; }
  /// Those of `chunks` that belong on `member`.
  std::vector<chunk_name> at_home(const std::vector<chunk_name>& chunks, std::size_t member) const;

  struct orders {
    /// Members that should have the chunk and have not.
    std::vector<std::size_t> put;
    /// Whom to put to when one of those is full, best first.
    std::vector<std::size_t> spare;
    /// Members that have it and should not; only when `put` is empty and all homes could be asked.
    std::vector<std::size_t> remove;
    /// Nobody who could be asked has a good copy.
    bool lost = false;
  };
  /// `good`: the members that have a good copy. A copy beside the homes counts while a home has no
  /// room: nothing is moved in circles.
  orders of(const chunk_name& chunk, const std::set<std::size_t>& good,
            const std::set<std::size_t>& full) const;

private:
  std::vector<repair_member> members_;
  std::size_t copies_;
  placement placement_;
};

} // namespace interswarm::storage
