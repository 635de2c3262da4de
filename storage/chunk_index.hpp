#pragma once

#include "schema/base/result.hpp"
#include "storage/chunk.hpp"
#include "storage/database.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace interswarm {

/// `damaged`: its bytes are not what its name says. `lost`: it is not where it was put.
enum class chunk_condition : std::uint8_t { good, damaged, lost };

struct chunk_state {
  chunk_name name{};
  std::uint32_t size = 0;
  std::int64_t stored_at = 0;  // Unix seconds
  std::int64_t checked_at = 0; // when all its bytes were last read and hashed
  chunk_condition condition = chunk_condition::good;
  /// Since when nobody holds it; 0 while somebody does.
  std::int64_t unheld_since = 0;

  friend bool operator==(const chunk_state&, const chunk_state&) = default;
};

/// What a storage node knows of its chunks, in SQLite: for chunk_store, which explains the words.
/// A change is on the disk when its call returns. Safe for several threads.
class chunk_index {
public:
  static result<std::unique_ptr<chunk_index>> open(const std::string& path);

  /// Enters or replaces a chunk that `holder` (may be empty) wants kept. Callers that come at the
  /// same time share one transaction.
  result<void> add(const chunk_state& s, const std::string& holder);
  /// The same for many at once, which nobody holds yet.
  result<void> add_all(const std::vector<chunk_state>& all);
  result<std::optional<chunk_state>> find(const chunk_name& name) const;
  /// In order of name, those after `after`.
  result<std::vector<chunk_state>> list(const std::optional<chunk_name>& after,
                                        std::size_t limit) const;
  /// The good ones whose check is longest ago.
  result<std::vector<chunk_state>> least_checked(std::size_t limit) const;
  result<std::vector<chunk_state>> not_good(std::size_t limit) const;
  result<std::uint64_t> count_not_good() const;
  /// False when the chunk is not known.
  result<bool> set_condition(const chunk_name& name, chunk_condition c,
                             std::optional<std::int64_t> checked_at);

  /// Adds `holder` to those of `names` that are good, and gives the others.
  result<std::vector<chunk_name>> hold(const std::vector<chunk_name>& names,
                                       const std::string& holder);
  /// Chunks that nobody holds now are unheld since `now`. How many the holder held.
  result<std::uint64_t> release(const std::string& holder, std::int64_t now);
  /// The same for these chunks, whoever holds them.
  result<void> release_all(const std::vector<chunk_name>& names, std::int64_t now);
  result<std::vector<std::string>> holders(const std::string& after, std::size_t limit) const;
  /// Unheld since `before` or longer.
  result<std::vector<chunk_name>> unheld(std::int64_t before, std::size_t limit) const;
  /// Forgets the chunk if it is unheld since `before` or longer; false if it is not.
  result<bool> forget_unheld(const chunk_name& name, std::int64_t before);

private:
  struct entry;
  explicit chunk_index(std::unique_ptr<database> db) : db_(std::move(db)) {}
  result<void> write(const std::vector<entry*>& batch);
  result<std::vector<chunk_state>> select(const std::string& rest, std::size_t limit) const;

  std::unique_ptr<database> db_;
  mutable std::mutex sql_mutex_;

  std::mutex queue_mutex_;
  std::condition_variable written_;
  std::vector<entry*> queue_;
  bool writing_ = false;
};

} // namespace interswarm
