// What happens to calls when the server or the network is in the way.
#include "storage/sql.hpp"
#include "tests/integration/postgresql/relay.hpp"
#include "tests/integration/postgresql/server.hpp"
#include "tests/integration/postgresql/writings.hpp"

#include <atomic>
#include <set>
#include <thread>

using namespace interswarm;
using namespace interswarm::postgresql_testing;

TEST_CASE("postgresql: after a crash all that was acknowledged is there, and calls go on") {
  postgresql_server server;
  const auto db = database::open(server.uri()).value();
  catalogue books(*db);
  const auto names = name_table::open(*db).value();
  ledger book(*db);
  std::set<unsigned> acknowledged;
  for (unsigned round = 0; round < 3; ++round) {
    std::atomic<bool> over = false;
    std::thread killer([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(150 + 70 * round));
      server.kill();
      over = true;
    });
    for (unsigned n = round * 100'000; !over; ++n) {
      if (publish(books, made(n))) acknowledged.insert(n);
    }
    killer.join();
    const auto away = clock_type::now();
    for (const auto& failed :
         {publish(books, made(1)).error(), books.find(made(1).content_id).error(),
          names->learn(record(1)).error(), names->find(record(1).name, 0).error(),
          book.record(entry(1)).error(), book.list(0, 1).error()}) {
      CHECK(failed.code == errc::unavailable);
      check_text(failed);
    }
    CHECK(clock_type::now() - away < std::chrono::seconds(5));
    CHECK(database::open(server.uri()).error().code == errc::unavailable);
    server.start();
    // The same objects.
    for (const auto n : acknowledged) CHECK(books.find(made(n).content_id));
    REQUIRE(names->learn(record(round)));
    REQUIRE(book.record(entry(round)));
  }
  CHECK(acknowledged.size() > 10);
}

TEST_CASE("postgresql: a server that was started again between two calls is not noticed") {
  postgresql_server server;
  const auto db = database::open(server.uri()).value();
  catalogue books(*db);
  REQUIRE(publish(books, made(1)));
  server.stop();
  server.start();
  CHECK(publish(books, made(2)));
  server.kill();
  server.start();
  CHECK(books.find(made(2).content_id));
}

TEST_CASE(
    "postgresql: a commit whose answer is lost is unavailable, and repeating it is harmless") {
  const fresh_database fresh;
  relay between(shared_server().port());
  const auto through = shared_server().uri("-csearch_path=" + schema_of(fresh), between.port());
  const auto db = database::open(through).value();
  const auto direct = database::open(fresh.place()).value();
  catalogue books(*db);
  const auto names = name_table::open(*db).value();
  ledger book(*db);
  const auto twice = [&](auto call) {
    between.lose_answer_to("; commit");
    const auto lost = call();
    REQUIRE_FALSE(lost);
    CHECK(lost.error().code == errc::unavailable);
    check_text(lost.error());
    return call();
  };
  CHECK(twice([&] { return publish(books, made(1)); }));
  CHECK(count(*direct) == 1);
  CHECK(twice([&] { return names->learn(record(1)); }));
  CHECK(twice([&] { return names->link({record(1), record(2)}); }));
  const auto content = made(1).content_id;
  CHECK(twice([&] { return names->verify({record(1).name, record(2).name}, content, 1000); }));
  CHECK(twice([&] { return names->renew(record(1).name, 50); }));
  CHECK(twice([&] { return book.record({entry(1), entry(2)}); }));
  CHECK(book.list(0, 10)->size() == 2);
  CHECK(names->names(record(2).name, 0)->size() == 2);
  // What was lost was done: nothing is left to withdraw.
  CHECK(twice([&] { return books.withdraw(content, "alice", 200); }).error().code ==
        errc::not_found);
  CHECK(count(*direct) == 0);
}

TEST_CASE("postgresql: a call that fails half-way leaves nothing") {
  const fresh_database fresh;
  relay between(shared_server().port());
  const auto schema = "-csearch_path=" + schema_of(fresh);
  const auto db = database::open(shared_server().uri(schema, between.port())).value();
  const auto direct = database::open(fresh.place()).value();
  catalogue books(*db);
  for (const auto* statement :
       {"insert into contents", "insert into publications", "insert into publication_words",
        "insert into keepings", "pg_advisory_xact_lock"}) {
    CAPTURE(statement);
    between.lose_answer_to(statement);
    CHECK(publish(books, made(1)).error().code == errc::unavailable);
    CHECK(count(*direct) == 0);
    CHECK(catalogue(*direct).wanted({}, 10)->empty());
  }
  CHECK(publish(books, made(1)));
}

TEST_CASE("postgresql: a server that does not answer is waited for a bounded time") {
  const fresh_database fresh;
  relay between(shared_server().port());
  const auto schema = "-csearch_path=" + schema_of(fresh) + " -cstatement_timeout=400";
  const auto place = shared_server().uri(schema, between.port()) + "&connect_timeout=2";
  const auto db = database::open(place).value();
  catalogue books(*db);
  REQUIRE(publish(books, made(1)));
  between.freeze(true);
  auto begin = clock_type::now();
  const auto silent = publish(books, made(2));
  CHECK(silent.error().code == errc::unavailable);
  CHECK(silent.error().text.find("no answer within 800 ms") != std::string::npos);
  check_text(silent.error());
  CHECK(clock_type::now() - begin < std::chrono::seconds(3));
  begin = clock_type::now();
  const auto unreachable = books.find(made(1).content_id);
  CHECK(unreachable.error().code == errc::unavailable);
  check_text(unreachable.error());
  CHECK(clock_type::now() - begin < std::chrono::seconds(6));
  between.freeze(false);
  CHECK(publish(books, made(2)));
}

TEST_CASE("postgresql: a statement has a bounded time, and commits are durable whatever is set") {
  const fresh_database fresh;
  // Tables take their time on a busy machine.
  REQUIRE(database::open(fresh.place()));
  const auto db = database::open(fresh.place() + "%20-cstatement_timeout%3D900%20-csynchronous_"
                                                 "commit%3Doff%20-cbytea_output%3Descape")
                      .value();
  catalogue books(*db);
  REQUIRE(publish(books, made(1)));
  CHECK(books.find(made(1).content_id)->chunks.size() == chunk_count(5'000'000) * 32);
  std::string setting;
  db->session().sql << "show synchronous_commit", soci::into(setting);
  CHECK(setting == "on");
  db->session().sql << "show statement_timeout", soci::into(setting);
  CHECK(setting == "900ms");
  db->session().sql << "show lock_timeout", soci::into(setting);
  CHECK(setting == std::to_string(limits::database_busy_ms / 1000) + "s");
  std::thread holder([&] {
    shared_server().run("begin; lock table " + schema_of(fresh) +
                        ".contents in access exclusive mode; select pg_sleep(2)");
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  const auto slow = publish(books, made(2));
  REQUIRE_FALSE(slow);
  CHECK(slow.error().code == errc::unavailable);
  CHECK(slow.error().text.find("the server is too slow") != std::string::npos);
  check_text(slow.error());
  holder.join();
  CHECK(publish(books, made(2)));
}
