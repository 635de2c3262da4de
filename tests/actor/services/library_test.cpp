#include "actors/services/stored_face.hpp"
#include "storage/ledger.hpp"
#include "tests/actor/services/publish_fixture.hpp"

#include <mutex>

using namespace interswarm;
using namespace interswarm::services::testing;
namespace services = interswarm::services;

namespace {

/// An access node's library over the press's catalogue.
struct reading_room : press {
  reading_room() {
    books = bridge::spawn_name_transfer(w.new_loop("books"), folder.file("books.db")).value();
    services::library_context ctx;
    ctx.books = books;
    ctx.network = network;
    ctx.withdrawn = [this](const msg::name& n) {
      const std::lock_guard guard(mutex);
      withdrawn.push_back(n);
    };
    shelf = spawn_on<services::library>(home, std::move(ctx));
  }
  ~reading_room() {
    caf::anon_send_exit(shelf, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(books, caf::exit_reason::user_shutdown);
  }
  void join() { caf::anon_send(shelf, services::catalogue_up{"own", msg::catalogue_actor(desk)}); }
  result<bridge::names_group> names_of(const msg::name& n) {
    return ask<bridge::names_group>(w.system, shelf, bridge::names_of{n});
  }
  std::size_t offered() {
    return ask<bridge::names_group>(w.system, shelf, bridge::names_all{100})->records.size();
  }
  std::size_t gone() {
    const std::lock_guard guard(mutex);
    return withdrawn.size();
  }

  bridge::name_transfer_actor books;
  services::library_actor shelf;
  std::mutex mutex;
  std::vector<msg::name> withdrawn;
};

} // namespace

TEST_CASE("library: what is published is offered, opened and withdrawn") {
  reading_room r;
  CHECK(r.names_of({"test", slice(bytes(20))}).error().code == errc::unavailable);
  r.join();
  const auto data = content(5'000'000, 1);
  const auto state = r.publish("alice", draft("Film"), data).value();
  REQUIRE(state.failure.empty());
  const auto name = state.records.front().name;
  CHECK(eventually([&] { return r.offered() == 1; }));
  const auto group = r.names_of(name).value().records;
  REQUIRE(group.size() == 2);
  CHECK(group[0].name == name);
  CHECK(group[1].name.overlay == services::stored_overlay);
  CHECK(group[1].evidence == msg::evidence::structural);

  const auto face = runtime::on(r.home, [&] { return spawn_stored_face(r.home, r.shelf); });
  const auto found =
      ask<msg::tracker_find_result>(r.w.system, face.tracker, msg::tracker_find{group[1].name, 10});
  CHECK(found->status.sources == 1);
  const auto fetched =
      ask<msg::peer_fetch_result>(r.w.system, face.peer, msg::peer_fetch{group[1], face.tracker});
  REQUIRE(fetched);
  msg::source_read question;
  question.range = {4'000'000, 5'000'000};
  question.deadline_ms = 5000;
  const auto read = ask<msg::source_read_result>(r.w.system, fetched->source, question);
  REQUIRE(read);
  CHECK(equal(read->data, byte_view(data).subspan(4'000'000)));

  REQUIRE(runtime::tell(r.w.system, r.service("alice"),
                        msg::storage_service_withdraw{state.publication.content_id}));
  CHECK(eventually([&] { return r.gone() == 1 && r.offered() == 0; }));
  CHECK(
      ask<msg::tracker_find_result>(r.w.system, face.tracker, msg::tracker_find{group[1].name, 10})
          ->status.sources == 0);
  caf::anon_send_exit(face.tracker, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(face.peer, caf::exit_reason::user_shutdown);
}

TEST_CASE("library: what is not open is known, but forbidden to overlays") {
  reading_room r;
  r.join();
  auto closed = draft("Closed");
  closed.open = false;
  const auto state = r.publish("alice", closed, content(1000, 2)).value();
  REQUIRE(state.failure.empty());
  CHECK(state.links.empty());
  const auto group = r.names_of(state.records.front().name).value();
  for (const auto& record : group.records) CHECK(record.permission == msg::permission::forbidden);
  // Published again by somebody who opens it, it is open.
  REQUIRE(r.publish("bob", draft("Open"), content(1000, 2))->failure.empty());
  CHECK(eventually([&] { return r.offered() == 1; }));
  CHECK(r.names_of(state.records.front().name)->records.front().permission !=
        msg::permission::forbidden);
}

TEST_CASE("library: words find, and the ledger reaches the catalogue") {
  reading_room r;
  r.join();
  REQUIRE(r.publish("alice", draft("A long film"), content(1000, 3))->failure.empty());
  const auto found =
      ask<bridge::names_group>(r.w.system, r.shelf, bridge::names_search{"film", 10});
  REQUIRE(found->records.size() == 1);
  CHECK(found->records.front().title == "A long film");
  CHECK(ask<bridge::names_group>(r.w.system, r.shelf, bridge::names_search{"book", 10})
            ->records.empty());
  msg::ledger_entry e;
  e.receipt = slice(bytes(16, 7));
  e.from_domain = e.to_domain = "own";
  e.from_overlay = "content";
  e.to_overlay = "test";
  e.content_name = {"test", slice(bytes(20, 1))};
  e.bytes = 1000;
  e.first_at = e.last_at = std::time(nullptr) * 1000;
  REQUIRE(runtime::tell(r.w.system, r.shelf, bridge::ledger_enter{{e}}));
  const auto own = ask<bridge::ledger_list>(r.w.system, r.shelf, bridge::ledger_since{0, 10});
  CHECK(own->entries.size() == 1);
  // The catalogue's own ledger is in its database.
  CHECK(eventually([&] {
    auto db = database::open(r.folder.file("catalogue.db"));
    return db && ledger(**db).list(0, 10)->size() == 1;
  }));
}
