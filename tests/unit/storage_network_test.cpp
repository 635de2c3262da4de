#include "actors/storage/chunk_cache.hpp"
#include "actors/storage/hedged_read.hpp"
#include "actors/storage/node_board.hpp"
#include "tests/catch.hpp"

#include <set>

using namespace interswarm;
using namespace interswarm::storage;
using namespace std::chrono_literals;

namespace {

msg::storage_state state(const std::string& id, const std::string& domain,
                         std::uint64_t quota = 1000) {
  msg::storage_state out;
  out.id = id;
  out.domain = domain;
  out.quota_bytes = quota;
  return out;
}

chunk_name chunk(std::uint32_t i) {
  return sha256(byte_view(reinterpret_cast<const byte*>(&i), sizeof i));
}

std::vector<std::size_t> nodes_of(const std::vector<hedged_read::candidate>& all) {
  std::vector<std::size_t> out;
  for (const auto& c : all) out.push_back(c.node);
  return out;
}

/// Four nodes in three racks at time 0.
node_board four() {
  node_board b({6s, 60s});
  b.joined(state("a", "rack1"), 0ms).value();
  b.joined(state("b", "rack1"), 0ms).value();
  b.joined(state("c", "rack2"), 0ms).value();
  b.joined(state("d", "rack3"), 0ms).value();
  return b;
}

void all_heard(node_board& b, const std::set<std::size_t>& but, instant now) {
  for (std::size_t i = 0; i < b.size(); ++i) {
    if (!but.contains(i)) b.heard(i, b.state_of(i), now);
  }
}

} // namespace

TEST_CASE("hedged read: the next is asked when one fails or is silent for too long") {
  hedged_read r({{7, 100ms}, {8, 50ms}, {9, 10ms}});
  CHECK_FALSE(r.wake_at());
  CHECK(r.next(1000ms) == 7);
  CHECK_FALSE(r.next(1000ms));
  CHECK(r.wake_at() == 1100ms);
  CHECK_FALSE(r.next(1099ms));
  CHECK(r.next(1100ms) == 8);
  CHECK(r.wake_at() == 1150ms);
  // The slow first one fails: the second is still within its time.
  r.failed(7);
  CHECK_FALSE(r.next(1120ms));
  r.failed(8);
  CHECK_FALSE(r.hopeless());
  CHECK(r.next(1120ms) == 9);
  CHECK_FALSE(r.wake_at());
  CHECK_FALSE(r.next(5000ms));
  CHECK_FALSE(r.hopeless());
  r.failed(9);
  CHECK(r.hopeless());
  CHECK_FALSE(r.next(5000ms));
  CHECK(hedged_read({}).hopeless());
}

TEST_CASE("node board: copies are put and read where the chunk belongs") {
  auto b = four();
  for (std::uint32_t i = 0; i < 200; ++i) {
    const auto homes = b.homes(chunk(i), 2, 1s);
    REQUIRE(homes.size() == 2);
    CHECK(b.state_of(homes[0]).domain != b.state_of(homes[1]).domain);
    const auto order = b.put_order(chunk(i), 2, 1s);
    REQUIRE(order.size() == 4);
    CHECK(std::equal(homes.begin(), homes.end(), order.begin()));
    // The third is in the third rack.
    CHECK(std::set<std::string>{b.state_of(order[0]).domain, b.state_of(order[1]).domain,
                                b.state_of(order[2]).domain}
              .size() == 3);
    CHECK(nodes_of(b.read_order(chunk(i), 1s)) == order);
  }
}

TEST_CASE("node board: who is silent is away, then gone, and comes back") {
  auto b = four();
  const auto version = b.version(1s);
  all_heard(b, {2}, 10s);
  CHECK(b.presence_of(2, 5s) == presence::here);
  CHECK(b.presence_of(2, 10s) == presence::away);
  CHECK(b.version(10s) == version);
  for (std::uint32_t i = 0; i < 100; ++i) {
    // What it has stays its own; nothing new is put there, and it is read last.
    CHECK(b.homes(chunk(i), 3, 10s).size() == 3);
    const auto puts = b.put_order(chunk(i), 3, 10s);
    CHECK(std::count(puts.begin(), puts.end(), 2) == 0);
    const auto reads = nodes_of(b.read_order(chunk(i), 10s));
    REQUIRE(reads.size() == 4);
    CHECK(reads.back() == 2);
  }
  all_heard(b, {2}, 61s);
  CHECK(b.presence_of(2, 61s) == presence::gone);
  CHECK(b.version(61s) != version);
  for (std::uint32_t i = 0; i < 100; ++i) {
    const auto homes = b.homes(chunk(i), 3, 61s);
    CHECK(std::count(homes.begin(), homes.end(), 2) == 0);
    CHECK(b.read_order(chunk(i), 61s).size() == 3);
  }
  const auto gone = b.version(61s);
  CHECK(b.joined(state("c", "rack2"), 62s) == 2);
  CHECK(b.presence_of(2, 62s) == presence::here);
  CHECK(b.version(62s) != gone);
}

TEST_CASE("node board: whom the cluster told of is expected for a while") {
  auto b = four();
  CHECK(b.complete(1s));
  b.expect("a", 1s);
  CHECK(b.complete(1s));
  b.expect("e", 1s);
  b.expect("f", 2s);
  b.expect("e", 5s); // told again
  CHECK_FALSE(b.complete(2s));
  CHECK(b.joined(state("f", "rack4"), 3s));
  CHECK_FALSE(b.complete(8900ms));
  CHECK(b.complete(9s));
  // Later it joins all the same, and is known from then on.
  CHECK(b.joined(state("e", "rack4"), 10s));
  b.lost(5);
  b.expect("e", 11s);
  CHECK(b.complete(11s));
}

TEST_CASE("node board: a lost connection is away at once") {
  auto b = four();
  b.lost(1);
  CHECK(b.presence_of(1, 1s) == presence::away);
  for (std::uint32_t i = 0; i < 20; ++i) {
    const auto reads = nodes_of(b.read_order(chunk(i), 1s));
    CHECK(std::count(reads.begin(), reads.end(), 1) == 0);
  }
  CHECK(b.joined(state("b", "rack1"), 2s) == 1);
}

TEST_CASE("node board: two nodes with one id, and nodes without") {
  auto b = four();
  CHECK(b.joined(state("a", "rack9"), 1s).error().code == errc::conflict);
  CHECK(b.joined(state("", "rack1"), 1s).error().code == errc::malformed);
  CHECK(b.joined(state("a\nb", "rack1"), 1s).error().code == errc::malformed);
  CHECK(b.joined(state(std::string(256, 'x'), "rack1"), 1s).error().code == errc::malformed);
  // Silent for long enough, its place may be taken: it is the same node on a new address.
  CHECK(b.joined(state("a", "rack9"), 7s) == 0);
  // A node cannot become another one later.
  b.heard(0, state("b", "rack1"), 8s);
  CHECK(b.state_of(0).id == "a");
  node_board full({6s, 60s});
  for (std::size_t i = 0; i < node_board::max_nodes; ++i)
    REQUIRE(full.joined(state("n" + std::to_string(i), ""), 0ms));
  CHECK(full.joined(state("one more", ""), 0ms).error().code == errc::too_large);
}

TEST_CASE("node board: patience follows what reads of a node take") {
  auto b = four();
  const auto patience = [&](std::size_t n) {
    const auto all = b.read_order(chunk(1), 1s);
    return std::find_if(all.begin(), all.end(), [&](const auto& c) { return c.node == n; })
        ->patience;
  };
  CHECK(patience(0) == 500ms);
  for (int i = 0; i < 50; ++i) b.answered(0, 5ms, 0ms);
  CHECK(patience(0) == 30ms); // never nervous
  for (int i = 0; i < 50; ++i) b.answered(1, i % 2 == 0 ? 100ms : 200ms, 0ms);
  CHECK(patience(1) > 250ms);
  CHECK(patience(1) < 500ms);
}

TEST_CASE("node board: who gives what is read is there") {
  auto b = four();
  b.answered(2, 5ms, 9s);
  CHECK(b.presence_of(2, 10s) == presence::here);
  CHECK(b.presence_of(1, 10s) == presence::away);
}

TEST_CASE("node board: a larger node is home to more") {
  node_board b({6s, 60s});
  b.joined(state("small", "", 1000), 0ms).value();
  b.joined(state("large", "", 3000), 0ms).value();
  int large = 0;
  for (std::uint32_t i = 0; i < 4000; ++i) large += b.homes(chunk(i), 1, 0ms)[0] == 1 ? 1 : 0;
  CHECK(large / 4000.0 == Approx(0.75).margin(0.03));
}

TEST_CASE("chunk cache: the chunk unused for longest goes first") {
  chunk_cache cache(3000);
  for (std::uint32_t i = 0; i < 3; ++i) cache.store(chunk(i), slice(bytes(1000, byte(i))));
  CHECK(cache.used_bytes() == 3000);
  CHECK(cache.find(chunk(0)).size() == 1000);
  const auto held = cache.find(chunk(1));
  CHECK(cache.find(chunk(0)).size() == 1000);
  cache.store(chunk(3), slice(bytes(1000, byte{3})));
  CHECK(cache.find(chunk(2)).empty());
  cache.store(chunk(4), slice(bytes(2000, byte{4})));
  CHECK(cache.find(chunk(1)).empty());
  CHECK(cache.find(chunk(0)).empty());
  CHECK(cache.find(chunk(3)).size() == 1000);
  CHECK(cache.used_bytes() == 3000);
  // Who holds a chunk keeps it.
  CHECK(held == slice(bytes(1000, byte{1})));
  cache.store(chunk(5), slice(bytes(3001, byte{5})));
  CHECK(cache.find(chunk(5)).empty());
  CHECK(cache.used_bytes() == 3000);
}

TEST_CASE("chunk cache: a content's range is found where its chunk is the whole and right one") {
  const auto size = 2 * chunk_bytes + 100;
  bytes names;
  for (std::uint32_t i = 0; i < 3; ++i) append(names, chunk(i));
  chunk_cache cache(64u << 20);
  const auto range = [&](std::uint64_t begin, std::uint64_t end) {
    return find_range(cache, names, size, {begin, end});
  };
  CHECK(range(chunk_bytes, chunk_bytes + 10).empty());
  bytes second(chunk_bytes);
  for (std::size_t i = 0; i < second.size(); ++i) second[i] = byte(i / 7);
  cache.store(chunk(1), slice(bytes(second)));
  cache.store(chunk(2), slice(bytes(100, byte{9})));
  const auto at = byte_view(second);
  CHECK(equal(range(chunk_bytes, chunk_bytes + 65'536), at.subspan(0, 65'536)));
  CHECK(equal(range(2 * chunk_bytes - 3, 2 * chunk_bytes), at.subspan(chunk_bytes - 3)));
  CHECK(equal(range(size - 100, size), bytes(100, byte{9})));
  CHECK(range(chunk_bytes - 1, chunk_bytes + 1).empty());
  CHECK(range(2 * chunk_bytes - 1, 2 * chunk_bytes + 1).empty());
  CHECK(range(0, 10).empty());
  CHECK(range(chunk_bytes, chunk_bytes).empty());
  CHECK(range(size - 1, size + 1).empty());
  // Names or a chunk that do not go with the size.
  CHECK(find_range(cache, byte_view(names).subspan(0, 63), size, {chunk_bytes, chunk_bytes + 1})
            .empty());
  CHECK(find_range(cache, names, size - 1, {size - 100, size - 90}).empty());
  CHECK(find_range(cache, byte_view(names).subspan(64), 100, {0, 10}).empty());
}
