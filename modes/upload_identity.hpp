#pragma once

#include "schema/service.values.hpp"

#include <cstdint>
#include <string>

namespace interswarm {

/// What tells one state of a file from others: whoever writes to it changes the times.
struct file_state {
  std::string host;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  /// Nanoseconds since 1970; `changed_ns` cannot be set back by whoever sets the other one.
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;

  friend bool operator==(const file_state&, const file_state&) = default;
};

/// What a storage service finds this file's upload by: SHA-256 over its state and what is said of
/// it. `lease` stands for the draft's `expires`, which is another one each time.
slice upload_identity(const file_state& file, const msg::publication& draft,
                      const std::string& lease);

} // namespace interswarm
