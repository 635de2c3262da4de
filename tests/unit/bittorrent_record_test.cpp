#include "schema/base/encoding.hpp"
#include "schema/bittorrent/bencode.hpp"
#include "schema/bittorrent/record.hpp"
#include "storage/hash_trees.hpp"
#include "tests/catch.hpp"

using namespace interswarm;
using namespace interswarm::bittorrent;

namespace {

/// Byte i is i mod 251, as in the vectors.
bytes pattern(std::size_t size) {
  bytes out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<byte>(i % 251);
  return out;
}

bytes pieces_of(byte_view data, std::size_t length) {
  bytes out;
  for (std::size_t at = 0; at < data.size(); at += length)
    append(out, sha1(data.subspan(at, std::min(length, data.size() - at))));
  return out;
}

std::string str(std::string_view s) { return std::to_string(s.size()) + ":" + std::string(s); }

/// v1 directory "d" of files "a" (na bytes) and "b" (nb bytes).
torrent_info two_files(std::size_t na, std::size_t nb, std::size_t length) {
  const auto all = pattern(na + nb);
  const auto pieces = pieces_of(all, length);
  const auto file = [](const char* name, std::size_t n) {
    return "d6:lengthi" + std::to_string(n) + "e4:pathl" + str(name) + "ee";
  };
  const auto text = "d5:filesl" + file("a", na) + file("b", nb) + "e4:name1:d12:piece lengthi" +
                    std::to_string(length) + "e6:pieces" + str(as_text(pieces)) + "e";
  auto info = parse_info(as_bytes(text));
  REQUIRE(info);
  return *info;
}

} // namespace

TEST_CASE("a name's key holds hash and file, and nothing else passes for one") {
  const bytes v1(20, 0xAB);
  const bytes v2(32, 0xCD);
  CHECK(read_name(make_name(v1, 7))->file == 7);
  CHECK_FALSE(read_name(make_name(v1))->is_v2());
  CHECK(read_name(make_name(v2))->is_v2());
  CHECK(read_name(make_name(v2))->wire_hash()[19] == 0xCD);
  CHECK_FALSE(read_name(make_name(bytes(21, 0))));
  CHECK_FALSE(read_name(msg::name{"other", slice(bytes(24, 0))}));
}

TEST_CASE("a single-file torrent's pieces prove all of the file") {
  const auto data = pattern(100'000);
  single_file_hashes from;
  from.name = "f.bin";
  from.length = data.size();
  from.piece_length = 32768;
  from.v1 = from.v2 = true;
  from.v1_pieces = pieces_of(data, 32768);
  const auto leaves = bep52_leaves(data);
  from.pieces_root = bep52_root(leaves);
  from.piece_layer = bep52_layer(leaves, 32768);
  const auto torrent = make_single_file(from);
  REQUIRE(torrent);
  const auto records = make_records(*torrent, 0);
  REQUIRE(records.size() == 2);
  CHECK(read_name(records[0].name)->hash.size() == 20);
  CHECK(records[0].content_id.empty());
  CHECK(equal(records[1].content_id, *from.pieces_root));
  CHECK(records[1].evidence == msg::evidence::structural);
  REQUIRE(records[0].hashes.size() == 2);
  CHECK(records[0].hashes[0].algorithm == msg::hash_algorithm::bep52);
  CHECK(records[0].hashes[1].algorithm == msg::hash_algorithm::sha1);
  CHECK(records[0].hashes[1].offset == 0);
  CHECK(records[0].hashes[1].end == data.size());
  for (const auto& r : records) {
    const auto again = make_metainfo(r);
    REQUIRE(again);
    CHECK(again->piece_layers == torrent->piece_layers);
  }
  auto forged = records[0];
  forged.name = make_name(bytes(20, 1));
  CHECK(make_metainfo(forged).error().code == errc::refuted);
  auto bare = records[0];
  bare.metadata = {};
  CHECK(make_metainfo(bare).error().code == errc::not_found);
}

TEST_CASE("of a file among others only the pieces wholly inside it are proof") {
  const auto info = two_files(50'000, 100'000, 32768);
  const auto a = hash_lists(info, 0);
  REQUIRE(a.size() == 1);
  CHECK(a[0].offset == 0);
  CHECK(a[0].end == 32768);
  const auto b = hash_lists(info, 1);
  REQUIRE(b.size() == 1);
  CHECK(b[0].offset == 65536 - 50'000);
  CHECK(b[0].end == 100'000); // the torrent's last, short piece lies wholly in it
  CHECK(b[0].hashes.size() == 3 * 20);
  const auto all = pattern(150'000);
  CHECK(equal(b[0].hashes.view().first(20), sha1(byte_view(all).subspan(65536, 32768))));
  CHECK(hash_lists(two_files(10, 20, 32768), 0).empty());
  CHECK(make_records(info, 1)[0].title == "d/b");
}

TEST_CASE("a private torrent's names are forbidden, a magnet's unknown") {
  const auto data = pattern(7162);
  single_file_hashes from;
  from.name = "p7162.bin";
  from.length = data.size();
  from.piece_length = 16384;
  from.v1 = true;
  from.v1_pieces = pieces_of(data, 16384);
  from.is_private = true;
  const auto torrent = make_single_file(from);
  REQUIRE(torrent);
  const auto records = make_records(*torrent, 0);
  REQUIRE(records.size() == 1);
  CHECK(records[0].permission == msg::permission::forbidden);
  CHECK(to_hex(records[0].name.key.view().first(20)) == "be603c290c1f4751a48726e06d9ea3f1689603ab");
  const auto link =
      parse_magnet("magnet:?xt=urn:btih:be603c290c1f4751a48726e06d9ea3f1689603ab&dn=x&xl=7162");
  REQUIRE(link);
  const auto named = make_records(*link);
  REQUIRE(named.size() == 1);
  CHECK(named[0].name == records[0].name);
  CHECK(named[0].size == 7162);
  CHECK(named[0].permission == msg::permission::unknown);
}
