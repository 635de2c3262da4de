// What happens to calls when another writer is in the way.
#include "tests/integration/postgresql/relay.hpp"
#include "tests/integration/postgresql/server.hpp"
#include "tests/integration/postgresql/writings.hpp"

#include <atomic>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace interswarm;
using namespace interswarm::postgresql_testing;

namespace {

/// The children's exits, all of which must be clean.
void wait_for(const std::vector<pid_t>& children) {
  for (const auto child : children) {
    int status = -1;
    ::waitpid(child, &status, 0);
    CHECK(status == 0);
  }
}

} // namespace

TEST_CASE("postgresql: a writer waits for another, then is told; one that vanished lets go") {
  const fresh_database fresh;
  const auto db = database::open(fresh.place() + "%20-clock_timeout%3D300").value();
  catalogue books(*db);
  REQUIRE(publish(books, made(1)));
  {
    relay between(shared_server().port());
    const auto options = "-csearch_path=" + schema_of(fresh) +
                         " -cidle_in_transaction_session_timeout=500 -cstatement_timeout=4000";
    const auto other = database::open(shared_server().uri(options, between.port())).value();
    catalogue theirs(*other);
    REQUIRE(publish(theirs, made(2)));
    std::atomic<bool> over = false;
    std::thread vanished([&] {
      between.freeze_at("insert into contents");
      CHECK_FALSE(publish(theirs, made(3)));
      over = true;
    });
    while (!between.is_frozen()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    const auto patient = database::open(fresh.place()).value();
    catalogue patiently(*patient);
    CHECK(publish(patiently, made(4)));
    CHECK_FALSE(over);
    vanished.join();
    CHECK(books.find(made(3).content_id).error().code == errc::not_found);
  }

  // A holder that is alive but does nothing.
  std::thread holder([&] {
    shared_server().run("begin; select pg_advisory_xact_lock(objid::bigint | (classid::bigint << "
                        "32)) from (select 1230198593::oid as classid, oid as objid from "
                        "pg_namespace where nspname = '" +
                        schema_of(fresh) + "') l; select pg_sleep(1.5)");
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(400));
  const auto refused = publish(books, made(5));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == errc::unavailable);
  CHECK(refused.error().text.find("another process is writing it") != std::string::npos);
  check_text(refused.error());
  CHECK(books.find(made(4).content_id)); // readers do not wait
  holder.join();
  CHECK(publish(books, made(5)));
}

TEST_CASE("postgresql: processes that write at the same time lose nothing") {
  const fresh_database fresh;
  std::vector<pid_t> children;
  for (unsigned writer = 0; writer < 4; ++writer) {
    children.push_back(::fork());
    if (children.back() != 0) continue;
    const auto opened = database::open(fresh.place()); // all migrate at once
    if (!opened) ::_exit(1);
    catalogue books(**opened);
    const auto names = name_table::open(**opened).value();
    ledger book(**opened);
    for (unsigned n = 0; n < 40; ++n) {
      // Each its own, and all one and the same.
      const auto linked = names->link({record(writer * 1000 + n), record(60'000)});
      const bool ok = publish(books, made(writer * 1000 + n)) &&
                      publish(books, made(7, "tenant " + std::to_string(n))) &&
                      (linked || linked.error().code == errc::too_large) &&
                      book.record({entry(writer * 1000 + n), entry(60'000 + n)});
      if (!ok) ::_exit(2);
    }
    ::_exit(0);
  }
  wait_for(children);
  const auto db = database::open(fresh.place()).value();
  CHECK(count(*db) == 4 * 40 + 40);
  CHECK(ledger(*db).list(0, 1000)->size() == 4 * 40 + 40);
  const auto names = name_table::open(*db).value();
  CHECK(names->names(record(60'000).name, 0)->size() == limits::names_per_content);
}

TEST_CASE("postgresql: a database is migrated once, whoever comes first") {
  for (int round = 0; round < 5; ++round) {
    const fresh_database fresh;
    std::vector<pid_t> children;
    for (int i = 0; i < 6; ++i) {
      children.push_back(::fork());
      if (children.back() != 0) continue;
      const auto opened = database::open(fresh.place());
      ::_exit(opened && publish(*std::make_unique<catalogue>(**opened), made(1)) ? 0 : 1);
    }
    wait_for(children);
    CHECK(count(*database::open(fresh.place()).value()) == 1);
  }
}
