// What holds wherever chunks lie: also part of the tests over RADOS.
#include "storage/hash_trees.hpp"
#include "tests/catch.hpp"
#include "tests/chunk_place.hpp"

#include <filesystem>
#include <random>
#include <thread>

using namespace interswarm;

namespace {

constexpr std::uint64_t mib = 1024 * 1024;

const bytes film{'f', 'i', 'l', 'm'};
const bytes book{'b', 'o', 'o', 'k'};

} // namespace

TEST_CASE("the names of a content's chunks hash up to its content id") {
  const auto size = GENERATE(std::size_t{1}, std::size_t{16384}, std::size_t{16385},
                             std::size_t{4 * mib}, std::size_t{4 * mib + 1}, std::size_t{9 * mib});
  const auto data = chunk_content(size, 1);
  const auto leaves = bep52_leaves(data);
  const auto names = name_chunks(leaves);
  REQUIRE(names.size() == chunk_count(size) * 32);
  for (std::uint64_t i = 0; i < chunk_count(size); ++i) {
    const auto r = chunk_range(size, i);
    const auto name = name_chunk(byte_view(data).subspan(r.begin, r.size()));
    CHECK(equal(name, byte_view(names).subspan(i * 32, 32)));
  }
  if (size > chunk_bytes) CHECK(bep52_root_of_layer(names, chunk_bytes) == bep52_root(leaves));
}

TEST_CASE("no part of a chunk's head passes for the whole") {
  const auto data = chunk_content(40'000, 2);
  const auto name = name_chunk(data);
  const chunk_head head{40'000, bep52_leaves(data)};
  const auto image = head.encode();
  REQUIRE(image.size() == head.encoded_bytes());
  const auto whole = chunk_head::decode(image, name);
  REQUIRE(whole);
  CHECK(whole->size == 40'000);
  CHECK(whole->matches(16'384, byte_view(data).subspan(16'384)));
  CHECK_FALSE(whole->matches(16'384, byte_view(data).subspan(16'384, 100)));
  CHECK_FALSE(whole->matches(0, byte_view(data).subspan(16'384, 16'384)));
  CHECK_FALSE(whole->matches(16'384, chunk_content(40'000, 2)));
  for (std::size_t n = 0; n < image.size(); ++n) {
    CHECK_FALSE(chunk_head::decode(byte_view(image).first(n), name));
    auto wrong = image;
    wrong[n] ^= 0x10;
    CHECK_FALSE(chunk_head::decode(wrong, name));
  }
}

TEST_CASE("a chunk is read in any ranges, also by the next process") {
  const auto place = make_chunk_place();
  const auto size =
      GENERATE(std::size_t{1}, std::size_t{16384}, std::size_t{100'000}, std::size_t{4 * mib});
  const auto data = chunk_content(size, 3);
  const auto name = name_chunk(data);
  {
    store_at s(*place);
    CHECK(s->get(name, {0, 1}).error().code == errc::not_found);
    REQUIRE(s->put(name, data, film, 100));
  }
  store_at s(*place);
  CHECK(s->usage()->chunks == 1);
  CHECK(s->usage()->used_bytes == place->length(name));
  std::mt19937 random(7);
  for (int i = 0; i < 50; ++i) {
    const auto begin = random() % size;
    const byte_range r{begin, begin + 1 + random() % (size - begin)};
    const auto got = s->get(name, r);
    REQUIRE(got);
    CHECK(equal(*got, byte_view(data).subspan(r.begin, r.size())));
  }
  CHECK(s->get(name, {0, 0})->empty());
  CHECK(s->get(name, {0, size + 1}).error().code == errc::malformed);
  CHECK(s->get(name, {2, 1}).error().code == errc::malformed);
  CHECK(s->find(name).value()->size == size);
}

TEST_CASE("only the bytes of the name are stored") {
  const auto place = make_chunk_place();
  store_at s(*place);
  const auto data = chunk_content(5000, 4);
  auto other = data;
  other[77] ^= 1;
  CHECK(s->put(name_chunk(data), other, film, 100).error().code == errc::refuted);
  CHECK(s->put(name_chunk(data), {}, film, 100).error().code == errc::malformed);
  CHECK(s->put(name_chunk(data), bytes(chunk_bytes + 1), film, 100).error().code ==
        errc::malformed);
  CHECK(s->put(name_chunk(data), data, {}, 100).error().code == errc::malformed);
  CHECK(s->put(name_chunk(data), data, bytes(limits::holder_bytes + 1), 100).error().code ==
        errc::malformed);
  CHECK(s->hold(std::vector<chunk_name>(limits::chunk_batch + 1), film).error().code ==
        errc::too_large);
  CHECK(s->usage()->chunks == 0);
  CHECK(s->put(name_chunk(data), data, bytes(limits::holder_bytes), 100));
}

TEST_CASE("a chunk goes when nobody holds it for long enough") {
  const auto place = make_chunk_place();
  store_at s(*place);
  const auto shared = chunk_content(70'000, 5);
  const auto own = chunk_content(70'000, 6);
  const auto absent = name_chunk(chunk_content(10, 7));
  REQUIRE(s->put(name_chunk(shared), shared, film, 100));
  REQUIRE(s->put(name_chunk(own), own, film, 100));
  CHECK(s->hold({name_chunk(shared), absent}, book).value() == std::vector{absent});
  CHECK(s->holders({}, 10).value() == std::vector<bytes>{book, film});
  CHECK(s->holders(book, 10).value() == std::vector<bytes>{film});

  CHECK(s->release(film, 200).value() == 2);
  CHECK(s->release(film, 250).value() == 0);
  CHECK(s->collect(199, 10).value() == 0);
  CHECK(s->collect(200, 10).value() == 1);
  CHECK(s->get(name_chunk(own), {0, 1}).error().code == errc::not_found);
  CHECK(s->get(name_chunk(shared), {0, 1}));

  // What is wanted again in time stays.
  CHECK(s->release(book, 300).value() == 1);
  CHECK(s->hold({name_chunk(shared)}, film)->empty());
  CHECK(s->collect(1000, 10).value() == 0);
  CHECK(s->release(film, 400).value() == 1);
  CHECK(s->collect(1000, 10).value() == 1);
  CHECK(s->usage()->chunks == 0);
  CHECK(s->usage()->used_bytes == 0);
}

TEST_CASE("a chunk that moved away goes whoever held it") {
  const auto place = make_chunk_place();
  store_at s(*place);
  const auto data = chunk_content(70'000, 5);
  const auto stays = chunk_content(70'000, 6);
  REQUIRE(s->put(name_chunk(data), data, film, 100));
  REQUIRE(s->put(name_chunk(data), data, book, 100));
  REQUIRE(s->put(name_chunk(stays), stays, book, 100));
  REQUIRE(s->remove({name_chunk(data), name_chunk(chunk_content(1, 1))}, 200));
  CHECK(s->remove(std::vector<chunk_name>(limits::chunk_batch + 1), 200).error().code ==
        errc::too_large);
  CHECK(s->collect(199, 10).value() == 0);
  CHECK(s->collect(200, 10).value() == 1);
  CHECK(s->release(book, 300).value() == 1);
  CHECK(s->release(film, 300).value() == 0);
}

TEST_CASE("a flipped byte is never given, is found by a check and healed by a put") {
  const auto place = make_chunk_place();
  const auto data = chunk_content(200'000, 8);
  const auto name = name_chunk(data);
  store_at s(*place);
  REQUIRE(s->put(name, data, film, 100));
  const auto used = s->usage()->used_bytes;
  const chunk_head head{200'000, bep52_leaves(data)};
  // In the head, in its leaves, in the bytes.
  const auto at = GENERATE_COPY(std::int64_t{9}, std::int64_t{40},
                                static_cast<std::int64_t>(head.encoded_bytes()) + 100'000);
  place->flip_byte(name, at);
  CHECK(s->check(name, 150).value() == chunk_condition::damaged);
  CHECK(s->get(name, {99'000, 101'000}).error().code == errc::refuted);
  CHECK(s->hold({name}, book).value() == std::vector{name});
  REQUIRE(s->not_good(10)->size() == 1);
  CHECK(s->not_good(10)->front().checked_at == 150);
  CHECK(s->usage()->bad_chunks == 1);
  CHECK(s->least_checked(10)->empty());
  REQUIRE(s->put(name, data, film, 160));
  CHECK(s->check(name, 170).value() == chunk_condition::good);
  CHECK(equal(*s->get(name, {0, 200'000}), data));
  CHECK(s->usage()->bad_chunks == 0);
  CHECK(s->usage()->chunks == 1);
  CHECK(s->usage()->used_bytes == used);
}

TEST_CASE("a reader notices damage before the scrub does") {
  const auto place = make_chunk_place();
  const auto data = chunk_content(200'000, 9);
  const auto name = name_chunk(data);
  store_at s(*place);
  REQUIRE(s->put(name, data, film, 100));
  place->flip_byte(name, 150'000);
  CHECK(equal(*s->get(name, {0, 16'384}), bytes(data.begin(), data.begin() + 16'384)));
  CHECK(s->get(name, {149'000, 151'000}).error().code == errc::refuted);
  CHECK(s->not_good(10)->size() == 1);
}

TEST_CASE("chunks that went from the disk are lost, and those that came are adopted") {
  const auto place = make_chunk_place();
  const auto one = chunk_content(50'000, 10);
  const auto two = chunk_content(50'000, 11);
  const auto three = chunk_content(50'000, 12);
  {
    store_at s(*place);
    for (const auto& data : {one, two, three}) REQUIRE(s->put(name_chunk(data), data, film, 100));
    place->remove(name_chunk(one));
    CHECK(s->check(name_chunk(one), 110).value() == chunk_condition::lost);
    CHECK(s->usage()->chunks == 2);
    place->remove(name_chunk(two));
    CHECK(s->check(name_chunk(chunk_content(1, 1)), 110).error().code == errc::not_found);
  }
  {
    store_at s(*place);
    CHECK(s->not_good(10)->size() == 2);
    CHECK(s->usage()->chunks == 1);
    // Its holders still want it: a put is enough to have it again.
    REQUIRE(s->put(name_chunk(one), one, book, 120));
    CHECK(s->release(book, 130).value() == 1);
    CHECK(s->collect(1000, 10).value() == 0);
  }
  // The index is lost.
  for (const auto* ending : {"", "-wal", "-shm"}) std::filesystem::remove(place->index() + ending);
  place->overwrite(name_chunk(two), "no chunk");
  store_at s(*place, no_quota, 500);
  CHECK(s->usage()->chunks == 2);
  CHECK(equal(*s->get(name_chunk(one), {0, 50'000}), one));
  CHECK(s->find(name_chunk(one)).value()->unheld_since == 500);
  CHECK_FALSE(place->length(name_chunk(two)));
  CHECK(s->collect(499, 10).value() == 0);
  CHECK(s->hold({name_chunk(one)}, film)->empty());
  CHECK(s->collect(500, 10).value() == 1);
}

TEST_CASE("a full store refuses and keeps what it has") {
  const auto place = make_chunk_place();
  const auto first = chunk_content(mib, 13);
  const auto second = chunk_content(mib, 14);
  SECTION("by its quota") {
    store_at s(*place, mib + 100'000);
    REQUIRE(s->put(name_chunk(first), first, film, 100));
    CHECK(s->put(name_chunk(second), second, film, 100).error().code == errc::no_room);
    s->set_quota(3 * mib);
    CHECK(s->put(name_chunk(second), second, book, 100));
    s->release(book, 100).value();
    CHECK(s->collect(100, 1).value() == 1);
    s->set_quota(mib + 100'000);
    CHECK(s->put(name_chunk(first), first, book, 100)); // no second copy
    CHECK(equal(*s->get(name_chunk(first), {0, mib}), first));
    CHECK(s->usage()->chunks == 1);
    s->release(film, 100).value();
    s->release(book, 100).value();
    CHECK(s->collect(100, 1).value() == 1);
    CHECK(s->put(name_chunk(second), second, film, 100));
  }
  SECTION("by its number of chunks") {
    store_at s(*place, no_quota, 100, 1);
    REQUIRE(s->put(name_chunk(first), first, film, 100));
    CHECK(s->put(name_chunk(second), second, film, 100).error().code == errc::no_room);
  }
}

TEST_CASE("putters at the same time share the index") {
  const auto place = make_chunk_place();
  store_at s(*place);
  std::vector<std::thread> all;
  std::atomic<int> failures{0};
  for (std::uint32_t t = 0; t < 8; ++t) {
    all.emplace_back([&, t] {
      for (std::uint32_t i = 0; i < 20; ++i) {
        // Each chunk by two threads.
        const auto data = chunk_content(20'000, (t / 2) * 1000 + i);
        const bytes holder{static_cast<byte>(t + 1)};
        if (!s->put(name_chunk(data), data, holder, 100)) ++failures;
        if (!s->get(name_chunk(data), {0, 20'000})) ++failures;
        if (i % 5 == 4 && !s->collect(1000, 100)) ++failures;
      }
    });
  }
  for (auto& t : all) t.join();
  CHECK(failures == 0);
  CHECK(s->usage()->chunks == 80);
  CHECK(s->holders({}, 100)->size() == 8);
}

TEST_CASE("a place tells its room") {
  const auto place = make_chunk_place();
  const auto room = place->open().value()->room();
  REQUIRE(room);
  REQUIRE(*room > 4 * 1024 * 1024);
  REQUIRE(*room < 1ull << 50);
}
