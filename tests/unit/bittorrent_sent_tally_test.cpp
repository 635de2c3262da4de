#include "actors/overlays/bittorrent/sent_tally.hpp"
#include "tests/catch.hpp"

using namespace interswarm::bittorrent;

namespace {

constexpr std::uint32_t block = 16'384;
constexpr std::uint64_t message = block + 13;

} // namespace

TEST_CASE("sent tally: nothing is missing where everything was told") {
  sent_tally t;
  t.queued(block);
  t.queued(777);
  t.told(block);
  t.told(777);
  CHECK(t.left(message + 777 + 13 + 68, message + 777 + 13 + 68, true) == 0);
  CHECK(t.left(std::nullopt, 0, true) == 0);
}

TEST_CASE("sent tally: blocks that were acknowledged and not told count, whatever the client has") {
  sent_tally t;
  for (int i = 0; i < 3; ++i) t.queued(block);
  t.told(block);
  const std::uint64_t sent = 68 + message;
  // The SYN may count as a byte.
  CHECK(t.left(sent + 2 * message + 1, sent, false) == 2 * block);
  CHECK(t.left(sent + 2 * message, sent, true) == 2 * block);
  // One and most of another.
  CHECK(t.left(sent + 2 * message - 1, sent, false) == block);
  CHECK(t.left(sent, sent, true) == 0);
  CHECK(t.left(sent - 5, sent, true) == 0);
}

TEST_CASE("sent tally: of a block whose head was told only the rest is missing") {
  sent_tally t;
  t.queued(block);
  t.told(1000);
  const std::uint64_t sent = 68 + 13 + 1000;
  CHECK(t.left(sent + block - 1000, sent, false) == block - 1000);
  CHECK(t.left(sent + block - 1001, sent, false) == 0);
}

TEST_CASE("sent tally: without TCP, who left with everything has what was queued") {
  sent_tally t;
  t.queued(block);
  t.queued(block);
  t.told(block);
  CHECK(t.left(std::nullopt, 0, true) == block);
  CHECK(t.left(std::nullopt, 0, false) == 0);
}
