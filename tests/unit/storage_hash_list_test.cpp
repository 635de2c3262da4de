#include "schema/base/encoding.hpp"
#include "storage/hash_list.hpp"
#include "storage/hash_trees.hpp"
#include "storage/limits.hpp"
#include "tests/catch.hpp"

using namespace interswarm;

namespace {

bytes p_bytes(std::size_t size) {
  bytes out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<byte>(i % 251);
  return out;
}

msg::hash_list list_of(msg::hash_algorithm a, std::uint64_t unit, std::uint64_t period,
                       std::uint64_t offset, const bytes& data) {
  msg::hash_list out;
  out.algorithm = a;
  out.unit = unit;
  out.period = period;
  out.offset = offset;
  out.end = data.size();
  const auto grid = unit_grid::make(unit, period, offset, data.size()).value();
  bytes hashes;
  for (std::uint64_t i = 0; i < grid.count(); ++i) {
    const auto u = grid.unit(i);
    const auto part = byte_view(data).subspan(u.begin, u.size());
    switch (a) {
    case msg::hash_algorithm::md4: append(hashes, md4(part)); break;
    case msg::hash_algorithm::sha1: append(hashes, sha1(part)); break;
    case msg::hash_algorithm::sha256: append(hashes, sha256(part)); break;
    case msg::hash_algorithm::bep52:
      append(hashes, bep52_unit_digest(part, unit / bep52_leaf_size));
      break;
    }
  }
  out.hashes = slice(std::move(hashes));
  return out;
}

errc code_of(const msg::hash_list& list) {
  const auto made = checked_hash_list::make(list);
  return made ? errc::internal : made.error().code;
}

} // namespace

TEST_CASE("AICH units start anew at each ed2k part") {
  const auto g = unit_grid::make(aich_leaf_size, ed2k_part_size, 0, 2 * ed2k_part_size + 1).value();
  CHECK(g.count() == 53 + 53 + 1);
  CHECK(g.unit(52) == byte_range{52 * aich_leaf_size, ed2k_part_size});
  CHECK(g.unit(53) == byte_range{ed2k_part_size, ed2k_part_size + aich_leaf_size});
  CHECK(g.unit(106) == byte_range{2 * ed2k_part_size, 2 * ed2k_part_size + 1});
  CHECK(g.unit(107).empty());
  CHECK(g.index_of(ed2k_part_size - 1) == 52);
  CHECK(g.index_of(ed2k_part_size) == 53);
  CHECK(g.enclosing({ed2k_part_size - 1, ed2k_part_size + 1}) ==
        byte_range{52 * aich_leaf_size, ed2k_part_size + aich_leaf_size});
  CHECK(g.enclosed({ed2k_part_size - 1, ed2k_part_size + aich_leaf_size + 5}) ==
        byte_range{ed2k_part_size, ed2k_part_size + aich_leaf_size});
  CHECK(g.enclosed({1, aich_leaf_size}).empty());
}

TEST_CASE("pieces of a later file of a torrent begin behind an offset") {
  const auto g = unit_grid::make(100, 0, 30, 255).value();
  CHECK(g.count() == 3);
  CHECK(g.unit(0) == byte_range{30, 130});
  CHECK(g.unit(2) == byte_range{230, 255});
  CHECK(g.enclosing({0, 29}).empty());
  CHECK(g.enclosing({0, 31}) == byte_range{30, 130});
  CHECK(g.aligned({130, 255}));
  CHECK_FALSE(g.aligned({130, 256}));
  CHECK_FALSE(g.aligned({0, 130}));
}

TEST_CASE("hostile geometry is refused") {
  CHECK(unit_grid::make(0, 0, 0, 1).error().code == errc::malformed);
  CHECK(unit_grid::make(1, 0, 2, 1).error().code == errc::malformed);
  constexpr auto huge = ~std::uint64_t{0};
  CHECK(unit_grid::make(1, 0, 0, huge).error().code == errc::too_large);
  CHECK(unit_grid::make(huge, 0, 0, limits::content_bytes + 1).error().code == errc::too_large);
  CHECK(unit_grid::make(1, 0, 0, limits::hash_list_units + 1).error().code == errc::too_large);
  CHECK(unit_grid::make(1, 0, 0, limits::hash_list_units).has_value());
  // A period shorter than the unit cuts each unit; huge values do not overflow.
  const auto cut = unit_grid::make(huge, 10, 0, 25).value();
  CHECK(cut.count() == 3);
  CHECK(cut.unit(2) == byte_range{20, 25});
  const auto one = unit_grid::make(huge, huge, 5, 25).value();
  CHECK(one.unit(0) == byte_range{5, 25});
  CHECK(unit_grid::make(7, 0, 3, 3).value().count() == 0);
}

TEST_CASE("a hash list proves its bytes and nothing else") {
  const auto data = p_bytes(200'000);
  const auto [algorithm, unit, period, offset] =
      GENERATE(table<msg::hash_algorithm, std::uint64_t, std::uint64_t, std::uint64_t>(
          {{msg::hash_algorithm::md4, 60'000, 0, 0},
           {msg::hash_algorithm::sha1, 7'000, 50'000, 0},
           {msg::hash_algorithm::sha1, 16'384, 0, 1'234},
           {msg::hash_algorithm::sha256, 16'384, 0, 0},
           {msg::hash_algorithm::bep52, 16'384, 0, 0},
           {msg::hash_algorithm::bep52, 65'536, 0, 0}}));
  const auto list = list_of(algorithm, unit, period, offset, data);
  const auto checked = checked_hash_list::make(list).value();
  const auto& g = checked.grid();
  CHECK(checked.verify_range(g.covered(), byte_view(data).subspan(offset)));
  for (std::uint64_t i = 0; i < g.count(); ++i) {
    const auto u = g.unit(i);
    bytes part(data.begin() + u.begin, data.begin() + u.end);
    CHECK(checked.verify_unit(i, part));
    part.back() ^= 1;
    CHECK(checked.verify_unit(i, part).error().code == errc::refuted);
    part.pop_back();
    CHECK(checked.verify_unit(i, part).error().code == errc::malformed);
  }
  CHECK(checked.verify_unit(g.count(), {}).error().code == errc::malformed);
  CHECK(checked.verify_range({offset, offset + 1}, byte_view(data).first(1)).error().code ==
        errc::malformed);
  CHECK(checked.verify_range({0, limits::verify_bytes + 1}, {}).error().code == errc::too_large);

  auto broken = list;
  broken.hashes = list.hashes.sub(0, list.hashes.size() - 1);
  CHECK(code_of(broken) == errc::malformed);
  broken.hashes = list.hashes.sub(0, list.hashes.size() - checked.digest_bytes());
  CHECK(code_of(broken) == errc::malformed);
}

TEST_CASE("a bep52 list needs a unit that a Merkle node can cover") {
  msg::hash_list list;
  list.algorithm = msg::hash_algorithm::bep52;
  list.end = 5;
  list.hashes = slice(bytes(32));
  for (std::uint64_t unit :
       {std::uint64_t{1}, std::uint64_t{8192}, std::uint64_t{16'385}, std::uint64_t{49'152}}) {
    list.unit = unit;
    CHECK(code_of(list) == errc::malformed);
  }
  list.unit = std::uint64_t{1} << 63;
  REQUIRE(checked_hash_list::make(list));
  list.algorithm = static_cast<msg::hash_algorithm>(77);
  CHECK(code_of(list) == errc::malformed);
}

TEST_CASE("a content within one unit has its content id as the only digest") {
  const auto data = p_bytes(40'000);
  msg::hash_list list;
  list.algorithm = msg::hash_algorithm::bep52;
  list.unit = 1 << 20;
  list.end = data.size();
  const auto id = bep52_root(bep52_leaves(data));
  list.hashes = slice::copy_of(id);
  CHECK(checked_hash_list::make(list).value().verify_unit(0, data));
}
