#pragma once

#include "schema/base/bytes.hpp"
#include "storage/unit_grid.hpp"
#include "storage/values.hpp"

namespace interswarm {

/// A `msg::hash_list` that was checked: its geometry is sane and it has exactly one digest for each
/// unit. Everything that uses proof data goes through this, since lists come from other machines.
///
/// A bep52 digest covers a full-width subtree, padded with zero leaves where the content ends
/// inside it. Only a list whose single unit is a whole content no longer than the unit (offset 0)
/// is as wide as that content, because its digest is then the content id itself.
class checked_hash_list {
public:
  /// Fails `malformed` or `too_large`. Shares the list's bytes, copies none.
  static result<checked_hash_list> make(const msg::hash_list& list);

  const unit_grid& grid() const { return grid_; }
  msg::hash_algorithm algorithm() const { return algorithm_; }
  std::size_t digest_bytes() const { return digest_bytes_; }
  /// The digest of unit `index`; empty when there is no such unit.
  byte_view digest(std::uint64_t index) const;

  /// Fails `refuted` when `data` are not the bytes of unit `index`, `malformed` when they are not
  /// even as long.
  result<void> verify_unit(std::uint64_t index, byte_view data) const;
  /// `r` must begin and end at units and `data` must have its length (else `malformed`; `too_large`
  /// beyond `limits::verify_bytes`). Fails `refuted` with the first wrong unit.
  result<void> verify_range(byte_range r, byte_view data) const;

private:
  unit_grid grid_;
  msg::hash_algorithm algorithm_{};
  std::size_t digest_bytes_ = 0;
  std::uint64_t subtree_leaves_ = 0; // bep52: leaves to pad to, 0 = the unit's own width
  slice hashes_;
};

/// Bytes of one digest of the algorithm; 0 for a value that is none.
std::size_t digest_size(msg::hash_algorithm a);

/// The digest that a bep52 list has for a unit of these bytes: root of the subtree padded to
/// `width_leaves`.
bytes bep52_unit_digest(byte_view data, std::uint64_t width_leaves);

} // namespace interswarm
