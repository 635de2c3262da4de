#pragma once

#include "modes/compare/plan/plan.hpp"
#include "schema/base/result.hpp"
#include "schema/content.values.hpp"

#include <functional>
#include <map>

namespace interswarm::compare {

/// A content of the plan as real bytes on the disk.
struct live_content {
  std::string file;
  std::uint64_t size = 0;
  /// What people hand on: a .torrent file, and an ed2k:// link.
  std::string torrent_file;
  std::string ed2k_link;
  /// By the overlay's kind: all that a holder knows.
  std::map<std::string, msg::name_record> held;
  /// As it is wanted: by what people hand on.
  std::map<std::string, msg::name_record> wanted;
};

/// Told how much is done, 0 to 1.
using share_done = std::function<void(double)>;

/// Makes the contents' bytes from the plan's seed, "content-<n>.bin" in `folder`, and names them as
/// `interswarm hash` does. The same seed makes the same bytes and names. Fails `io`, `no_room`.
result<std::vector<live_content>> make_contents(const plan& p, const std::string& folder,
                                                const share_done& progress);

} // namespace interswarm::compare
