#pragma once

#include "storage/spool_folder.hpp"
#include "storage/spool_journal.hpp"

#include <shared_mutex>

namespace interswarm {

struct spool_file_state {
  std::shared_ptr<spool_folder> folder;
  std::string id;
  std::uint64_t content_size = 0;
  owned_fd data;
  owned_fd journal;

  /// Shared by reads and writes of bytes, alone for what takes bytes away.
  mutable std::shared_mutex io;
  /// Guards what follows.
  mutable std::mutex mutex;
  range_set written;
  range_set verified;
  range_set unsynced_written;
  range_set unsynced_verified;
  std::uint64_t unsynced_bytes = 0;
  std::size_t journal_records = 0;
  /// One sync at a time, so that the journal has whole records.
  std::mutex syncing;

  result<void> append(byte_view records);
  /// Writes the journal anew when most of it is history.
  result<void> compact();
};

/// What the journal of file `id` says; fails when there is none or it is broken. Cuts a torn end
/// off.
result<spool_journal::contents> read_journal(const spool_folder& folder, const std::string& id);

/// Opens or makes the file. The folder's lock is held.
result<std::unique_ptr<spool_file_state>>
open_spool_file(const std::shared_ptr<spool_folder>& folder, const std::string& id, byte_view key,
                std::uint64_t content_size);

} // namespace interswarm
