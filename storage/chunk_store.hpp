#pragma once

#include "storage/chunk_backend.hpp"
#include "storage/chunk_index.hpp"
#include "storage/limits.hpp"

#include <array>
#include <atomic>

namespace interswarm {

struct chunk_usage {
  std::uint64_t quota_bytes = 0;
  /// Images, with their heads.
  std::uint64_t used_bytes = 0;
  std::uint64_t chunks = 0;
  /// Damaged or lost, as far as was noticed.
  std::uint64_t bad_chunks = 0;
};

/// The chunks of one storage node. A chunk is kept while a holder (a content, say) wants it, and
/// then for a while, see `collect`. Every byte that is stored or read was hashed against its
/// chunk's name in the same call, but for `get_unchecked`. `now` is Unix seconds. Blocks; safe for
/// several threads.
class chunk_store {
public:
  /// The index at `index_path` is brought to agree with what the backend has: a chunk that it does
  /// not know is adopted, unheld since `now`; one that is not there any more is `lost`. Fails as
  /// database::open and the backend do.
  static result<std::unique_ptr<chunk_store>> open(std::unique_ptr<chunk_backend> backend,
                                                   const std::string& index_path,
                                                   std::uint64_t quota_bytes, std::int64_t now,
                                                   std::uint64_t max_chunks = limits::chunks);

  /// Stores the chunk for `holder`; when this returns it and the hold are safe. A damaged or lost
  /// one is replaced. Fails `refuted` when the bytes have another name, `too_large`, `malformed`,
  /// `no_room` when the quota or the disk is full, `io`.
  result<void> put(const chunk_name& name, byte_view data, byte_view holder, std::int64_t now);
  /// Holds those of `names` that are here and good; gives the others, which have to be put.
  result<std::vector<chunk_name>> hold(const std::vector<chunk_name>& names, byte_view holder);
  /// The holder wants none of its chunks any more; gives how many it held.
  result<std::uint64_t> release(byte_view holder, std::int64_t now);
  /// Nobody wants these here any more, whoever held them.
  result<void> remove(const std::vector<chunk_name>& names, std::int64_t now);
  /// Holders in ascending order, those after `after`.
  result<std::vector<bytes>> holders(byte_view after, std::size_t limit) const;

  /// Bytes `range` of the chunk. Fails `not_found`, `malformed` beyond its end, `refuted` when the
  /// disk has other bytes than were stored (and remembers that), `io`.
  result<slice> get(const chunk_name& name, byte_range range) const;
  /// The whole chunk.
  result<slice> get_all(const chunk_name& name) const;
  /// The chunk's bytes, or `range` of them, as they lie there: for one who hashes them itself and
  /// has them checked here when they are wrong. Fails `not_found`, `malformed`, `io`.
  result<slice> get_unchecked(const chunk_name& name, std::optional<byte_range> range) const;
  /// Its BEP 52 leaves, which hash up to its name. Fails as `get` does.
  result<bytes> leaves(const chunk_name& name) const;
  result<std::optional<chunk_state>> find(const chunk_name& name) const;
  result<std::vector<chunk_state>> list(const std::optional<chunk_name>& after,
                                        std::size_t limit) const;

  /// Reads and hashes all of the chunk: the scrub's work. Fails `not_found` for an unknown one.
  result<chunk_condition> check(const chunk_name& name, std::int64_t now);
  /// What a scrub should check next.
  result<std::vector<chunk_state>> least_checked(std::size_t limit) const;
  /// What a repair should put again.
  result<std::vector<chunk_state>> not_good(std::size_t limit) const;
  /// Removes up to `limit` chunks that nobody held since `before`; gives how many.
  result<std::uint64_t> collect(std::int64_t before, std::size_t limit);

  result<chunk_usage> usage() const;
  /// Instead of that of `open`; only before other threads use the store.
  void set_quota(std::uint64_t quota_bytes) { quota_ = quota_bytes; }

private:
  chunk_store(std::unique_ptr<chunk_backend> backend, std::unique_ptr<chunk_index> index,
              std::uint64_t quota_bytes, std::uint64_t max_chunks)
      : backend_(std::move(backend)), index_(std::move(index)), quota_(quota_bytes),
        max_chunks_(max_chunks) {}
  result<void> reconcile(std::int64_t now);
  result<void> write(const chunk_name& name, const chunk_head& head, byte_view data);
  std::mutex& stripe(const chunk_name& name) { return stripes_[name[0] % stripes_.size()]; }
  result<chunk_head> head(const chunk_name& name) const;
  /// `range` gives the bytes wanted of a chunk of that size.
  template <class Range>
  result<slice> read(const chunk_name& name, Range range) const;
  void note(const chunk_name& name, chunk_condition c) const;

  std::unique_ptr<chunk_backend> backend_;
  std::unique_ptr<chunk_index> index_;
  std::uint64_t quota_;
  std::uint64_t max_chunks_;
  std::atomic<std::uint64_t> used_{0};
  std::atomic<std::uint64_t> chunks_{0};
  /// What is done to a chunk's image and its row together.
  std::array<std::mutex, 64> stripes_;
};

} // namespace interswarm
