#pragma once

#include "modes/compare/plan/plan.hpp"
#include "schema/base/result.hpp"
#include "storage/name_table.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

namespace interswarm::compare {

/// What the names of the run's contents are, asked of a name table as a node keeps it, in memory.
/// Each overlay whose peers hold or seek a content has a name for it, and all names of one content
/// are linked; what is published in SOA mode is named for every overlay. A look-up costs the table
/// about half a millisecond; names do not change during a run, so the table is asked once for each
/// and the answer is remembered.
class name_book {
public:
  static result<std::unique_ptr<name_book>> open(const plan& p, solution how);

  /// Overlays that have a name for the content, as the table says when it is asked for the name in
  /// overlay `o`; empty when that is not known. Counted.
  const std::vector<overlay_id>& look_up(overlay_id o, content_id c);
  /// Whether the content has a name in overlay `o`. Not counted: a node's own table told it long
  /// ago.
  bool knows(overlay_id o, content_id c) const {
    return std::binary_search(known_in_[c].begin(), known_in_[c].end(), o);
  }
  std::uint64_t lookups() const { return lookups_; }
  /// Look-ups that found a name in another overlay.
  std::uint64_t hits() const { return hits_; }

private:
  name_book(const plan& p, solution how);
  msg::name name_of(overlay_id o, content_id c) const;
  std::vector<overlay_id> ask(overlay_id o, content_id c);

  const plan& plan_;
  std::unique_ptr<database> db_;
  std::unique_ptr<name_table> table_;
  /// By content: the overlays that know it; and whether the table has its names.
  std::vector<std::vector<overlay_id>> known_in_;
  std::vector<bool> entered_;
  /// By content and overlay.
  std::vector<std::optional<std::vector<overlay_id>>> answers_;
  std::uint64_t lookups_ = 0;
  std::uint64_t hits_ = 0;
};

} // namespace interswarm::compare
