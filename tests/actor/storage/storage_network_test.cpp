#include "tests/actor/storage/cluster.hpp"

using namespace interswarm;
using namespace interswarm::storage::testing;

TEST_CASE("storage network: two copies in two racks, read once and then from memory", "[storage]") {
  // So that a busy machine makes no read ask twice.
  storage::storage_network_options o;
  o.timing.least_patience = std::chrono::seconds(10);
  cluster c(o);
  c.add("rack1");
  c.add("rack1");
  c.add("rack2");
  for (std::uint32_t i = 0; i < 10; ++i) {
    const auto data = content(50'000, i);
    const auto stored = c.put(data);
    REQUIRE(stored);
    CHECK(stored->copies == 2);
    CHECK(c.copies(data) == 2);
    CHECK(c.nodes[2].store->get_all(name_chunk(data)));
    const auto got = c.chunk(data);
    REQUIRE(got);
    CHECK(equal(got->data, data));
    CHECK(c.gets() == i + 1);
    REQUIRE(c.chunk(data));
    CHECK(c.gets() == i + 1);
  }
}

TEST_CASE("storage network: a full node's place is taken by the next", "[storage]") {
  cluster c;
  c.add({}, 60'000);
  c.add();
  c.add();
  for (std::uint32_t i = 0; i < 10; ++i) {
    const auto data = content(50'000, i);
    REQUIRE(c.put(data));
    CHECK(c.copies(data) == 2);
  }
}

TEST_CASE("storage network: too few copies are a failure that says why", "[storage]") {
  cluster c;
  const auto data = content(50'000, 1);
  CHECK(c.put(data).error().code == errc::unavailable);
  c.add();
  c.add({}, 10'000);
  const auto failed = c.put(data);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == errc::no_room);
  CHECK(failed.error().text.starts_with("1 of 2 copies could be stored: "));
  const auto other = content(50'000, 2);
  const auto wrong = ask<msg::storage_network_put_result>(
      c.w.system, c.network, msg::storage_network_put{named(data), slice::copy_of(other), film});
  CHECK(wrong.error().code == errc::refuted);
  CHECK(ask<msg::storage_network_put_result>(c.w.system, c.network,
                                             msg::storage_network_put{slice(bytes(5)), {}, film})
            .error()
            .code == errc::malformed);
}

TEST_CASE("storage network: what is stored waits for nodes that the cluster told of", "[storage]") {
  storage::storage_network_options o;
  o.timing.away_after = 2s;
  o.ask_every = 500ms;
  cluster c(o);
  c.add();
  c.add();
  caf::scoped_actor self{c.w.system};
  caf::anon_send(c.network, msg::storage_network_expect{{"n3"}});
  std::vector<bytes> all;
  for (std::uint32_t i = 0; i < 6; ++i) all.push_back(content(5000, i));
  SECTION("one that comes gets what belongs to it") {
    for (const auto& data : all)
      self->send(c.network, msg::storage_network_put{named(data), slice::copy_of(data), film});
    self->send(c.network, msg::storage_network_hold{{named(all[0])}, film});
    std::this_thread::sleep_for(200ms);
    for (const auto& data : all) CHECK(c.copies(data) == 0);
    c.add();
    std::size_t answers = 0;
    self->receive_for(answers, all.size() + 1)(
        [](const msg::storage_network_put_result& r) { CHECK(r.copies == 2); },
        [](const msg::storage_network_hold_result&) {},
        [](const caf::error& e) { FAIL_CHECK(caf::to_string(e)); });
    storage::node_board board({});
    for (auto& n : c.nodes) {
      const auto told =
          ask<msg::storage_node_stat_result>(c.w.system, n.actor, msg::storage_node_stat{});
      REQUIRE(board.joined(told.value().state, {}));
    }
    for (const auto& data : all) {
      CHECK(c.copies(data) == 2);
      for (const auto home : board.homes(name_chunk(data), 2, {}))
        CHECK(c.nodes[home].store->get_all(name_chunk(data)));
    }
  }
  SECTION("one that does not come is waited for as long as one that is silent") {
    const auto began = std::chrono::steady_clock::now();
    REQUIRE(c.put(all[0]));
    CHECK(std::chrono::steady_clock::now() - began >= 1900ms);
    CHECK(c.copies(all[0]) == 2);
  }
  SECTION("one that has been here is not waited for") {
    cluster::stop(c.add());
    caf::anon_send(c.network, msg::storage_network_expect{{"n3"}});
    self->send(c.network, msg::storage_network_put{named(all[0]), slice::copy_of(all[0]), film});
    bool stored = false;
    self->receive([&](const msg::storage_network_put_result&) { stored = true; },
                  [](const caf::error&) {}, caf::after(1500ms) >> [] {});
    CHECK(stored);
  }
}

TEST_CASE("storage network: reads pass over nodes that are silent, lie or go", "[storage]") {
  storage::storage_network_options o;
  o.cache_bytes = 0;
  o.copies = o.least_copies = 3;
  cluster c(o);
  for (int i = 0; i < 3; ++i) c.add();
  const auto data = content(5000, 3);
  REQUIRE(c.put(data));
  const auto first = [&] {
    for (auto& n : c.nodes) n.faults->gets = 0;
    REQUIRE(c.chunk(data));
    for (auto& n : c.nodes)
      if (n.faults->gets > 0) return &n;
    return static_cast<cluster::node*>(nullptr);
  }();
  REQUIRE(first != nullptr);
  SECTION("silent") {
    first->faults->silent = 1;
    const auto began = std::chrono::steady_clock::now();
    const auto got = c.chunk(data);
    REQUIRE(got);
    CHECK(equal(got->data, data));
    CHECK(std::chrono::steady_clock::now() - began < 2s);
  }
  SECTION("lying") {
    first->faults->lies = 1;
    const auto got = c.chunk(data);
    REQUIRE(got);
    CHECK(equal(got->data, data));
  }
  SECTION("all but one silent, that one gone") {
    for (auto& n : c.nodes) n.faults->silent = 1;
    first->faults->silent = 0;
    const auto got = c.chunk(data);
    REQUIRE(got);
    CHECK(equal(got->data, data));
  }
  SECTION("gone") {
    cluster::stop(*first);
    const auto got = c.chunk(data);
    REQUIRE(got);
    CHECK(equal(got->data, data));
  }
  SECTION("all lying") {
    for (auto& n : c.nodes) n.faults->lies = 1;
    CHECK(c.chunk(data).error().code == errc::refuted);
  }
  SECTION("never stored") { CHECK(c.chunk(content(1, 9)).error().code == errc::not_found); }
}

TEST_CASE("storage network: it may end while copies are looked at", "[storage]") {
  const auto data = content(3'000'000, 3);
  for (int round = 0; round < 20; ++round) {
    cluster c;
    c.add().faults->lies = 1;
    c.add().faults->lies = 1;
    REQUIRE(c.put(data));
    caf::scoped_actor self(c.w.system);
    const auto part = round % 2 == 0;
    if (part)
      self->send(c.network, msg::storage_network_part{named(data), {0, 2'900'000}});
    else
      self->send(c.network, msg::storage_network_chunk{named(data)});
    REQUIRE(eventually([&] { return c.gets() > 0; }));
    std::this_thread::sleep_for(std::chrono::microseconds(100 * round));
  }
}

TEST_CASE("storage network: readers of one chunk share its read", "[storage]") {
  cluster c;
  c.add();
  c.add();
  const auto data = content(3'000'000, 4);
  REQUIRE(c.put(data));
  caf::scoped_actor self(c.w.system);
  std::vector<decltype(self->request(c.network, 5s, msg::storage_network_chunk{}))> waiting;
  for (int i = 0; i < 50; ++i)
    waiting.push_back(self->request(c.network, 20s, msg::storage_network_chunk{named(data)}));
  int good = 0;
  for (auto& one : waiting) {
    one.receive([&](const msg::storage_network_chunk_result& r) { good += equal(r.data, data); },
                [](const caf::error&) {});
  }
  CHECK(good == 50);
  CHECK(c.gets() <= 2); // one, and a hedge on a slow machine
}

TEST_CASE("storage network: what is there is held for another, what is not is told", "[storage]") {
  cluster c;
  c.add();
  c.add();
  c.add();
  std::vector<slice> names;
  std::vector<bytes> all;
  for (std::uint32_t i = 0; i < 5; ++i) {
    all.push_back(content(9000, i));
    names.push_back(named(all.back()));
    if (i < 4) REQUIRE(c.put(all.back()));
  }
  const slice book = slice::copy_of(as_bytes("book"));
  const auto hold = [&] {
    return ask<msg::storage_network_hold_result>(c.w.system, c.network,
                                                 msg::storage_network_hold{names, book});
  };
  CHECK(hold()->missing == std::vector{names[4]});
  // With one copy gone the chunk has to be put again.
  for (auto& n : c.nodes) {
    if (!n.store->get_all(name_chunk(all[0]))) continue;
    REQUIRE(n.store->remove({name_chunk(all[0])}, 1));
    REQUIRE(n.store->collect(1, 10));
    break;
  }
  auto missing = hold()->missing;
  std::sort(missing.begin(), missing.end(), [](const auto& a, const auto& b) {
    return std::lexicographical_compare(a.view().begin(), a.view().end(), b.view().begin(),
                                        b.view().end());
  });
  CHECK(missing.size() == 2);
  const auto release = [&](const slice& holder) {
    return ask<msg::storage_network_release_result>(c.w.system, c.network,
                                                    msg::storage_network_release{holder})
        ->count;
  };
  CHECK(release(book) == 7);
  CHECK(release(book) == 0);
  CHECK(release(film) == 7);
  CHECK(ask<msg::storage_network_hold_result>(c.w.system, c.network,
                                              msg::storage_network_hold{{slice(bytes(3))}, book})
            .error()
            .code == errc::malformed);
}

TEST_CASE("storage network: one id is one node, which may leave and come again", "[storage]") {
  cluster c;
  auto& n = c.add();
  CHECK(c.join(n.actor).error().code == errc::conflict);
  CHECK(c.join({}).error().code == errc::malformed);
  CHECK(ask<msg::registration_check_result>(c.w.system, n.membership, msg::registration_check{})
            ->in_force);
  const auto presence = [&] {
    return ask<msg::storage_network_members_result>(c.w.system, c.network,
                                                    msg::storage_network_members{})
        ->members[0]
        .presence;
  };
  CHECK(presence() == msg::presence::here);
  n.membership = nullptr;
  CHECK(eventually([&] { return presence() == msg::presence::away; }));
  const auto again = c.join(n.joined);
  REQUIRE(again);
  CHECK(presence() == msg::presence::here);
}

TEST_CASE("storage network: a stored content is a source", "[storage]") {
  cluster c;
  c.add();
  c.add();
  const auto size = GENERATE(std::size_t{0}, std::size_t{1}, std::size_t{100'000},
                             std::size_t{chunk_bytes}, std::size_t{2 * chunk_bytes + 12'345});
  const auto data = content(size, 5);
  msg::stored_content stored;
  stored.record.size = size;
  const auto leaves = bep52_leaves(data);
  stored.record.content_id = slice::copy_of(bep52_root(leaves));
  stored.chunks = slice(name_chunks(leaves));
  for (std::uint64_t i = 0; i < chunk_count(size); ++i) {
    const auto r = chunk_range(size, i);
    REQUIRE(c.put({data.begin() + static_cast<std::ptrdiff_t>(r.begin),
                   data.begin() + static_cast<std::ptrdiff_t>(r.end)}));
  }
  const auto open = [&](const msg::stored_content& s) {
    return ask<msg::storage_network_open_result>(c.w.system, c.network,
                                                 msg::storage_network_open{s});
  };
  const auto opened = open(stored);
  REQUIRE(opened);
  const auto& source = opened->source;
  const auto info = ask<msg::source_info_result>(c.w.system, source, msg::source_info{0, 0});
  REQUIRE(info);
  CHECK(info->info.size == size);
  CHECK(ask<msg::source_have_result>(c.w.system, source, msg::source_have{0, 0})->ranges.size() ==
        (size > 0 ? 1u : 0u));
  const auto read = [&](std::uint64_t begin, std::uint64_t end) {
    return ask<msg::source_read_result>(c.w.system, source,
                                        msg::source_read{{begin, end}, 10'000, false});
  };
  std::mt19937 random(6);
  for (int i = 0; size > 0 && i < 30; ++i) {
    const auto begin = random() % size;
    const auto end = begin + 1 + random() % std::min<std::uint64_t>(size - begin, chunk_bytes);
    const auto got = read(begin, end);
    REQUIRE(got);
    CHECK(equal(got->data, byte_view(data).subspan(begin, end - begin)));
  }
  if (size > chunk_bytes) {
    const auto across = read(chunk_bytes - 7, chunk_bytes + 9);
    REQUIRE(across);
    CHECK(equal(across->data, byte_view(data).subspan(chunk_bytes - 7, 16)));
  }
  CHECK(read(0, size + 1).error().code == errc::malformed);
  CHECK(read(size, size)->data.empty());
  // What does not belong together is refused, or at the latest when the bytes are there.
  auto wrong = stored;
  wrong.record.content_id = slice(bytes(32, 1));
  const auto refused = open(wrong);
  if (size > chunk_bytes || size == 0) {
    CHECK(refused.error().code == errc::malformed);
  } else {
    REQUIRE(refused);
    CHECK(ask<msg::source_read_result>(c.w.system, refused->source,
                                       msg::source_read{{0, 1}, 10'000, false})
              .error()
              .code == errc::refuted);
  }
  wrong = stored;
  ++wrong.record.size;
  if (size % chunk_bytes == 0) CHECK(open(wrong).error().code == errc::malformed);
}
