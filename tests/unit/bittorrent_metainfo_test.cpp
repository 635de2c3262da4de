#include "schema/base/encoding.hpp"
#include "schema/bittorrent/bencode.hpp"
#include "schema/bittorrent/metainfo.hpp"
#include "tests/catch.hpp"

#include <fstream>
#include <iterator>

using namespace interswarm;
using namespace interswarm::bittorrent;

namespace {

/// Byte i is i mod 251, as in the protocol notes' vectors.
bytes pattern(std::size_t n) {
  bytes out(n);
  for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<byte>(i % 251);
  return out;
}

bytes v1_pieces(byte_view data, std::size_t piece) {
  bytes out;
  for (std::size_t at = 0; at < data.size(); at += piece)
    append(out, sha1(data.subspan(at, std::min(piece, data.size() - at))));
  return out;
}

/// Straight from BEP 52: leaves of 16 KiB, padded with zero hashes to a power of two.
sha256_digest subtree(byte_view data, std::size_t leaves) {
  if (leaves == 1) return data.empty() ? sha256_digest{} : sha256(data);
  const auto half = std::min(data.size(), leaves / 2 * 16384);
  return sha256_pair(subtree(data.first(half), leaves / 2),
                     subtree(data.subspan(half), leaves / 2));
}

sha256_digest pieces_root(byte_view data) {
  std::size_t leaves = 1;
  while (leaves * 16384 < data.size()) leaves *= 2;
  return subtree(data, leaves);
}

single_file_hashes hashes_of(const std::string& name, byte_view data, std::size_t piece, bool v1,
                             bool v2) {
  single_file_hashes out{
      .name = name, .length = data.size(), .piece_length = piece, .v1 = v1, .v2 = v2};
  if (v1) out.v1_pieces = v1_pieces(data, piece);
  if (!v2) return out;
  if (!data.empty()) out.pieces_root = pieces_root(data);
  if (data.size() > piece) {
    for (std::size_t at = 0; at < data.size(); at += piece)
      append(out.piece_layer,
             subtree(data.subspan(at, std::min(piece, data.size() - at)), piece / 16384));
  }
  return out;
}

bytes corpus(const std::string& name) {
  std::ifstream in(INTERSWARM_SOURCE_DIR "/tests/fuzz/corpus/metainfo/" + name, std::ios::binary);
  REQUIRE(in);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// `text` with the one occurrence of `from` replaced.
bytes altered(byte_view original, std::string_view from, std::string_view to) {
  std::string text(as_text(original));
  const auto at = text.find(from);
  REQUIRE(at != text.npos);
  text.replace(at, from.size(), to);
  const auto out = as_bytes(text);
  return {out.begin(), out.end()};
}

} // namespace

TEST_CASE("metainfo: made torrents have the info-hashes that other makers give") {
  const auto small = pattern(7162);
  auto v1 = make_single_file(hashes_of("p7162.bin", small, 16384, true, false));
  REQUIRE(v1);
  CHECK(to_hex(v1->info.hash_v1) == "7b18b9aa32743e40250d35655b22e0f5e79d5fa3");
  auto secret = hashes_of("p7162.bin", small, 16384, true, false);
  secret.is_private = true;
  v1 = make_single_file(secret);
  REQUIRE(v1);
  CHECK(to_hex(v1->info.hash_v1) == "be603c290c1f4751a48726e06d9ea3f1689603ab");
  CHECK(v1->info.is_private);
  const auto v2 = make_single_file(hashes_of("p7162.bin", small, 16384, false, true));
  REQUIRE(v2);
  CHECK(to_hex(v2->info.hash_v2) ==
        "fb528391fa0060bbd82249cff6c11b08a46f989df1305e1980cb3710207253d3");
  CHECK(v2->info.raw.size() == 152);
  const auto hybrid = make_single_file(hashes_of("p7162.bin", small, 16384, true, true));
  REQUIRE(hybrid);
  CHECK(to_hex(hybrid->info.hash_v1) == "5b682a6f0810c86b9642c3c359e9b5ac4836829d");
  CHECK(to_hex(hybrid->info.hash_v2) ==
        "45a87e157b34d3b20cde4690fcd5c1078424f1e58ba19ce567740e27399916ba");
}

TEST_CASE("metainfo: a layered file of 9,728,001 bytes") {
  const auto data = pattern(9728001);
  const auto from = hashes_of("p9728001.bin", data, 65536, true, true);
  CHECK(to_hex(*from.pieces_root) ==
        "af3e904f2f7a29d4ee29e6d00733d815357e7e3e76c52786869d1e0add328124");
  CHECK(to_hex(sha256(from.piece_layer)) ==
        "4cc1635c26f51ec7b18d80bd48c38a296a0208acf3bbdb4fb263a32396f755bf");
  CHECK(root_of_layer(from.piece_layer, 65536) == *from.pieces_root);
  const auto hybrid = make_single_file(from);
  REQUIRE(hybrid);
  CHECK(to_hex(hybrid->info.hash_v1) == "4ec51981737ff30d23e3ffd09df434824e88aa6f");
  CHECK(to_hex(hybrid->info.hash_v2) ==
        "2a7ef1eeef4ee90672fb58116fa53644e9da8c4b0fb17f2a564813ee5cd98ff7");
  auto only = from;
  only.v1 = false;
  CHECK(to_hex(make_single_file(only)->info.hash_v2) ==
        "ecebf05884b7fc26f08c10277bc6b22c0eadf81a5858a9dda27dcb6941ff9134");

  const auto file = encode_metainfo(*hybrid);
  const auto again = parse_metainfo(file);
  REQUIRE(again);
  CHECK(again->info.raw == hybrid->info.raw);
  CHECK(again->piece_layers == hybrid->piece_layers);
  auto broken = *hybrid;
  broken.piece_layers.begin()->second[5] ^= 1;
  CHECK_FALSE(parse_metainfo(encode_metainfo(broken)));
  auto lying = from;
  lying.piece_layer[40] ^= 1;
  CHECK_FALSE(make_single_file(lying));
}

TEST_CASE("metainfo: empty, one-byte and aligned files") {
  const auto btih = [](const std::string& name, byte_view data, std::size_t piece) {
    const auto m = make_single_file(hashes_of(name, data, piece, true, false));
    return m ? to_hex(m->info.hash_v1) : m.error().text;
  };
  CHECK(btih("z0.bin", {}, 16384) == "1535e5bbc2308bde8d5d7d49d5349f8445915db3");
  CHECK(btih("z1.bin", bytes(1), 65536) == "20ee81decb81e83a6164f24bc9849d574f2cf3d9");
  CHECK(btih("z9728000.bin", bytes(9728000), 65536) == "70d2a7ff97870873ac538b7678870f95fb3193ca");
  CHECK(btih("p19456000.bin", pattern(19456000), 32768) ==
        "0173900a550231d52b642d819ae3576954cc1c03");
  const auto empty = make_single_file(hashes_of("e", {}, 16384, false, true));
  REQUIRE(empty);
  CHECK_FALSE(empty->info.files[0].pieces_root);
}

TEST_CASE("metainfo: torrents that libtorrent made") {
  const auto v1 = parse_metainfo(corpus("multi_v1.torrent"));
  REQUIRE(v1);
  CHECK(to_hex(v1->info.hash_v1) == "788a4ca6edcaa613b9fabe91943059828f3a886b");
  CHECK(v1->trackers == std::vector<std::vector<std::string>>{{"http://127.0.0.1:6969/announce"},
                                                              {"udp://127.0.0.1:6969/announce"}});
  REQUIRE(v1->info.files.size() == 4);
  CHECK(v1->info.title_of(1) == "multi/dir/c.bin");
  CHECK(v1->info.files[1].offset == 40000);
  CHECK(v1->info.files[1].length == 70001);

  for (const auto* name : {"multi_hybrid.torrent", "multi_v2.torrent"}) {
    INFO(name);
    const auto m = parse_metainfo(corpus(name));
    REQUIRE(m);
    REQUIRE(m->info.files.size() == 4);
    CHECK(m->info.files[1].path == std::vector<std::string>{"b.bin"});
    CHECK(m->info.files[1].offset == 16384);
    CHECK(m->info.files[2].offset == 65536);
    CHECK(m->info.files[3].length == 0);
    CHECK(m->piece_layers.size() == 2);
    CHECK(*m->info.files[0].pieces_root == sha256(pattern(5)));
    CHECK(*m->info.files[2].pieces_root == pieces_root(pattern(70001)));
  }
  const auto hybrid = parse_metainfo(corpus("multi_hybrid.torrent"));
  CHECK(to_hex(hybrid->info.hash_v1) == "8a6f7a25916981ebbb0dc817f2e485cac56a5a23");
  CHECK(to_hex(hybrid->info.hash_v2) ==
        "d95adc4813d329fa1f662137efff25dac105b1bccf29b7957501929e8a9a3f0c");
  const auto single = parse_metainfo(corpus("single_hybrid.torrent"));
  REQUIRE(single);
  CHECK(single->info.single_file);
  CHECK(single->info.is_private);
  CHECK(to_hex(single->info.wire_hash_v2()) == "4c2a5c0d74bc0627311cb3ccbfa0ee90ee9883a5");
}

TEST_CASE("metainfo: every truncation is refused and no alteration is taken for another torrent") {
  const auto whole = corpus("multi_hybrid.torrent");
  for (std::size_t n = 0; n < whole.size(); ++n)
    CHECK_FALSE(parse_metainfo(byte_view(whole).first(n)));
  // The v2 tree and the v1 list must tell the same: a changed length, order or path is a
  // contradiction.
  CHECK_FALSE(parse_metainfo(altered(whole, "6:lengthi40000e4:path", "6:lengthi40001e4:path")));
  CHECK_FALSE(parse_metainfo(altered(whole, "4:pathl5:b.bine", "4:pathl5:x.bine")));
  CHECK_FALSE(parse_metainfo(altered(whole, "6:lengthi9152e", "6:lengthi9153e")));
  CHECK_FALSE(parse_metainfo(altered(whole, "4:attr1:p6:lengthi9152e", "4:attr1:x6:lengthi9152e")));
  CHECK_FALSE(parse_metainfo(altered(whole, "12:meta versioni2e", "12:meta versioni3e")));
  CHECK_FALSE(parse_metainfo(altered(whole, "12:piece lengthi16384e", "12:piece lengthi16385e")));
}

TEST_CASE("metainfo: unusable paths, lengths and counts are refused with a reason") {
  const auto info = [](std::string_view files) {
    return "d5:filesl" + std::string(files) +
           "e4:name1:n12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaae";
  };
  const auto parse = [](const std::string& text) { return parse_info(as_bytes(text)); };
  REQUIRE(parse(info("d6:lengthi5e4:pathl1:a1:bee")));
  CHECK(parse(info("d6:lengthi5e4:pathl3:a\\bee"))->files[0].path[0] == "a_b");
  CHECK(parse(info("d6:lengthi5e4:pathl3:C:xee"))->files[0].path[0] == "C_x");
  for (const auto* bad :
       {"d6:lengthi5e4:pathl2:..ee", "d6:lengthi5e4:pathl1:.ee", "d6:lengthi5e4:pathl0:ee",
        "d6:lengthi5e4:pathl3:a/bee", "d6:lengthi5e4:pathlee", "d6:lengthi5ee",
        "d6:lengthi-5e4:pathl1:aee", "d4:pathl1:aee", "d6:lengthi16385e4:pathl1:aee",
        "d6:lengthi2e4:pathl1:aeed6:lengthi3e4:pathl1:aee",
        "d6:lengthi9223372036854775807e4:pathl1:aeed6:lengthi9223372036854775807e4:pathl1:bee"}) {
    INFO(bad);
    const auto refused = parse(info(bad));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().text.starts_with("torrent: "));
  }
  std::string deep = "d6:lengthi5e4:pathl";
  for (std::size_t i = 0; i < limits::path_components; ++i) deep += "1:a";
  CHECK(parse(info(deep + "ee")));
  CHECK_FALSE(parse(info(deep + "1:aee")));
  CHECK_FALSE(parse_metainfo(as_bytes("hello")));
  CHECK_FALSE(parse_metainfo(as_bytes("d4:infodee")));
  CHECK_FALSE(sanitise_component(std::string("a\0b", 3)));
  CHECK_FALSE(sanitise_component(std::string(limits::name_bytes + 1, 'a')));
  CHECK(*sanitise_component("a\nb") == "a?b");
}

TEST_CASE("metainfo: publishers' extra hashes are read, others' info bytes survive") {
  const auto ed2k = std::string(16, 'E');
  const auto sha = std::string(20, 'S');
  const std::string text =
      "d4:ed2k16:" + ed2k + "6:lengthi5e6:md5sum32:00112233445566778899aAbBcCdDeEfF4:name1:n" +
      "12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaa4:sha120:" + sha + "1:zi1ee";
  const auto info = parse_info(as_bytes(text));
  REQUIRE(info);
  CHECK(as_text(*info->files[0].ed2k) == ed2k);
  CHECK(as_text(*info->files[0].sha1) == sha);
  CHECK(to_hex(*info->files[0].md5) == "00112233445566778899aabbccddeeff");
  CHECK(info->hash_v1 == sha1(as_bytes(text)));

  const auto good =
      "d8:announce9:http://x/13:announce-listllee4:info" + text + "8:url-list10:http://w/ae";
  const auto m = parse_metainfo(as_bytes(good));
  REQUIRE(m);
  CHECK(m->trackers == std::vector<std::vector<std::string>>{{"http://x/"}});
  CHECK(m->web_seeds == std::vector<std::string>{"http://w/a"});
  CHECK(parse_metainfo(encode_metainfo(*m))->trackers == m->trackers);
}

TEST_CASE("metainfo: piece lengths keep the count near two thousand") {
  CHECK(default_piece_length(0) == 16384);
  CHECK(default_piece_length(30'000'000) == 16384);
  CHECK(default_piece_length(5ull << 30) == 4u << 20);
  CHECK(default_piece_length(1ull << 40) == 16u << 20);
}
