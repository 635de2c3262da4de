#pragma once

#include "schema/base/result.hpp"
#include "storage/content_hashes.hpp"

#include <functional>
#include <memory>
#include <span>
#include <string>

namespace interswarm {

/// Computes all names of a content in one pass over its bytes, in parallel over the cores. The
/// bytes are pushed in order by one thread; each hash function is a lane that takes blocks of 128
/// KiB as it comes to them, and the lane that is furthest behind runs first, so that a block is
/// hashed by all while it is in the processor's cache. Memory: a window of 8 MiB (32 MiB from 8
/// workers up) whatever the content's size, plus the results: per GiB 2 MiB of BEP 52 leaves, 0.8
/// MiB of PPSPP nodes, 0.1 MiB of AICH leaves and 20 bytes a v1 piece.
class content_hasher {
public:
  /// `workers` 0: one for each core. A plan with more or other piece lengths than `check` allows is
  /// a programmer error.
  explicit content_hasher(const hash_plan& plan, unsigned workers = 0);
  /// Stops the work if `finish` was not called.
  ~content_hasher();
  content_hasher(const content_hasher&) = delete;
  content_hasher& operator=(const content_hasher&) = delete;

  /// Fails `too_large` or `malformed` for piece lengths that cannot be.
  static result<void> check(const hash_plan& plan);

  /// Room for the next bytes, at least one. Waits while all blocks are in work.
  std::span<byte> space();
  /// The first `count` bytes of `space()` are the content's next bytes.
  void commit(std::size_t count);
  /// Copies `data` in as the content's next bytes.
  void push(byte_view data);
  std::uint64_t pushed() const;

  /// Waits for all lanes and gives the names. Nothing else may be called afterwards.
  content_hashes finish();

private:
  struct state;
  std::unique_ptr<state> state_;
};

/// Told the bytes done and the total, at most once a block; false stops the work.
using hash_progress = std::function<bool(std::uint64_t done, std::uint64_t total)>;

/// All names of the file at `path`. Fails `not_found`, `io`, `denied`, `malformed` (a folder or
/// device), `conflict` when the file changed while it was read, `cancelled` when `progress` said
/// so.
result<content_hashes> hash_file(const std::string& path, const hash_plan& plan,
                                 unsigned workers = 0, const hash_progress& progress = {});

} // namespace interswarm
