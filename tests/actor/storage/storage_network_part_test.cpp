#include "schema/base/encoding.hpp"
#include "tests/actor/storage/cluster.hpp"

#include <fstream>

using namespace interswarm;
using namespace interswarm::storage::testing;

namespace {

constexpr std::uint64_t leaf = bep52_leaf_size;
constexpr std::size_t size = 10 * leaf + 100;

byte_view of(const bytes& data, std::uint64_t begin, std::uint64_t end) {
  return byte_view(data).subspan(begin, end - begin);
}

/// Three copies, nothing kept in memory but leaves.
struct three : cluster {
  three()
      : cluster([] {
          storage::storage_network_options o;
          o.cache_bytes = 0;
          o.copies = o.least_copies = 3;
          return o;
        }()) {
    for (int i = 0; i < 3; ++i) add();
    REQUIRE(put(data));
  }
  /// Who is asked first.
  node& first() {
    for (auto& n : nodes) n.faults->gets = 0;
    REQUIRE(part(data, 0, leaf));
    for (auto& n : nodes)
      if (n.faults->gets > 0) return n;
    FAIL("nobody was asked");
    return nodes[0];
  }
  bytes data = content(size, 11);
};

} // namespace

TEST_CASE("storage network: parts of a chunk are read without the rest", "[storage]") {
  three c;
  for (const auto& [begin, end] : {std::pair<std::uint64_t, std::uint64_t>{0, leaf},
                                   {3 * leaf, 7 * leaf},
                                   {10 * leaf, size},
                                   {0, size}}) {
    const auto before = c.asked_bytes();
    const auto got = c.part(c.data, begin, end);
    REQUIRE(got);
    CHECK(equal(got->data, of(c.data, begin, end)));
    CHECK(c.asked_bytes() - before == end - begin);
  }
  SECTION("but not across a leaf, beyond the end, or of nothing") {
    CHECK(c.part(c.data, 1, leaf).error().code == errc::malformed);
    CHECK(c.part(c.data, leaf, leaf).error().code == errc::malformed);
    CHECK(c.part(c.data, 2 * leaf, leaf).error().code == errc::malformed);
    CHECK(c.part(c.data, 0, 11 * leaf).error().code == errc::malformed);
    CHECK(c.part(c.data, 0, 300 * leaf).error().code == errc::malformed);
    // An end within a leaf cannot be checked.
    CHECK_FALSE(c.part(c.data, 0, leaf - 1));
    CHECK(c.part(content(5, 5), 0, 5).error().code == errc::not_found);
  }
}

TEST_CASE("storage network: parts pass over nodes that are silent, lie or go", "[storage]") {
  three c;
  auto& first = c.first();
  const auto read = [&] {
    const auto got = c.part(c.data, leaf, 3 * leaf);
    REQUIRE(got);
    CHECK(equal(got->data, of(c.data, leaf, 3 * leaf)));
  };
  SECTION("silent") { first.faults->silent = 1; }
  SECTION("gone") { cluster::stop(first); }
  SECTION("lying") {
    first.faults->lies = 1;
    read();
    // It is told to look after its copy.
    CHECK(eventually([&] { return first.faults->scrubs == 1; }));
  }
  read();
}

TEST_CASE("storage network: a part that all give wrongly is refuted", "[storage]") {
  three c;
  for (auto& n : c.nodes) n.faults->lies = 1;
  CHECK(c.part(c.data, 0, leaf).error().code == errc::refuted);
}

TEST_CASE("storage network: nodes that have too much to do are asked again", "[storage]") {
  three c;
  for (auto& n : c.nodes) n.faults->crowded = 3;
  c.nodes[0].faults->crowded = 2;
  CHECK(equal(c.chunk(c.data)->data, c.data));
  for (auto& n : c.nodes) n.faults->crowded = 2;
  CHECK(c.part(c.data, 0, leaf));
  SECTION("but not for ever") {
    storage::storage_network_options o;
    o.patience = 100ms;
    cluster hasty(o);
    hasty.add();
    hasty.add();
    REQUIRE(hasty.put(c.data));
    for (auto& n : hasty.nodes) n.faults->crowded = 1000;
    CHECK(hasty.chunk(c.data).error().code == errc::overloaded);
    CHECK(hasty.part(c.data, 0, leaf).error().code == errc::overloaded);
  }
}

TEST_CASE("storage network: leaves are checked as well", "[storage]") {
  three c;
  // All lie about them but one, whichever is asked first.
  c.nodes[0].faults->lying_leaves = c.nodes[1].faults->lying_leaves = 1;
  const auto got = c.part(c.data, 0, 2 * leaf);
  REQUIRE(got);
  CHECK(equal(got->data, of(c.data, 0, 2 * leaf)));
  // They are known now.
  c.nodes[2].faults->lying_leaves = 1;
  CHECK(c.part(c.data, 2 * leaf, 4 * leaf));
  const auto other = content(size, 12);
  REQUIRE(c.put(other));
  CHECK(c.part(other, 0, leaf).error().code == errc::refuted);
}

TEST_CASE("storage network: a damaged copy is passed over and found by its node", "[storage]") {
  three c;
  auto& first = c.first();
  const auto name = name_chunk(c.data);
  const auto file =
      first.folder->file("chunks") + "/" + to_hex(byte_view(name).first(1)) + "/" + to_hex(name);
  {
    std::fstream image(file, std::ios::in | std::ios::out | std::ios::binary);
    REQUIRE(image);
    image.seekp(16 + 11 * 32 + 5 * static_cast<std::streamoff>(leaf));
    image.put(static_cast<char>(~c.data[5 * leaf]));
  }
  const auto got = c.part(c.data, 5 * leaf, 6 * leaf);
  REQUIRE(got);
  CHECK(equal(got->data, of(c.data, 5 * leaf, 6 * leaf)));
  const auto condition = [&] { return first.store->find(name).value().value().condition; };
  CHECK(eventually([&] { return condition() == chunk_condition::damaged; }));
  // So is one that is read wholly.
  CHECK(equal(c.chunk(c.data)->data, c.data));
}

TEST_CASE("storage network: a source fetches what its reader wants", "[storage]") {
  cluster c([] {
    storage::storage_network_options o;
    o.cache_bytes = 2 * chunk_bytes;
    return o;
  }());
  c.add();
  c.add();
  const auto data = content(5 * chunk_bytes, 13);
  msg::stored_content stored;
  stored.record.size = data.size();
  const auto leaves = bep52_leaves(data);
  stored.record.content_id = slice::copy_of(bep52_root(leaves));
  stored.chunks = slice(name_chunks(leaves));
  for (std::uint64_t i = 0; i < 5; ++i) {
    const auto r = chunk_range(data.size(), i);
    REQUIRE(c.put({data.begin() + static_cast<std::ptrdiff_t>(r.begin),
                   data.begin() + static_cast<std::ptrdiff_t>(r.end)}));
  }
  const auto source = ask<msg::storage_network_open_result>(c.w.system, c.network,
                                                            msg::storage_network_open{stored})
                          ->source;
  const auto read = [&](std::uint64_t begin, std::uint64_t end) {
    const auto got = ask<msg::source_read_result>(c.w.system, source,
                                                  msg::source_read{{begin, end}, 10'000, false});
    REQUIRE(got);
    CHECK(equal(got->data, of(data, begin, end)));
  };
  // Pieces: their leaves and no more, also over a chunk's end.
  read(3 * chunk_bytes + 5 * leaf + 1, 3 * chunk_bytes + 7 * leaf - 1);
  CHECK(c.asked_bytes() == 2 * leaf);
  read(2 * chunk_bytes - 1, 2 * chunk_bytes + 1);
  CHECK(c.asked_bytes() == 4 * leaf);
  // In order: chunks, and those that follow.
  read(0, 512 << 10);
  read(512 << 10, 576 << 10);
  CHECK(eventually([&] { return c.asked_bytes() >= 4 * chunk_bytes; }));
}
