#pragma once

#include "schema/base/bytes.hpp"
#include "schema/base/result.hpp"
#include "storage/limits.hpp"
#include "storage/range_set.hpp"

#include <memory>
#include <string>

namespace interswarm {

struct spool_folder;
struct spool_file_state;

/// The bytes of one content that were fetched so far, as a sparse file. Written bytes are not yet
/// trusted; the caller checks them and then calls `mark_verified`. After a crash only what `sync`
/// confirmed is there. Safe for several threads.
class spool_file {
public:
  ~spool_file();
  spool_file(const spool_file&) = delete;
  spool_file& operator=(const spool_file&) = delete;

  std::uint64_t content_size() const;
  range_set written() const;
  range_set verified() const;

  /// Stores bytes; those that are verified already are left as they are. Fails `malformed` beyond
  /// the content's end, `overloaded` when the spool's quota is used up by files in use, `io` when
  /// the disk is full or broken: then nothing that was stored before is lost. Syncs by itself after
  /// every `limits::spool_sync_bytes`.
  result<void> write(std::uint64_t offset, byte_view data);
  /// Fails `malformed` unless all of `r` is written.
  result<void> mark_verified(byte_range r);
  /// Bytes of `r`, all of which must be written (else `not_found`).
  result<bytes> read(byte_range r) const;
  /// Forgets `r` and gives its room on the disk back.
  result<void> drop(byte_range r);
  /// What was written and verified until now survives a crash of the machine.
  result<void> sync();

private:
  friend class spool;
  explicit spool_file(std::unique_ptr<spool_file_state> s);
  std::unique_ptr<spool_file_state> state_;
};

/// A folder of such files with a quota. File names are digests of the keys, so nothing from outside
/// reaches a path. When room is needed, the files that nobody has open go, the longest unused
/// first. One process at a time uses a folder. Safe for several threads. Must outlive its files.
class spool {
public:
  /// Makes the folder if it is not there and takes up what a former process left. Fails `io` or
  /// `denied`, and `unavailable` while another process uses the folder.
  static result<std::unique_ptr<spool>> open(const std::string& folder, std::uint64_t quota_bytes,
                                             std::size_t max_files = limits::spool_files);
  ~spool();
  spool(const spool&) = delete;
  spool& operator=(const spool&) = delete;

  /// The file of the content that the caller names `key`, made or found again; the same object
  /// while it is in use. Fails `conflict` when it is known with another size, `too_large` beyond a
  /// limit.
  result<std::shared_ptr<spool_file>> file(byte_view key, std::uint64_t content_size);
  /// Deletes a file that nobody has open (else `unavailable`); one that is not there is fine.
  result<void> remove(byte_view key);

  std::uint64_t used_bytes() const;
  std::uint64_t quota_bytes() const;
  std::size_t count() const;

private:
  explicit spool(std::shared_ptr<spool_folder> s);
  std::shared_ptr<spool_folder> state_;
};

} // namespace interswarm
