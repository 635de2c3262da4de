#pragma once

#include "schema/base/range.hpp"

#include <cstdint>
#include <set>
#include <utility>
#include <vector>

namespace interswarm::ed2k {

/// Ranges that were asked for over one connection, of whatever file. aMule and eMule remember what
/// they gave by its offsets alone (CUpDownClient::AddReqBlock) and pass over a request for the same
/// two offsets, also where it is about another file. So no two requests may have the same.
class sent_ranges {
public:
  /// The block, or runs that make it up, none of which was asked for before.
  std::vector<byte_range> cut(const byte_range& block);

private:
  bool fresh(const byte_range& r) const { return !sent_.contains({r.begin, r.end}); }

  std::set<std::pair<std::uint64_t, std::uint64_t>> sent_;
};

} // namespace interswarm::ed2k
