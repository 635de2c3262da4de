#include "schema/base/encoding.hpp"
#include "storage/content_hasher.hpp"
#include "storage/hash_list.hpp"
#include "storage/limits.hpp"
#include "storage/range_hasher.hpp"
#include "tests/catch.hpp"

#include <filesystem>
#include <fstream>
#include <random>
#include <sys/stat.h>

using namespace interswarm;

namespace {

struct vector_row {
  char kind; // z: zeros, p: byte i mod 251
  std::size_t size;
  const char *ed2k, *blue, *aich, *root, *ppspp_sha1, *ppspp_sha256;
};

// ed2k, AICH, pieces root and PPSPP roots computed by other programs (rhash, aMule, libtorrent,
// libswift).
const vector_row rows[] = {
    {'z', 0, "31d6cfe0d16ae931b73c59d7e0c089c0", "", "3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ",
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "", ""},
    {'z', 1, "47c61a0fa8738ba77308a8a600f88e4b", "", "LOUTZHNQZ74T6UVVEHLUEDSD63W2E6CP",
     "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
     "5ba93c9db0cff93f52b521d7420e43f6eda2784f",
     "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
    {'p', 7162, "", "", "", "d2ec5096ef9e1269e20ce73f21262b36de33339f230a600445968623160bd136",
     "771baa14ad60d82025d037c350f26942bd5b7f5a",
     "1140e810b61f13f887a6626b32b07d4cd44731481b8ac911dd1ba12f75bd9d2d"},
    {'z', 9727999, "ac44b93fc9aff773ab0005c911f8396f", "", "L6SPMD2CM6PRZBGRQ6UFC4HJFFOATRA4",
     "0104c7d7e5068727b037182c932677156a97f70d663892a6408249539277491a",
     "aa1986b12b383ef11291a81d9ba47786cf50b1a2",
     "4e31e15ec8caeac90ae030ad22fd07e283f5a97de34d2aecb5b7de40e6a1bdb3"},
    {'z', 9728000, "fc21d9af828f92a8df64beac3357425d", "d7def262a127cd79096a108e7a9fc138",
     "5D3N4HQHIUMQ7IU7A5QLPLI6RHSWOR7B",
     "8aede67348d0ff306e6e325ed8c2b56f1e1881fd6d66d5be15feb6e7f65bb403",
     "04f2feaf57edc94ed68470f20a55ab7e49af34fa",
     "9aecf8999add220877e529f172d98517c3b0594ed79700fcb2fe936550068ab1"},
    {'z', 9728001, "06329e9dba1373512c06386fe29e3c65", "", "HL3TFXORIUEPXUWFPY3JLR7SMKGTO4IH",
     "059af2476b5ac2e171b68b71493bb2b181de1428ed98abcdf2ccc277cb8b6dc0",
     "948f2b9f2dd3fcc6b0225bd359f1e32d19a60204",
     "fd1e550205366d380c31193d7c20987c969574d34c6881d8eb1a7ae5b3611f0b"},
    {'z', 19456000, "114b21c63a74b6ca922291a11177dd5c", "194ee9e4fa79b2ee9f8829284c466051",
     "EEXRXRAV5SIJN5I2EITKIBPCXQ6QWG4E",
     "82620b450186fcdba081604c63138bf4e92e487e4b6bf966ca4b77f18c37eb7a",
     "d0d3eea9b54d1a2159d25be626e74158a6098421",
     "8b150d4158b19bc95204c07e115f8d63cbe216ab815c5fe65cb702c79fdd38ec"},
    {'p', 9727999, "8bc46f92ea3ad078998cc7baf97c31c3", "", "SLR3I7UA5V6YG4QQJP4QMGZPMZONYN24",
     "d32d75f6ee8a0a6a7c8b6b8a4e26f53bd1bb2c349cc0fe0eb9e3335623dbb5a0",
     "92871bd1380930682876c4649e9adda3717ebeb6",
     "5eb830a180488788fe131bf79239258b198730b572b5946cff4026d43260e122"},
    {'p', 9728000, "22155255a2ed92712ccd01ad0eb9e8cb", "91c008dff530be53d16bdf71ee9ba342",
     "MYQ3BRL6UGOL7WQ5RRELBQBIEHHEOLA2",
     "4d20e6ead9ab76041bc4d9e38aa89b3487bd38017ef23d5ce851590f31a3ba92",
     "46ccd873b62a188c5d8b1518169e0e93cb916fbc",
     "1daf76afeb38ee060d7889ad4a48ac2248750a734a6eb9b082b18b85ff7b63ed"},
    {'p', 9728001, "07149b89efa248c03d7e2c5e734d2d88", "", "G2TH6EG22NJPRLF333AQ33DFRW2EJQDF",
     "af3e904f2f7a29d4ee29e6d00733d815357e7e3e76c52786869d1e0add328124",
     "29bfa7edf1971aeea74cc6249631894f6b8369a2",
     "54fe13451643dcc02b4a6a13d0ffb5ac25e80980265b8fbf51e34746c02bf714"},
    {'p', 19456000, "b22937d7a5bb74050fb54037fe573649", "90955b3afd7d14b68b672c584f88dd93",
     "ECCJUQRMCAPGZOS23YY3JGWLDB3BZQCX",
     "f6fd3b30482e484ee20764cce438ddc55362f266acb12a13a969723f9df1d1d7",
     "7ccbd00b6fe6106c0befd4a4d763d47446b31348",
     "777aa8e99c4ffe8626c84ad9f9965885ee458217e4d1f77a7f8847bf82609318"},
};

bytes content(char kind, std::size_t size) {
  bytes out(size);
  if (kind == 'p') {
    for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<byte>(i % 251);
  }
  return out;
}

content_hashes hash_of(const bytes& data, const hash_plan& plan, unsigned workers,
                       std::size_t step) {
  content_hasher hasher(plan, workers);
  for (std::size_t at = 0; at < data.size(); at += step) {
    hasher.push(byte_view(data).subspan(at, std::min(step, data.size() - at)));
  }
  return hasher.finish();
}

std::string info_hash(const std::string& name, std::uint64_t size, std::uint64_t piece_length,
                      const bytes& pieces) {
  const auto text = "d6:lengthi" + std::to_string(size) + "e4:name" + std::to_string(name.size()) +
                    ":" + name + "12:piece lengthi" + std::to_string(piece_length) + "e6:pieces" +
                    std::to_string(pieces.size()) + ":" + std::string(as_text(pieces)) + "e";
  return to_hex(sha1(as_bytes(text)));
}

struct scratch_file {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() /
      ("interswarm-hash-" + std::to_string(::getpid()) + "-" + std::to_string(counter++));
  explicit scratch_file(byte_view data) {
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(data.data()),
               static_cast<std::streamsize>(data.size()));
  }
  ~scratch_file() { std::filesystem::remove(path); }
  static inline int counter = 0;
};

} // namespace

TEST_CASE("one pass finds the names that other programs find") {
  const auto& row = GENERATE(from_range(std::begin(rows), std::end(rows)));
  CAPTURE(row.kind, row.size);
  const auto data = content(row.kind, row.size);
  hash_plan plan;
  plan.v1_piece_lengths = {16384, 65536, 100'000};
  const auto h = hash_of(data, plan, 3, 1'000'003);
  CHECK(h.size == row.size);
  CHECK(h.md5 == md5(data));
  CHECK(h.sha1 == sha1(data));
  CHECK(h.sha256 == sha256(data));
  if (*row.ed2k) {
    CHECK(to_hex(*h.ed2k_red) == row.ed2k);
    CHECK(to_hex(*h.ed2k_blue) == (*row.blue ? row.blue : row.ed2k));
    CHECK(to_base32(*h.aich_root) == row.aich);
  }
  CHECK(to_hex(*h.content_id) == row.root);
  CHECK(h.ppspp_sha1.has_value() == (row.size != 0));
  if (h.ppspp_sha1) {
    CHECK(to_hex(h.ppspp_sha1->root()) == row.ppspp_sha1);
    CHECK(to_hex(h.ppspp_sha256->root()) == row.ppspp_sha256);
    CHECK(ppspp_root_of_peaks(hash_algorithm::sha1, h.ppspp_sha1->peaks()) == h.ppspp_sha1->root());
    CHECK(ppspp_root_of_peaks(hash_algorithm::sha256, h.ppspp_sha256->peaks()) ==
          h.ppspp_sha256->root());
  }
  for (const auto& list : {bep52_hash_list(h), bep52_hash_list(h, 1 << 20), ed2k_hash_list(h),
                           aich_hash_list(h), v1_hash_list(h, 100'000)}) {
    const auto checked = checked_hash_list::make(list);
    REQUIRE(checked);
    if (row.size != 0) CHECK(checked->verify_range({0, row.size}, data));
  }
}

TEST_CASE("v1 pieces give the info-hashes that rhash computes") {
  hash_plan plan = hash_plan::none();
  plan.v1_piece_lengths = {16384, 32768, 65536};
  const auto odd = hash_of(content('p', 9728001), plan, 2, 4096);
  CHECK(info_hash("p9728001.bin", 9728001, 16384, odd.v1_pieces.at(16384)) ==
        "005cd97d97758eb1fc1841ab4e05016217e8e438");
  CHECK(info_hash("p9728001.bin", 9728001, 65536, odd.v1_pieces.at(65536)) ==
        "7cfde6c5228d2bcceeeb225d696dc3a66d193bcd");
  const auto zeros = hash_of(content('z', 19456000), plan, 2, 1 << 20);
  CHECK(info_hash("z19456000.bin", 19456000, 32768, zeros.v1_pieces.at(32768)) ==
        "7d55cfbe9f354a40e12c952f641c66560d47e72a");
  const auto none = hash_of({}, plan, 2, 1);
  CHECK(info_hash("z0.bin", 0, 16384, none.v1_pieces.at(16384)) ==
        "1535e5bbc2308bde8d5d7d49d5349f8445915db3");
  CHECK_FALSE(none.md5);
  CHECK_FALSE(none.content_id);
}

TEST_CASE("the number of workers does not change a name") {
  const auto data = content('p', 40'000'001); // more than the window of blocks
  hash_plan plan;
  plan.v1_piece_lengths = {262144};
  const auto one = hash_of(data, plan, 1, 777'777);
  const auto many = hash_of(data, plan, 17, 9'999'999); // units are dealt out to 4 lanes each
  CHECK(one.md5 == many.md5);
  CHECK(one.bep52_leaves == many.bep52_leaves);
  CHECK(one.ed2k_parts == many.ed2k_parts);
  CHECK(one.aich_leaves == many.aich_leaves);
  CHECK(one.v1_pieces == many.v1_pieces);
  CHECK(one.ppspp_sha256->nodes == many.ppspp_sha256->nodes);
  CHECK(one.ed2k_parts.size() == 5 * 16);
  CHECK(one.v1_pieces.at(262144).size() == 153 * 20);
}

TEST_CASE("a hasher that is dropped midway stops") {
  content_hasher hasher({}, 2);
  hasher.push(content('z', 5'000'000));
  CHECK(hasher.pushed() == 5'000'000);
}

TEST_CASE("a plan without any name still counts bytes and ends") {
  CHECK(hash_of(content('z', 80 << 20), hash_plan::none(), 2, 1 << 20).size == 80 << 20);
}

TEST_CASE("piece lengths are bounded") {
  hash_plan plan;
  plan.v1_piece_lengths.assign(limits::hasher_piece_lengths, 5);
  CHECK(content_hasher::check(plan));
  plan.v1_piece_lengths.push_back(5);
  CHECK(content_hasher::check(plan).error().code == errc::too_large);
  plan.v1_piece_lengths = {0};
  CHECK(content_hasher::check(plan).error().code == errc::malformed);
  CHECK(range_hasher::make(5, plan).error().code == errc::malformed);
}

TEST_CASE("a file is hashed as its bytes are") {
  const auto data = content('p', 3'000'000);
  const scratch_file file(data);
  std::uint64_t last = 0;
  const auto h = hash_file(file.path, {}, 2, [&](std::uint64_t done, std::uint64_t total) {
    last = done;
    return total == 3'000'000;
  });
  REQUIRE(h);
  CHECK(last == 3'000'000);
  CHECK(h->sha256 == sha256(data));
  CHECK(hash_file(file.path, {}, 2, [](auto, auto) { return false; }).error().code ==
        errc::cancelled);
}

TEST_CASE("what is no readable file is one clear error") {
  CHECK(hash_file("/nonexistent/file", {}).error().text ==
        "cannot open /nonexistent/file: No such file or directory");
  CHECK(hash_file("/tmp", {}).error().code == errc::malformed);
  CHECK(hash_file("/dev/null", {}).error().code == errc::malformed);
  const auto pipe =
      std::filesystem::temp_directory_path() / ("interswarm-pipe-" + std::to_string(::getpid()));
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(hash_file(pipe, {}).error().code == errc::malformed);
  std::filesystem::remove(pipe);
}

TEST_CASE("a file that grows while it is hashed is refused") {
  const scratch_file file(content('p', 3'000'000));
  const auto h = hash_file(file.path, {}, 1, [&, once = true](auto, auto) mutable {
    if (std::exchange(once, false)) std::ofstream(file.path, std::ios::app) << "more";
    return true;
  });
  REQUIRE_FALSE(h);
  CHECK(h.error().code == errc::conflict);
}

TEST_CASE("verified bytes in any order give the same lists") {
  const auto seed = Catch::rngSeed() != 0 ? Catch::rngSeed() : std::random_device{}();
  CAPTURE(seed); // repeat with --rng-seed
  std::mt19937 random(seed);
  const auto data = std::make_shared<const bytes>(content('p', 2 * ed2k_part_size + 12'345));
  const slice all(data, *data);
  hash_plan plan;
  plan.v1_piece_lengths = {262144, 50'001};
  const auto expected = hash_of(*data, plan, 2, 1 << 20);
  auto hasher = range_hasher::make(data->size(), plan).value();
  CHECK_FALSE(hasher.complete());
  CHECK(hasher.needed() == range_set{{0, data->size()}});

  std::vector<std::uint64_t> order;
  constexpr std::uint64_t step = 100'000;
  for (std::uint64_t at = 0; at < data->size(); at += step) order.push_back(at);
  std::shuffle(order.begin(), order.end(), random);
  for (const auto at : order) {
    // Overlaps with what was brought before, and reaches beyond the end.
    const auto end = std::min<std::uint64_t>(data->size(), at + step + random() % 5'000);
    hasher.add(at, all.sub(at, end - at));
    REQUIRE(hasher.held_bytes() <= limits::range_hasher_held_bytes);
  }
  int rounds = 0;
  while (!hasher.complete()) {
    REQUIRE(++rounds < 100);
    for (const auto r : hasher.needed()) hasher.add(r.begin, all.sub(r.begin, r.size()));
  }
  CHECK(hasher.held_bytes() == 0);
  const auto found = hasher.found();
  CHECK(found.content_id == expected.content_id);
  CHECK(found.bep52_leaves == expected.bep52_leaves);
  CHECK(found.ed2k_red == expected.ed2k_red);
  CHECK(found.aich_root == expected.aich_root);
  CHECK(found.v1_pieces == expected.v1_pieces);
}

TEST_CASE("a range hasher tells which lists are complete") {
  const auto data = content('p', ed2k_part_size + 5);
  hash_plan plan = hash_plan::none();
  plan.bep52 = plan.ed2k = true;
  auto hasher = range_hasher::make(data.size(), plan).value();
  hasher.add(ed2k_part_size, slice::copy_of(byte_view(data).subspan(ed2k_part_size)));
  CHECK(hasher.needed() == range_set{{0, ed2k_part_size}});
  CHECK(hasher.held_bytes() == 5); // early in its BEP 52 leaf, complete as an ed2k part
  hasher.add(0, slice::copy_of(byte_view(data).first(ed2k_part_size)));
  hasher.add(data.size(), slice::copy_of(bytes(10)));
  CHECK(hasher.complete());
  CHECK(to_hex(*hasher.found().ed2k_red).size() == 32);
  CHECK_FALSE(hasher.found().aich_root);
}

TEST_CASE("a range hasher holds no more than its limits") {
  hash_plan plan = hash_plan::none();
  plan.ed2k = true;
  auto hasher = range_hasher::make(ed2k_part_size * 3, plan).value();
  const auto chunk = slice::copy_of(bytes(1 << 20));
  for (std::uint64_t part = 0; part < 3; ++part) { // each without its first byte
    for (int i = 0; i < 9; ++i) hasher.add(part * ed2k_part_size + 1 + i * chunk.size(), chunk);
  }
  CHECK(hasher.held_bytes() <= limits::range_hasher_held_bytes);
  CHECK(hasher.held_bytes() > limits::range_hasher_held_bytes - (1 << 20));

  plan = hash_plan::none();
  plan.bep52 = true;
  const auto leaves = limits::range_hasher_open_units + 1;
  auto many = range_hasher::make(leaves * bep52_leaf_size, plan).value();
  for (std::uint64_t i = 0; i < leaves; ++i)
    many.add(i * bep52_leaf_size, slice::copy_of(bytes(1)));
  CHECK(
      many.needed().contains({(leaves - 1) * bep52_leaf_size, (leaves - 1) * bep52_leaf_size + 1}));
  CHECK_FALSE(
      many.needed().contains({(leaves - 2) * bep52_leaf_size, (leaves - 2) * bep52_leaf_size + 1}));
}
