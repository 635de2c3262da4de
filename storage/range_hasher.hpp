#pragma once

#include "schema/base/bytes.hpp"
#include "schema/base/result.hpp"
#include "storage/content_hashes.hpp"
#include "storage/range_set.hpp"

#include <memory>

namespace interswarm {

/// Learns the names of a content from bytes that pass through in any order, after they were
/// verified under another name: BEP 52 leaves (so the content id), v1 pieces, ed2k parts, AICH
/// leaves. A unit's bytes are hashed in order; what comes early is held back within
/// `limits::range_hasher_held_bytes`, and beyond that (or beyond `limits::range_hasher_open_units`
/// begun units of one kind) it is let go: `needed()` then still names it, and the caller brings it
/// again, say from the spool. Feeding `needed()` in ascending order always comes to an end.
class range_hasher {
public:
  /// Of `plan`, only bep52, ed2k, aich and the v1 piece lengths count. Fails `malformed` or
  /// `too_large`.
  static result<range_hasher> make(std::uint64_t size, const hash_plan& plan);
  ~range_hasher();
  range_hasher(range_hasher&&) noexcept;
  range_hasher& operator=(range_hasher&&) noexcept;

  /// Bytes known before are ignored; bytes beyond the content's end too.
  void add(std::uint64_t offset, const slice& data);

  /// Bytes that some list still has to see.
  range_set needed() const;
  bool complete() const;
  std::uint64_t held_bytes() const;
  /// The lists that are complete, and the names that follow from them.
  content_hashes found() const;

private:
  struct state;
  explicit range_hasher(std::unique_ptr<state> s);
  std::unique_ptr<state> state_;
};

} // namespace interswarm
