#include "actors/storage/storage_node.hpp"
#include "schema/base/encoding.hpp"
#include "schema/storage.glue.hpp"
#include "tests/actor/runtime/fixture.hpp"
#include "tests/scratch.hpp"

#include <fstream>
#include <random>

using namespace interswarm;
using namespace interswarm::runtime;

namespace {

bytes content(std::size_t size, std::uint32_t seed) {
  std::mt19937 random(seed);
  bytes out(size);
  for (auto& b : out) b = static_cast<byte>(random());
  return out;
}

slice named(const bytes& data) { return slice::copy_of(name_chunk(data)); }

const slice film = slice::copy_of(as_bytes("film"));

template <class T>
storage::storage_node_options node_with(T storage::storage_node_options::*member, T value) {
  storage::storage_node_options out;
  out.*member = value;
  return out;
}

/// A storage node behind a connection: what is asked here crosses as Cap'n Proto.
struct remote_node {
  remote_node(world& w, const scratch_folder& folder, storage::storage_node_options options = {},
              std::uint64_t quota = 1ull << 40)
      : home(w.new_loop("node")) {
    options.id = "n1";
    options.domain = "rack1";
    store = chunk_store::open(open_chunk_folder(folder.file("chunks"), durability::cached).value(),
                              folder.file("chunks.db"), quota, 100)
                .value();
    local = storage::spawn_storage_node(home, store, options);
    on(home, [&] {
      auto pipe = home.io().provider->newTwoWayPipe();
      server = {home, connection::serve(home, kj::mv(pipe.ends[0]), {}, [&](runtime::link& via) {
                  return export_capability(local, via);
                })};
      client = {home, connection::dial(home, kj::mv(pipe.ends[1]), {})};
      auto first = (*client)->bootstrap().castAs<wire::StorageNode>();
      remote = import_capability<msg::storage_node_actor>(kj::mv(first), (*client)->via());
    });
  }
  ~remote_node() {
    remote = nullptr;
    server.reset();
    client.reset();
    caf::anon_send_exit(local, caf::exit_reason::user_shutdown);
    local = nullptr;
  }

  loop& home;
  std::shared_ptr<chunk_store> store;
  msg::storage_node_actor local;
  msg::storage_node_actor remote;
  on_loop<kj::Own<connection>> server;
  on_loop<kj::Own<connection>> client;
};

void spoil(const scratch_folder& folder, const bytes& data) {
  const auto hex = to_hex(name_chunk(data));
  const auto path = folder.file("chunks/" + hex.substr(0, 2) + "/" + hex);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(-1, std::ios::end);
  file.put(static_cast<char>(~data.back()));
}

} // namespace

TEST_CASE("storage node: chunks cross whole and in ranges", "[storage]") {
  world w;
  const scratch_folder folder;
  remote_node node(w, folder);
  const auto data = content(chunk_bytes, 1);
  REQUIRE(
      tell(w.system, node.remote, msg::storage_node_put{named(data), slice::copy_of(data), film}));
  const auto all = ask<msg::storage_node_get_result>(
      w.system, node.remote, msg::storage_node_get{named(data), {0, chunk_bytes}});
  REQUIRE(all);
  CHECK(equal(all->data, data));
  const auto some = ask<msg::storage_node_get_result>(
      w.system, node.remote, msg::storage_node_get{named(data), {1'000'001, 1'000'100}});
  REQUIRE(some);
  CHECK(equal(some->data, byte_view(data).subspan(1'000'001, 99)));
  const auto state =
      ask<msg::storage_node_stat_result>(w.system, node.remote, msg::storage_node_stat{});
  REQUIRE(state);
  CHECK(state->state.id == "n1");
  CHECK(state->state.domain == "rack1");
  CHECK(state->state.chunks == 1);
  CHECK(state->state.used_bytes > chunk_bytes);
}

TEST_CASE("storage node: holds, releases and lists", "[storage]") {
  world w;
  const scratch_folder folder;
  remote_node node(w, folder,
                   node_with(&storage::storage_node_options::grace, std::chrono::seconds(0)));
  const auto one = content(5000, 2);
  const auto two = content(5000, 3);
  REQUIRE(
      tell(w.system, node.remote, msg::storage_node_put{named(one), slice::copy_of(one), film}));
  const auto missing = ask<msg::storage_node_hold_result>(
      w.system, node.remote, msg::storage_node_hold{{named(one), named(two)}, film});
  REQUIRE(missing);
  CHECK(missing->missing == std::vector{named(two)});
  const auto found = ask<msg::storage_node_find_result>(
      w.system, node.remote, msg::storage_node_find{{named(two), named(one)}});
  REQUIRE(found);
  REQUIRE(found->chunks.size() == 1);
  CHECK(found->chunks[0].size == 5000);
  CHECK(found->chunks[0].condition == msg::chunk_condition::good);
  const auto listed =
      ask<msg::storage_node_list_result>(w.system, node.remote, msg::storage_node_list{{}, 10});
  REQUIRE(listed);
  CHECK(listed->chunks == found->chunks);
  CHECK(ask<msg::storage_node_list_result>(w.system, node.remote,
                                           msg::storage_node_list{named(one), 10})
            ->chunks.empty());
  CHECK(ask<msg::storage_node_holders_result>(w.system, node.remote,
                                              msg::storage_node_holders{{}, 10})
            ->holders == std::vector{film});
  CHECK(
      ask<msg::storage_node_release_result>(w.system, node.remote, msg::storage_node_release{film})
          ->count == 1);
  CHECK(eventually([&] { return node.store->usage()->chunks == 0; }));
}

TEST_CASE("storage node: a chunk that moved away is removed", "[storage]") {
  world w;
  const scratch_folder folder;
  remote_node node(w, folder,
                   node_with(&storage::storage_node_options::grace, std::chrono::seconds(0)));
  const auto data = content(5000, 4);
  REQUIRE(
      tell(w.system, node.remote, msg::storage_node_put{named(data), slice::copy_of(data), film}));
  REQUIRE(tell(w.system, node.remote, msg::storage_node_remove{{named(data)}}));
  CHECK(eventually([&] { return node.store->usage()->chunks == 0; }));
}

TEST_CASE("storage node: refusals say why", "[storage]") {
  world w;
  const scratch_folder folder;
  remote_node node(w, folder, {}, 100'000);
  const auto data = content(50'000, 5);
  const auto refused = [&](slice name, bytes bytes_of, slice holder) {
    return tell(w.system, node.remote,
                msg::storage_node_put{name, slice(std::move(bytes_of)), holder})
        .error()
        .code;
  };
  CHECK(refused(named(data), content(50'000, 6), film) == errc::refuted);
  CHECK(refused(slice(bytes(31)), data, film) == errc::malformed);
  CHECK(refused(named(data), data, {}) == errc::malformed);
  const auto big = content(200'000, 7);
  CHECK(refused(named(big), big, film) == errc::no_room);
  REQUIRE(
      tell(w.system, node.remote, msg::storage_node_put{named(data), slice::copy_of(data), film}));
  const auto get = [&](slice name, msg::range r) {
    return ask<msg::storage_node_get_result>(w.system, node.remote, msg::storage_node_get{name, r})
        .error()
        .code;
  };
  CHECK(get(named(big), {0, 1}) == errc::not_found);
  CHECK(get(named(data), {0, 50'001}) == errc::malformed);
  const auto too_many = ask<msg::storage_node_find_result>(
      w.system, node.remote,
      msg::storage_node_find{std::vector<slice>(limits::chunk_batch + 1, named(data))});
  CHECK(too_many.error().code == errc::too_large);
  CHECK(ask<msg::storage_node_scrub_result>(w.system, node.remote,
                                            msg::storage_node_scrub{named(big)})
            .error()
            .code == errc::not_found);
}

TEST_CASE("storage node: its scrub finds what the disk spoilt, and a put heals it", "[storage]") {
  world w;
  const scratch_folder folder;
  remote_node node(
      w, folder,
      node_with(&storage::storage_node_options::scrub_interval, std::chrono::seconds(1)));
  const auto good = content(20'000, 8);
  const auto bad = content(20'000, 9);
  for (const auto& data : {good, bad})
    REQUIRE(tell(w.system, node.remote,
                 msg::storage_node_put{named(data), slice::copy_of(data), film}));
  spoil(folder, bad);
  CHECK(eventually([&] { return node.store->usage()->bad_chunks == 1; }));
  const auto found =
      ask<msg::storage_node_bad_result>(w.system, node.remote, msg::storage_node_bad{10});
  REQUIRE(found);
  REQUIRE(found->chunks.size() == 1);
  CHECK(found->chunks[0].name == named(bad));
  CHECK(found->chunks[0].condition == msg::chunk_condition::damaged);
  CHECK(ask<msg::storage_node_get_result>(w.system, node.remote,
                                          msg::storage_node_get{named(bad), {0, 20'000}})
            .error()
            .code == errc::refuted);
  REQUIRE(
      tell(w.system, node.remote, msg::storage_node_put{named(bad), slice::copy_of(bad), film}));
  CHECK(ask<msg::storage_node_scrub_result>(w.system, node.remote,
                                            msg::storage_node_scrub{named(bad)})
            ->condition == msg::chunk_condition::good);
}

TEST_CASE("storage node: too many requests at once are told so", "[storage]") {
  world w;
  const scratch_folder folder;
  remote_node node(w, folder, node_with(&storage::storage_node_options::threads, 1u));
  const auto data = content(chunk_bytes, 10);
  REQUIRE(
      tell(w.system, node.remote, msg::storage_node_put{named(data), slice::copy_of(data), film}));
  caf::scoped_actor self(w.system);
  std::size_t answered = 0;
  std::size_t overloaded = 0;
  constexpr auto room = storage::node_request_bytes / chunk_bytes;
  const auto asked = room + 40;
  const msg::storage_node_get get{named(data), {0, chunk_bytes}, false, GENERATE(false, true)};
  std::vector<decltype(self->request(node.local, 5s, msg::storage_node_get{}))> waiting;
  for (std::size_t i = 0; i < asked; ++i) waiting.push_back(self->request(node.local, 20s, get));
  for (auto& one : waiting) {
    one.receive([&](const msg::storage_node_get_result&) { ++answered; },
                [&](const caf::error& e) {
                  CHECK(to_error(e).code == errc::overloaded);
                  ++overloaded;
                });
  }
  CHECK(answered + overloaded == asked);
  CHECK(answered >= room);
  CHECK(overloaded > 0);
  SECTION("but many small ones are not too many") {
    const msg::storage_node_get small{named(data), {0, bep52_leaf_size}, false, true};
    waiting.clear();
    for (int i = 0; i < 2000; ++i) waiting.push_back(self->request(node.local, 20s, small));
    std::size_t well = 0;
    for (auto& one : waiting)
      one.receive([&](const msg::storage_node_get_result&) { ++well; }, [](const caf::error&) {});
    CHECK(well == 2000);
  }
}
