#include "actors/overlays/bittorrent/fetch_window.hpp"
#include "actors/overlays/bittorrent/piece_cache.hpp"
#include "actors/overlays/bittorrent/piece_map.hpp"
#include "actors/overlays/bittorrent/piece_proof.hpp"
#include "schema/base/encoding.hpp"
#include "tests/catch.hpp"

using namespace interswarm;
using namespace interswarm::bittorrent;

namespace {

/// "p" of the fact sheet: byte i is i mod 251.
bytes pattern(std::size_t size) {
  bytes out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<byte>(i % 251);
  return out;
}

std::string hex(const sha256_digest& d) { return to_hex(d); }

bytes layer_of(const bytes& data, std::uint64_t unit) {
  bytes out;
  for (std::size_t at = 0; at < data.size(); at += unit)
    append(out,
           subtree_root(byte_view(data).subspan(at, std::min<std::size_t>(unit, data.size() - at)),
                        unit / 16384));
  return out;
}

} // namespace

TEST_CASE("piece map of several v1 files", "[bittorrent][piece_map]") {
  // a: 0..100, an empty file, b: 100..350, c: 350..400; pieces of 64.
  const piece_map m(64, 400, {{0, 100}, {100, 0}, {100, 250}, {350, 50}});
  CHECK(m.piece_count() == 7);
  CHECK(m.piece_size(0) == 64);
  CHECK(m.piece_size(6) == 16);
  CHECK(m.piece_size(7) == 0);
  CHECK(m.segments(0) == std::vector<piece_segment>{{0, {0, 64}, 0}});
  CHECK(m.segments(1) == std::vector<piece_segment>{{0, {64, 100}, 0}, {2, {0, 28}, 36}});
  CHECK(m.segments(5) == std::vector<piece_segment>{{2, {220, 250}, 0}, {3, {0, 34}, 30}});
  CHECK(m.segments(6) == std::vector<piece_segment>{{3, {34, 50}, 0}});
  CHECK(m.segments(7).empty());
  CHECK(m.pieces_of(0, {0, 100}) == piece_run{0, 2});
  CHECK(m.pieces_of(2, {0, 1}) == piece_run{1, 2});
  CHECK(m.pieces_of(2, {27, 29}) == piece_run{1, 3});
  CHECK(m.pieces_of(2, {0, 10'000}) == piece_run{1, 6});
  CHECK(m.pieces_of(1, {0, 10}).size() == 0);
  CHECK(m.pieces_of(9, {0, 10}).size() == 0);
  CHECK(m.whole_pieces(0) == piece_run{0, 1});
  CHECK(m.whole_pieces(2) == piece_run{2, 5});
  CHECK(m.whole_pieces(3) == piece_run{6, 7});
  CHECK(m.whole_pieces(1).size() == 0);
  CHECK(m.file_range(2, {1, 3}) == byte_range{0, 92});
  CHECK(m.file_range(0, {3, 5}).empty());
  CHECK(m.file_ranges(2, [](auto p) { return p == 1 || p == 2 || p == 5; }) ==
        range_set{{0, 92}, {220, 250}});
  const auto all_but = [](std::uint32_t file, byte_range r) { return file != 2 || r.begin >= 28; };
  CHECK(m.covered_pieces({0, 7}, all_but) == std::vector<std::uint32_t>{0, 2, 3, 4, 5, 6});
}

TEST_CASE("piece map of aligned files with padding between", "[bittorrent][piece_map]") {
  const piece_map m(64, 192, {{0, 100}, {128, 64}}); // 28 bytes of padding after the first
  CHECK(m.piece_count() == 3);
  CHECK(m.segments(1) == std::vector<piece_segment>{{0, {64, 100}, 0}});
  CHECK(m.whole_pieces(0) == piece_run{0, 2});
  CHECK(m.whole_pieces(1) == piece_run{2, 3});
  CHECK(m.file_range(0, {0, 2}) == byte_range{0, 100});
}

TEST_CASE("every byte of every file lies in exactly one segment", "[bittorrent][piece_map]") {
  for (std::uint32_t piece_length : {1u, 7u, 16u, 1000u}) {
    const piece_map m(piece_length, 333, {{0, 5}, {5, 0}, {5, 120}, {130, 200}, {330, 3}});
    std::vector<std::uint64_t> seen(m.files().size());
    for (std::uint32_t p = 0; p < m.piece_count(); ++p)
      for (const auto& s : m.segments(p)) {
        CHECK(s.range.begin == seen[s.file]);
        CHECK(std::uint64_t{p} * piece_length + s.at == m.files()[s.file].offset + s.range.begin);
        seen[s.file] = s.range.end;
      }
    for (std::size_t f = 0; f < seen.size(); ++f) CHECK(seen[f] == m.files()[f].length);
  }
}

TEST_CASE("BEP 52 roots", "[bittorrent][piece_proof]") {
  // Vectors of the fact sheet; the last was confirmed by libtorrent.
  CHECK(hex(subtree_root(bytes(1), 1)) ==
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  CHECK(hex(subtree_root(pattern(7162), 1)) ==
        "d2ec5096ef9e1269e20ce73f21262b36de33339f230a600445968623160bd136");
  const auto data = pattern(9728001);
  const auto root = "af3e904f2f7a29d4ee29e6d00733d815357e7e3e76c52786869d1e0add328124";
  CHECK(hex(subtree_root(data, 1024)) == root);
  const auto leaves = layer_of(data, 16384);
  CHECK(hex(root_of_nodes(leaves, 16384)) == root);
  const auto layer = layer_of(data, 65536);
  CHECK(layer.size() == 149 * 32);
  CHECK(hex(sha256(layer)) == "4cc1635c26f51ec7b18d80bd48c38a296a0208acf3bbdb4fb263a32396f755bf");
  CHECK(widen_layer(leaves, 16384, 65536) == layer);
  CHECK(hex(root_of_nodes(layer, 65536)) == root);
  CHECK(root_of_nodes({}, 16384) == sha256_digest{});
  CHECK(root_of_nodes(bytes(33), 16384) == sha256_digest{});
  CHECK(widen_layer(bytes(32), 0, 65536).empty());
}

TEST_CASE("a piece is proved by every hash that is known of it", "[bittorrent][piece_proof]") {
  const auto data = pattern(150'000); // pieces of 64 KiB: 65536, 65536, 18928
  const auto piece = [&](std::size_t i) {
    return byte_view(data).subspan(65536 * i,
                                   std::min<std::size_t>(65536, data.size() - 65536 * i));
  };
  bytes v1;
  for (std::size_t i = 0; i < 3; ++i) append(v1, sha1(piece(i)));
  const auto layer = layer_of(data, 65536);
  const auto root = root_of_nodes(layer, 65536);
  const piece_proof by_v1(65536, v1, {});
  const piece_proof by_v2(65536, {}, {{0, {data.size(), root, layer}}});
  const piece_proof by_both(65536, v1, {{0, {data.size(), root, layer}}});
  for (const auto* proof : {&by_v1, &by_v2, &by_both}) {
    for (std::uint32_t i = 0; i < 3; ++i) {
      CHECK(proof->knows(i));
      CHECK(proof->check(i, piece(i)));
      bytes wrong(piece(i).begin(), piece(i).end());
      wrong.back() ^= 1;
      CHECK_FALSE(proof->check(i, wrong));
      CHECK_FALSE(proof->check(i, byte_view(wrong).first(100)));
    }
    CHECK_FALSE(proof->knows(3));
    CHECK_FALSE(proof->check(3, {}));
  }
  // A hybrid torrent whose two sides disagree gives nothing.
  auto other = v1;
  other[0] ^= 1;
  const piece_proof torn(65536, other, {{0, {data.size(), root, layer}}});
  CHECK_FALSE(torn.check(0, piece(0)));
  CHECK(torn.check(1, piece(1)));
  // Without its layer a v2 file longer than a piece proves nothing; a small one needs none.
  const piece_proof bare(
      65536, {},
      {{0, {data.size(), root, {}}}, {3, {20'000, subtree_root(piece(2).first(18'000), 2), {}}}});
  CHECK_FALSE(bare.knows(0));
  CHECK_FALSE(bare.check(0, piece(0)));
  CHECK(bare.knows(3));
  CHECK_FALSE(bare.check(3, piece(2)));
  // Padding after a v2 file is not part of its hash.
  const piece_proof small(65536, {}, {{0, {18'928, subtree_root(piece(2), 2), {}}}});
  bytes padded(piece(2).begin(), piece(2).end());
  padded.resize(65536);
  CHECK(small.check(0, padded));
}

TEST_CASE("the piece cache stays inside its budget", "[bittorrent][piece_cache]") {
  piece_cache c(100);
  const auto k = [](std::uint32_t p) { return piece_cache::key_of(1, p); };
  CHECK(c.admit(k(1), 60));
  CHECK_FALSE(c.admit(k(2), 60)); // the first is still loading
  CHECK(c.waiting() == 1);
  CHECK_FALSE(c.next());
  CHECK_FALSE(c.admit_early(k(3), 10, 0, 0)); // not past those who wait
  c.store(k(1), slice(bytes(60)), 10);
  CHECK(c.used_bytes() == 60);
  REQUIRE(c.find(k(1), 20) != nullptr);
  CHECK(c.next() == k(2)); // the least recently used goes
  CHECK(c.find(k(1), 30) == nullptr);
  CHECK(c.used_bytes() == 60);
  c.store(k(2), slice(bytes(60)), 100);
  // What is only expected takes no room that was used lately.
  CHECK_FALSE(c.admit_early(k(3), 60, 500, 1000));
  CHECK(c.admit_early(k(4), 40, 500, 1000));
  CHECK(c.used_bytes() == 100);
  CHECK(c.admit_early(k(3), 60, 1200, 1000));
  CHECK(c.find(k(2), 1200) == nullptr);
  c.drop(k(3));
  c.drop(k(4));
  CHECK(c.used_bytes() == 0);
  // One that is larger than all of it gets through alone.
  CHECK(c.admit(k(5), 500));
  CHECK_FALSE(c.admit(k(6), 1));
  c.drop(k(5));
  CHECK(c.next() == k(6));
  CHECK_FALSE(c.admit(piece_cache::key_of(2, 1), 200));
  c.drop_torrent(1);
  CHECK(c.used_bytes() == 0);
  CHECK(c.next() == piece_cache::key_of(2, 1));
  c.drop_torrent(2);
  CHECK(c.waiting() == 0);
  CHECK(c.used_bytes() == 0);
}

TEST_CASE("the fetch window wants what is read and a stretch ahead", "[bittorrent][fetch_window]") {
  fetch_window w(100, 3200);
  CHECK(w.wanted(0).empty());
  w.begin(1, {250, 420}, 100'000, false, 1000);
  auto wanted = w.wanted(1000);
  CHECK(wanted[2] == fetch_window::asked);
  CHECK(wanted[4] == fetch_window::asked);
  CHECK(wanted.count(1) == 0);
  CHECK(wanted[5] == fetch_window::soon); // 420 + 200 ahead
  CHECK(wanted.rbegin()->first == 6);
  w.end(1);
  CHECK(w.idle());
  CHECK(w.wanted(1000).count(2) == 0);
  // The reader goes on: the stretch doubles up to the limit.
  std::uint64_t at = 420;
  for (std::uint64_t id = 2; id < 12; ++id) {
    w.begin(id, {at, at + 100}, 100'000, false, 2000);
    w.end(id);
    at += 100;
  }
  wanted = w.wanted(2000);
  CHECK(wanted.begin()->first == at / 100);
  CHECK(wanted.rbegin()->first == (at + 3200 - 1) / 100);
  CHECK(wanted[static_cast<std::uint32_t>(at / 100)] == fetch_window::soon);
  CHECK(wanted.rbegin()->second == fetch_window::later);
  // Nothing past the file's end, nothing for one who went quiet.
  w.begin(20, {at, at + 100}, at + 150, true, 3000);
  CHECK(w.wanted(3000).begin()->second == fetch_window::urgent);
  CHECK(w.wanted(3000).rbegin()->first == (at + 149) / 100);
  w.end(20);
  CHECK(w.wanted(3000 + fetch_window::quiet_ms + 1).empty());
}

TEST_CASE("the fetch window follows a bounded number of readers", "[bittorrent][fetch_window]") {
  fetch_window w(100, 1600);
  for (std::uint64_t i = 0; i < 2 * fetch_window::max_readers; ++i) {
    w.begin(i, {i * 1'000'000, i * 1'000'000 + 100}, 1ull << 40, false, i);
    w.end(i);
  }
  CHECK(w.wanted(100).size() == fetch_window::max_readers); // one piece ahead of each
}
