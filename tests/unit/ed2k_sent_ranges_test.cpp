#include "actors/overlays/ed2k/limits.hpp"
#include "actors/overlays/ed2k/sent_ranges.hpp"
#include "schema/ed2k/geometry.hpp"
#include "tests/catch.hpp"

#include <set>

using namespace interswarm;
using namespace interswarm::ed2k;

TEST_CASE("ed2k requests: no two have the same offsets, whatever the file") {
  sent_ranges sent;
  std::set<std::pair<std::uint64_t, std::uint64_t>> seen;
  const byte_range block{3 * block_bytes, 4 * block_bytes};
  CHECK(sent.cut(block) == std::vector{block});
  seen.emplace(block.begin, block.end);
  for (std::size_t i = 1; i < 2 * limits::max_downloads_per_client; ++i) {
    const auto runs = sent.cut(block);
    REQUIRE(runs.size() == 2);
    CHECK(runs[0].begin == block.begin);
    CHECK(runs[0].end == runs[1].begin);
    CHECK(runs[1].end == block.end);
    for (const auto& r : runs) {
      CHECK(r.size() > 0);
      CHECK(seen.emplace(r.begin, r.end).second);
    }
  }
  CHECK(sent.cut({0, block_bytes}) == std::vector<byte_range>{{0, block_bytes}});
}

TEST_CASE("ed2k requests: what cannot be cut is asked for as it is") {
  sent_ranges sent;
  for (int i = 0; i < 3; ++i) {
    CHECK(sent.cut({7, 8}) == std::vector<byte_range>{{7, 8}});
    const auto runs = sent.cut({10, 12});
    CHECK(runs.front().begin == 10);
    CHECK(runs.back().end == 12);
  }
}

TEST_CASE("ed2k requests: the memory of them is bounded") {
  sent_ranges sent;
  for (std::uint64_t i = 0; i < limits::max_sent_ranges; ++i) sent.cut({i * 10, i * 10 + 10});
  // Full: it begins anew, and the uploader's own memory is about as long.
  CHECK(sent.cut({0, 10}) == std::vector<byte_range>{{0, 10}});
}
