#include "actors/storage/read_pattern.hpp"
#include "actors/storage/repair_pace.hpp"
#include "storage/chunk.hpp"
#include "tests/catch.hpp"

using namespace interswarm;
using namespace interswarm::storage;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t mib = 1024 * kib;

byte_range at(std::uint64_t begin, std::uint64_t size) { return {begin, begin + size}; }

} // namespace

TEST_CASE("read pattern: who goes on is read ahead for, whoever reads in between") {
  read_pattern p;
  CHECK(p.next(at(0, 256 * kib)) == read_way::part);
  CHECK(p.next(at(900 * mib, 64 * kib)) == read_way::part);
  // Not yet, it may be a coincidence.
  CHECK(p.next(at(256 * kib, 256 * kib)) == read_way::part);
  CHECK(p.next(at(900 * mib + 64 * kib, mib)) == read_way::ahead);
  CHECK(p.next(at(512 * kib, 1)) == read_way::ahead);
  CHECK(p.next(at(512 * kib + 1, mib)) == read_way::ahead);
  // It has gone on already.
  CHECK(p.next(at(512 * kib + 1, 64 * kib)) == read_way::part);
  SECTION("as long as it is one of the last") {
    for (std::uint64_t i = 0; i < read_pattern::readers; ++i)
      CHECK(p.next(at((2 + 2 * i) * chunk_bytes, 1)) == read_way::part);
    CHECK(p.next(at(512 * kib + 1 + mib, 1)) == read_way::part);
  }
}

TEST_CASE("read pattern: the beginning is not what follows nothing") {
  read_pattern p;
  CHECK(p.next(at(0, 1)) == read_way::part);
  CHECK(p.next(at(0, 1)) == read_way::part);
}

TEST_CASE("read pattern: pieces of a chunk are read alone until they are twice its size") {
  read_pattern p;
  // Backwards: never in order.
  std::uint64_t alone = 0;
  for (std::uint64_t i = 95; i > 0; --i) {
    if (p.next(at(7 * chunk_bytes + i % 32 * 128 * kib, 128 * kib)) != read_way::part) break;
    alone += 128 * kib;
  }
  CHECK(alone == read_pattern::enough);
  // Then counting begins anew, for this chunk as for any other.
  CHECK(p.next(at(7 * chunk_bytes, 128 * kib)) == read_way::part);
  CHECK(p.next(at(9 * chunk_bytes, 128 * kib)) == read_way::part);
}

TEST_CASE("read pattern: a large read is no piece") {
  read_pattern p;
  CHECK(p.next(at(5 * mib, read_pattern::large)) == read_way::chunks);
  CHECK(p.next(at(50 * mib, read_pattern::large - 1)) == read_way::part);
}

TEST_CASE("read pattern: it keeps no more than a bounded number of chunks in mind") {
  read_pattern p;
  for (std::uint64_t i = 0; i < 8; ++i)
    CHECK(p.next(at(chunk_bytes + (i % 2 + 1) * mib, mib - 1)) == read_way::part);
  for (std::uint64_t i = 0; i < read_pattern::counted; ++i)
    CHECK(p.next(at((10 + 2 * i) * chunk_bytes, 1)) == read_way::part);
  // Forgotten: else this would be enough.
  CHECK(p.next(at(chunk_bytes + mib, mib - 1)) == read_way::part);
}

TEST_CASE("repair pace: slower while others read") {
  repair_pace p({100, 10});
  CHECK(p.bytes_per_second() == 100);
  p.heard({{"a", 500 * mib}, {"b", 0}}, 0, 10s);
  // What was given before is nobody's now.
  CHECK(p.bytes_per_second() == 100);
  p.heard({{"a", 501 * mib}, {"b", 2 * mib}}, 0, 12s);
  CHECK(p.bytes_per_second() == 10);
  SECTION("what the repair reads itself does not count") {
    p.heard({{"a", 600 * mib}, {"b", 2 * mib}}, 99 * mib, 14s);
    CHECK(p.bytes_per_second() == 100);
    // Read from memory: fewer were given than it had.
    p.heard({{"a", 600 * mib}, {"b", 2 * mib}}, 199 * mib, 16s);
    CHECK(p.bytes_per_second() == 100);
  }
  SECTION("a node that began anew") {
    p.heard({{"a", 0}, {"b", 2 * mib}}, 0, 14s);
    CHECK(p.bytes_per_second() == 100);
    p.heard({{"a", 0}, {"b", 1 * mib + 2 * mib * kib}}, 0, 14s); // no time has passed
    CHECK(p.bytes_per_second() == 100);
    p.heard({{"a", 3 * mib}, {"b", 2 * mib}}, 0, 16s);
    CHECK(p.bytes_per_second() == 10);
  }
  SECTION("a node that is new has given to others before") {
    p.heard({{"a", 501 * mib}, {"b", 2 * mib}, {"c", 900 * mib}}, 0, 14s);
    CHECK(p.bytes_per_second() == 100);
  }
  SECTION("just what is not noticed") {
    p.heard({{"a", 501 * mib + 2 * repair_pace::notice}, {"b", 2 * mib}}, 0, 14s);
    CHECK(p.bytes_per_second() == 100);
    p.heard({{"a", 501 * mib + 4 * repair_pace::notice + 2000}, {"b", 2 * mib}}, 0, 16s);
    CHECK(p.bytes_per_second() == 10);
  }
}
