#pragma once

#include "schema/base/bytes.hpp"
#include "schema/base/result.hpp"

#include <memory>
#include <string>

namespace interswarm::bittorrent {

/// A sparse file without a name: it vanishes with the object or the process. Reads and writes may
/// run on several threads at once as long as they do not overlap.
class sparse_file {
public:
  /// `io` naming the folder and what to do.
  static result<std::shared_ptr<sparse_file>> create(const std::string& directory);
  ~sparse_file();
  sparse_file(const sparse_file&) = delete;
  sparse_file& operator=(const sparse_file&) = delete;

  result<void> write(std::uint64_t offset, byte_view data);
  /// Exactly `out.size()` bytes; what was never written reads as zero.
  result<void> read(std::uint64_t offset, std::span<byte> out) const;

private:
  explicit sparse_file(int fd) : fd_(fd) {}
  int fd_;
};

} // namespace interswarm::bittorrent
