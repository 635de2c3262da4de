#pragma once

#include "storage/chunk_store.hpp"
#include "tests/scratch.hpp"

#include <functional>
#include <set>
#include <sys/types.h>

/// Where a test's chunks lie, and what happens to them behind the store's back.
class chunk_place {
public:
  virtual ~chunk_place() = default;

  virtual interswarm::result<std::unique_ptr<interswarm::chunk_backend>> open() const = 0;
  virtual void flip_byte(const interswarm::chunk_name& name, std::uint64_t offset) const = 0;
  virtual void overwrite(const interswarm::chunk_name& name, const std::string& text) const = 0;
  virtual void remove(const interswarm::chunk_name& name) const = 0;
  /// Of the image; nothing when it is not there.
  virtual std::optional<std::uint64_t> length(const interswarm::chunk_name& name) const = 0;

  std::string index() const { return scratch_.file("chunks.db"); }

protected:
  scratch_folder scratch_;
};

/// A new empty one; each test program has one kind.
std::unique_ptr<chunk_place> make_chunk_place();

inline constexpr std::uint64_t no_quota = 1ull << 40;

/// A store in a place.
struct store_at {
  explicit store_at(const chunk_place& place, std::uint64_t quota = no_quota,
                    std::int64_t now = 100, std::uint64_t max_chunks = interswarm::limits::chunks);
  interswarm::chunk_store* operator->() { return store.get(); }
  std::unique_ptr<interswarm::chunk_store> store;
};

/// Random bytes, the same for the same seed.
interswarm::bytes chunk_content(std::size_t size, std::uint32_t seed);

/// Puts chunks number `first`, `first` + 1, ... and writes each acknowledged number to `fd`.
[[noreturn]] void put_until_killed(interswarm::chunk_store& store, std::uint32_t first, int fd);
/// Kills the child, which puts and writes to `fd`, within 100 ms after its first chunk. Gives what
/// it acknowledged.
std::set<std::uint32_t> kill_putter(pid_t child, int fd, std::uint32_t random);
/// Whether all of the numbered chunks are there and whole, and every other one is whole too.
void check_after_kill(interswarm::chunk_store& store, const std::set<std::uint32_t>& acknowledged);
