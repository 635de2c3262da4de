#pragma once

#include "actors/overlays/ed2k/region_pool.hpp"
#include "schema/base/result.hpp"
#include "storage/hash_list.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace interswarm::ed2k {

/// Reads a content through a source and lets no byte out that was not checked under a hash list. It
/// works in regions: one unit of the list where units are large (an ed2k part), else a run of small
/// units. Regions are read in pieces, in parallel, checked, and kept in the pool while there is
/// room. Not tied to actors: all it does goes through `hooks`.
class verified_reader {
public:
  using blocks = std::vector<slice>;
  using callback = std::function<void(result<blocks>)>;
  struct hooks {
    /// Reads at most 4 MiB of the source; answers later, on the same thread.
    std::function<void(byte_range, std::function<void(result<slice>)>)> read;
    /// These bytes were wrong.
    std::function<void(byte_range)> blame;
    /// Runs `work` where it may take long and `done` with its result back here.
    std::function<void(std::function<bool()> work, std::function<void(bool)> done)> check;
  };

  /// `list` must cover all bytes of the content, from 0; `period` is its own (0: none).
  verified_reader(checked_hash_list list, std::uint64_t period, std::uint64_t size,
                  std::shared_ptr<region_pool> pool, hooks h);
  ~verified_reader();
  verified_reader(const verified_reader&) = delete;
  verified_reader& operator=(const verified_reader&) = delete;

  /// Exactly the bytes of `range`, in slices. Fails as the source does, or `refuted` when the bytes
  /// stay wrong.
  void read(const byte_range& range, callback done);
  /// Gets the region around `offset` ready.
  void prefetch(std::uint64_t offset);
  /// The region that `offset` lies in: what is read and checked at once.
  byte_range region_of(std::uint64_t offset) const;

private:
  struct region;
  struct request;

  region& load(std::uint64_t offset);
  void start(std::uint64_t begin);
  void next_pieces(std::uint64_t begin);
  void read_piece(std::uint64_t begin, std::size_t piece);
  void got(std::uint64_t begin, std::size_t piece, result<slice> data);
  void check(std::uint64_t begin);
  void settle(std::uint64_t begin, result<void> outcome);
  void answer(const std::shared_ptr<request>& r);

  checked_hash_list list_;
  std::uint64_t size_;
  std::uint64_t period_;
  std::uint64_t region_bytes_;
  std::shared_ptr<region_pool> pool_;
  hooks hooks_;
  std::map<std::uint64_t, region> regions_;
  // Outlives `this` in callbacks: they find out whether it is gone.
  std::shared_ptr<verified_reader*> self_;
};

} // namespace interswarm::ed2k
