#include "schema/base/wire.hpp"
#include "storage/hash_list.hpp"

#include <cstdlib>

// Geometry from the input's first bytes, digests from the rest: whatever is accepted must be
// consistent.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace interswarm;
  little_endian_reader in({data, size});
  msg::hash_list list;
  list.algorithm = static_cast<msg::hash_algorithm>(in.u8());
  list.unit = in.u64();
  list.period = in.u64();
  list.offset = in.u64();
  list.end = in.u64();
  const byte_range asked{in.u64(), in.u64()};
  if (in.failed()) return 0;
  list.hashes = slice::copy_of(in.rest());
  const auto checked = checked_hash_list::make(list);
  if (!checked) return 0;
  const auto& g = checked->grid();
  auto at = g.covered().begin;
  for (std::uint64_t i = 0; i < g.count(); ++i) {
    const auto u = g.unit(i);
    if (u.begin != at || u.empty() || g.index_of(u.begin) != i || g.index_of(u.end - 1) != i)
      std::abort();
    if (checked->digest(i).size() != checked->digest_bytes()) std::abort();
    at = u.end;
  }
  if (at != g.covered().end) std::abort();
  const auto around = g.enclosing(asked);
  if (!around.empty() && (!around.contains(intersection(asked, g.covered())) || !g.aligned(around)))
    std::abort();
  const auto inside = g.enclosed(asked);
  if (!inside.empty() && (!asked.contains(inside) || !g.aligned(inside))) std::abort();
  static_cast<void>(checked->verify_range(asked, in.rest()));
  return 0;
}
