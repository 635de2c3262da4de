#include "actors/overlays/ppsp/chunk_sender.hpp"
#include "tests/catch.hpp"

using namespace interswarm;
using namespace interswarm::ppsp;
using namespace std::chrono_literals;

namespace {

using nodes = std::vector<chunk_range>;

/// Sends what waits, and gives the chunks in their order.
std::vector<std::uint64_t> send_all(chunk_sender& s, instant now = 0s) {
  std::vector<std::uint64_t> out;
  while (const auto next = s.next()) {
    s.sent(*next, 1000, now);
    out.push_back(*next);
  }
  return out;
}

} // namespace

TEST_CASE("ppsp sender: chunks go in the order of the asking, each once") {
  chunk_sender s(100);
  CHECK(s.request({10, 13}));
  CHECK(s.request({4, 6}));
  CHECK(s.request({11, 15}));
  CHECK(s.waiting() == 7);
  s.cancel({5, 12});
  CHECK(send_all(s) == std::vector<std::uint64_t>{12, 4, 13, 14});
  CHECK(s.request({98, 1000}));
  CHECK(send_all(s) == std::vector<std::uint64_t>{98, 99});
  CHECK(s.request({500, 1000}));
  CHECK_FALSE(s.next());
  s.request({1, 50});
  s.drop_requests();
  CHECK_FALSE(s.next());
}

TEST_CASE("ppsp sender: a peer cannot make it remember without end") {
  chunk_sender s(1'000'000);
  std::size_t taken = 0;
  for (std::uint64_t i = 0; i < 2000; ++i) taken += s.request({3 * i, 3 * i + 1}) ? 1 : 0;
  CHECK(taken == chunk_sender::max_ranges);
}

TEST_CASE("ppsp sender: the first chunk comes with peaks and uncles, as the RFC's example has it") {
  // RFC 7574 §5.5 and §5.6: seven chunks, the first one.
  chunk_sender s(7);
  s.request({0, 7});
  CHECK(s.hashes_for(0) == nodes{{0, 4}, {4, 6}, {6, 7}, {2, 4}, {1, 2}});
  s.sent(0, 1000, 0s);
  // Its sibling's hash went with it, and so did the one beside the next two.
  CHECK(s.hashes_for(1).empty());
  s.sent(1, 1000, 0s);
  CHECK(s.hashes_for(2) == nodes{{3, 4}});
  s.sent(2, 1000, 0s);
  CHECK(s.hashes_for(4) == nodes{{5, 6}});
  CHECK(s.hashes_for(6).empty());
}

TEST_CASE("ppsp sender: what is asked for again comes with all hashes that are not acknowledged") {
  chunk_sender s(8);
  s.request({0, 4});
  send_all(s);
  s.acked({0, 2}, 1s);
  s.lose_all();
  s.request({3, 4});
  CHECK(s.hashes_for(3) == nodes{{2, 3}});
  chunk_sender t(8);
  t.request({0, 4});
  send_all(t);
  // Nothing came back: all of it once more.
  CHECK(t.hashes_for(3) == nodes{{0, 8}, {4, 8}, {0, 2}, {2, 3}});
}

TEST_CASE("ppsp sender: what a peer has needs neither bytes nor hashes") {
  chunk_sender s(64);
  s.request({0, 64});
  s.has({0, 32});
  CHECK(s.next() == 32);
  CHECK(s.hashes_for(32) == nodes{{48, 64}, {40, 48}, {36, 40}, {34, 36}, {33, 34}});
}

TEST_CASE("ppsp sender: acknowledgements measure, and three behind a chunk make it lost") {
  chunk_sender s(100);
  s.request({0, 10});
  send_all(s, 1s);
  auto n = s.acked({0, 1}, 1s + 30ms);
  CHECK(n.acked_bytes == 1000);
  CHECK(n.acked_chunks == 1);
  CHECK(n.round_trip == 30ms);
  CHECK(n.lost_bytes == 0);
  // Chunk 1 is missing; 2, 3 and 4 arrive.
  CHECK(s.acked({2, 3}, 2s).lost_bytes == 0);
  CHECK(s.acked({3, 4}, 2s).lost_bytes == 0);
  n = s.acked({4, 5}, 2s);
  CHECK(n.lost_bytes == 1000);
  // Twice says nothing new.
  n = s.acked({4, 5}, 2s);
  CHECK(n.acked_bytes == 0);
  CHECK(n.acked_chunks == 0);
  // Sent again, its time says nothing of the way.
  s.request({1, 2});
  s.sent(1, 1000, 3s);
  n = s.acked({0, 2}, 4s);
  CHECK(n.acked_bytes == 1000);
  CHECK_FALSE(n.round_trip);
  CHECK(n.acked_chunks == 1);
  CHECK(s.acked({0, 1000}, 4s).acked_bytes == 5000);
}
