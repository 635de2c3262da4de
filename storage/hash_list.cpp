#include "storage/hash_list.hpp"

#include "storage/digest_context.hpp"
#include "storage/hash_trees.hpp"
#include "storage/limits.hpp"

namespace interswarm {

std::size_t digest_size(msg::hash_algorithm a) {
  switch (a) {
  case msg::hash_algorithm::md4: return 16;
  case msg::hash_algorithm::sha1: return 20;
  case msg::hash_algorithm::sha256:
  case msg::hash_algorithm::bep52: return 32;
  }
  return 0;
}

bytes bep52_unit_digest(byte_view data, std::uint64_t width_leaves) {
  const auto root = bep52_root(bep52_leaves(data), width_leaves);
  return {root.begin(), root.end()};
}

namespace {

std::string at_bytes(byte_range r) {
  return "bytes " + std::to_string(r.begin) + " to " + std::to_string(r.end);
}

} // namespace

result<checked_hash_list> checked_hash_list::make(const msg::hash_list& list) {
  const auto digest = digest_size(list.algorithm);
  if (digest == 0) return fail(errc::malformed, "a hash list of an unknown algorithm");
  auto grid = unit_grid::make(list.unit, list.period, list.offset, list.end);
  if (!grid) return tl::unexpected(grid.error());
  if (list.hashes.size() % digest != 0 || list.hashes.size() / digest != grid->count()) {
    return fail(errc::malformed, "a hash list of " + std::to_string(list.hashes.size()) +
                                     " bytes for " + std::to_string(grid->count()) + " units");
  }
  checked_hash_list out;
  if (list.algorithm == msg::hash_algorithm::bep52) {
    if (!is_bep52_unit(list.unit)) {
      return fail(errc::malformed, "a BEP 52 list whose unit is no power of two from 16 KiB up");
    }
    if (list.period != 0 && list.period % list.unit != 0) {
      return fail(errc::malformed, "a BEP 52 list whose period cuts its units");
    }
    const bool whole_content = list.offset == 0 && grid->count() == 1;
    out.subtree_leaves_ = whole_content ? 0 : list.unit / bep52_leaf_size;
  }
  out.grid_ = *grid;
  out.algorithm_ = list.algorithm;
  out.digest_bytes_ = digest;
  out.hashes_ = list.hashes;
  return out;
}

byte_view checked_hash_list::digest(std::uint64_t index) const {
  if (index >= grid_.count()) return {};
  return hashes_.view().subspan(index * digest_bytes_, digest_bytes_);
}

result<void> checked_hash_list::verify_unit(std::uint64_t index, byte_view data) const {
  const auto r = grid_.unit(index);
  if (r.empty() || r.size() != data.size()) {
    return fail(errc::malformed,
                std::to_string(data.size()) + " bytes are not unit " + std::to_string(index));
  }
  bytes found(digest_bytes_);
  switch (algorithm_) {
  case msg::hash_algorithm::md4: digest_into(hash_algorithm::md4, data, found.data()); break;
  case msg::hash_algorithm::sha1: digest_into(hash_algorithm::sha1, data, found.data()); break;
  case msg::hash_algorithm::sha256: digest_into(hash_algorithm::sha256, data, found.data()); break;
  case msg::hash_algorithm::bep52: found = bep52_unit_digest(data, subtree_leaves_); break;
  }
  if (!equal(found, digest(index)))
    return fail(errc::refuted, at_bytes(r) + " do not have the hash they should");
  return {};
}

result<void> checked_hash_list::verify_range(byte_range r, byte_view data) const {
  if (r.size() > limits::verify_bytes)
    return fail(errc::too_large, "cannot verify " + at_bytes(r) + " in one call");
  if (!grid_.aligned(r) || r.size() != data.size()) {
    return fail(errc::malformed, at_bytes(r) + " are not whole units of their hash list");
  }
  const auto last = grid_.index_of(r.end - 1);
  for (auto i = grid_.index_of(r.begin); i <= last; ++i) {
    const auto u = grid_.unit(i);
    if (auto ok = verify_unit(i, data.subspan(u.begin - r.begin, u.size())); !ok) return ok;
  }
  return {};
}

} // namespace interswarm
