#pragma once

#include "schema/base/bytes.hpp"
#include "schema/base/range.hpp"
#include "schema/base/result.hpp"

#include <string>

namespace interswarm {

/// Bytes of one content on disk while a download needs them: a sparse file without a name, gone
/// with its last user. Reads may come from any thread.
class block_file {
public:
  block_file() = default;
  ~block_file();
  block_file(const block_file&) = delete;
  block_file& operator=(const block_file&) = delete;

  /// Fails `io` when `dir` takes no files.
  result<void> open(const std::string& dir);
  /// Fails `io`, also on a full disk.
  result<void> write(std::uint64_t offset, byte_view data);
  /// Exactly the bytes of `range`.
  result<bytes> read(const byte_range& range) const;

private:
  int fd_ = -1;
};

} // namespace interswarm
