#include "actors/storage/repairer.hpp"
#include "schema/base/encoding.hpp"
#include "tests/actor/storage/cluster.hpp"

#include <fstream>
#include <thread>

using namespace interswarm;
using namespace interswarm::storage::testing;

namespace {

constexpr std::size_t chunk_count_of_test = 40;
constexpr std::size_t small_chunk = 20'000;

/// Only where a node is to be missed: on a busy machine a short silence means nothing.
const storage::node_board::timing impatient{1s, 2s};

storage::storage_network_options quick(storage::node_board::timing timing) {
  storage::storage_network_options o;
  o.timing = timing;
  o.ask_every = 50ms;
  o.cache_bytes = 0;
  return o;
}

/// A cluster that keeps chunks of one content, and its repairer.
struct kept_cluster : cluster {
  explicit kept_cluster(storage::repairer_options o = {}, storage::node_board::timing timing = {})
      : cluster(quick(timing)) {
    options = o;
    options.look_every = 100ms;
  }
  ~kept_cluster() {
    if (repair) caf::anon_send_exit(repair, caf::exit_reason::user_shutdown);
    repair = nullptr;
  }

  void fill() {
    for (std::uint32_t i = 0; i < chunk_count_of_test; ++i) {
      data.push_back(content(small_chunk, i));
      const auto name = name_chunk(data.back());
      names.insert(names.end(), name.begin(), name.end());
      REQUIRE(ask<msg::storage_network_put_result>(
          w.system, network,
          msg::storage_network_put{named(data.back()), slice::copy_of(data.back()), id}));
    }
  }
  /// The node's copy of that chunk on its disk, which it then finds.
  void spoil(node& n, std::size_t chunk) {
    const auto hex = to_hex(name_chunk(data[chunk]));
    {
      std::fstream file(n.folder->file("chunks/" + hex.substr(0, 2) + "/" + hex),
                        std::ios::in | std::ios::out | std::ios::binary);
      file.seekp(-5, std::ios::end);
      file.put(static_cast<char>(~data[chunk][small_chunk - 5]));
    }
    REQUIRE_FALSE(n.store->get_all(name_chunk(data[chunk])));
  }
  void start() {
    repair = storage::spawn_repairer(
        home, network,
        [this](const slice& after, std::size_t, auto answer) {
          std::vector<kept_content> out;
          if (after.empty()) out.push_back({id, small_chunk * data.size(), slice::copy_of(names)});
          answer(std::move(out));
        },
        options);
  }
  msg::repair_work state() {
    return ask<msg::repair_state_result>(w.system, repair, msg::repair_state{})->state;
  }
  template <class Condition>
  static bool soon(Condition condition) {
    for (int i = 0; i < 8; ++i) {
      if (eventually(condition)) return true;
    }
    return false;
  }
  bool passed(std::uint64_t times) {
    return soon([&] { return state().passes >= times; });
  }
  /// Good copies on the nodes but `without`, at least and at most of any chunk.
  std::pair<std::size_t, std::size_t> copies_of_all(const node* without = nullptr) {
    std::size_t least = 99;
    std::size_t most = 0;
    for (const auto& d : data) {
      std::size_t n = 0;
      for (auto& one : nodes) {
        if (&one != without && one.store->get_all(name_chunk(d))) ++n;
      }
      least = std::min(least, n);
      most = std::max(most, n);
    }
    return {least, most};
  }

  const slice id = slice(bytes(32, 7));
  std::vector<bytes> data;
  bytes names;
  storage::repairer_options options;
  msg::repair_actor repair;
};

using pair = std::pair<std::size_t, std::size_t>;

} // namespace

TEST_CASE("repair: a pass over what is well changes nothing", "[storage]") {
  kept_cluster c;
  for (int i = 0; i < 4; ++i) c.add();
  c.fill();
  c.start();
  REQUIRE(c.passed(1));
  const auto s = c.state();
  CHECK(s.contents == 1);
  CHECK(s.chunks == chunk_count_of_test);
  CHECK(s.missing_copies == 0);
  CHECK(s.removed_copies == 0);
  CHECK(s.note.empty());
  CHECK(c.copies_of_all() == pair{2, 2});
}

TEST_CASE("repair: a lost node's copies are made anew, no more than those", "[storage]") {
  kept_cluster c({}, impatient);
  for (int i = 0; i < 4; ++i) c.add();
  c.fill();
  c.start();
  REQUIRE(c.passed(1));
  auto& lost = c.nodes[1];
  const auto had = lost.store->usage()->chunks;
  REQUIRE(had > 0);
  cluster::stop(lost);
  REQUIRE(kept_cluster::soon([&] { return c.copies_of_all(&lost) == pair{2, 2}; }));
  CHECK(c.passed(2));
  CHECK(kept_cluster::soon([&] { return !c.state().running; }));
  CHECK(c.state().lost_chunks == 0);
  std::uint64_t total = 0;
  for (auto& n : c.nodes) total += &n == &lost ? 0 : n.store->usage()->chunks;
  CHECK(total == 2 * chunk_count_of_test);
}

TEST_CASE("repair: a new node gets its share and the others let go", "[storage]") {
  kept_cluster c;
  storage::storage_node_options o;
  o.grace = 0s;
  for (int i = 0; i < 3; ++i) c.add({}, no_quota, o);
  c.fill();
  c.start();
  REQUIRE(c.passed(1));
  auto& fresh = c.add({}, no_quota, o);
  // One copy in two belongs to one of two nodes in four: about half of the chunks.
  REQUIRE(
      kept_cluster::soon([&] { return fresh.store->usage()->chunks >= chunk_count_of_test / 4; }));
  CHECK(kept_cluster::soon([&] {
    std::uint64_t total = 0;
    for (auto& n : c.nodes) total += n.store->usage()->chunks;
    return total == 2 * chunk_count_of_test;
  }));
  CHECK(c.copies_of_all() == pair{2, 2});
}

TEST_CASE("repair: what the disk spoilt is healed from the other copy", "[storage]") {
  kept_cluster c;
  storage::storage_node_options o;
  o.scrub_interval = 1s;
  c.add({}, no_quota, o);
  c.add({}, no_quota, o);
  c.fill();
  c.spoil(c.nodes[0], 3);
  c.start();
  CHECK(kept_cluster::soon(
      [&] { return c.nodes[0].store->get_all(name_chunk(c.data[3])).has_value(); }));
  CHECK(c.copies_of_all() == pair{2, 2});
}

TEST_CASE("repair: what is spoilt beside a chunk that is lost for good is healed", "[storage]") {
  kept_cluster c;
  c.add();
  c.add();
  c.fill();
  for (auto& n : c.nodes) c.spoil(n, 3);
  c.start();
  REQUIRE(kept_cluster::soon([&] { return c.state().lost_chunks == 1 && !c.state().running; }));
  // Until it has given that one up.
  for (std::uint64_t before = 0; before != c.state().passes; std::this_thread::sleep_for(800ms))
    before = c.state().passes;
  for (const std::size_t chunk : {5u, 6u}) {
    c.spoil(c.nodes[chunk % 2], chunk);
    CHECK(kept_cluster::soon(
        [&] { return c.nodes[chunk % 2].store->get_all(name_chunk(c.data[chunk])).has_value(); }));
  }
}

TEST_CASE("repair: a chunk without any good copy is told of, the others are repaired",
          "[storage]") {
  kept_cluster c;
  for (int i = 0; i < 3; ++i) c.add();
  c.fill();
  const auto name = name_chunk(c.data[0]);
  for (auto& n : c.nodes) REQUIRE(n.store->remove({name}, 1));
  for (auto& n : c.nodes) REQUIRE(n.store->collect(1, 10));
  const auto other = name_chunk(c.data[1]);
  for (auto& n : c.nodes) {
    if (!n.store->get_all(other)) continue;
    REQUIRE(n.store->remove({other}, 1));
    REQUIRE(n.store->collect(1, 10));
    break;
  }
  c.start();
  REQUIRE(c.passed(1));
  const auto s = c.state();
  CHECK(s.lost_chunks == 1);
  CHECK(s.note == "no good copy of chunk " + to_hex(name));
  CHECK(s.made_copies == 1);
  CHECK(s.moved_bytes == small_chunk);
}

TEST_CASE("repair: it keeps to its rate", "[storage]") {
  // Each copy counts as a whole chunk: four in a second.
  storage::repairer_options o;
  o.pace.alone = 4 * chunk_bytes;
  kept_cluster c(o);
  for (int i = 0; i < 3; ++i) c.add();
  c.fill();
  for (std::size_t i = 0; i < 12; ++i) {
    const auto name = name_chunk(c.data[i]);
    for (auto& n : c.nodes) {
      if (!n.store->get_all(name)) continue;
      REQUIRE(n.store->remove({name}, 1));
      REQUIRE(n.store->collect(1, 10));
      break;
    }
  }
  const auto began = std::chrono::steady_clock::now();
  c.start();
  REQUIRE(c.passed(1));
  const auto took = std::chrono::steady_clock::now() - began;
  CHECK(c.copies_of_all() == pair{2, 2});
  CHECK(took > 1500ms);
}
