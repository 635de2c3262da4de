#pragma once

#include "schema/base/bytes.hpp"
#include "schema/base/result.hpp"

#include <filesystem>
#include <string>

namespace interswarm {

/// A node's folder on disk, held by one process at a time.
class node_folder {
public:
  /// Makes the folder where it is missing, locks it and reads or makes the node's identity. Fails
  /// `io` or `conflict` (another process holds it) with one line.
  static result<node_folder> open(const std::filesystem::path& path);
  ~node_folder();
  node_folder(node_folder&& other) noexcept;
  node_folder& operator=(node_folder&&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// Bytes that stay the same over restarts and cannot be guessed: at most 32.
  bytes identity(const std::string& purpose, std::size_t count) const;

private:
  node_folder(std::filesystem::path path, int lock_fd, bytes seed);

  std::filesystem::path path_;
  int lock_fd_;
  bytes seed_;
};

} // namespace interswarm
