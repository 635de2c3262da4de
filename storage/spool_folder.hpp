#pragma once

// For spool.cpp and spool_file.cpp.
#include "storage/files.hpp"
#include "storage/spool.hpp"

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>

namespace interswarm {

/// "cannot write to the spool /var/x: No space left on device", from errno.
tl::unexpected<error> spool_error(const std::string& doing, const std::string& folder);

struct spool_folder {
  struct entry {
    std::uint64_t used = 0;
    std::uint64_t last_use = 0; // grows with every use
    bool in_use = false;        // until the last sync is done
    std::weak_ptr<spool_file> open;
  };

  std::string folder;
  owned_fd folder_fd;
  owned_fd lock_fd;
  std::uint64_t quota = 0;
  std::size_t max_files = 0;

  std::mutex mutex;
  std::condition_variable closed;
  std::map<std::string, entry> entries; // by digest of the key
  std::uint64_t used = 0;
  std::uint64_t uses = 0;

  /// Takes up what is in the folder.
  result<void> scan();
  /// Accounts for `count` more bytes of a file, evicting others if needed. Fails `overloaded`.
  result<void> reserve(const std::string& id, std::uint64_t count);
  void release(const std::string& id, std::uint64_t count);
  /// Nobody uses the file any more.
  void close(const std::string& id);
  /// The lock must be held.
  bool evict_one(const std::string& but);
  void erase(const std::string& id);
};

} // namespace interswarm
