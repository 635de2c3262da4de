// What happens to calls when the server, the network or another writer is in the way.
#include "storage/catalogue.hpp"
#include "storage/chunk.hpp"
#include "storage/chunk_index.hpp"
#include "storage/ledger.hpp"
#include "storage/name_table.hpp"
#include "storage/sql.hpp"
#include "tests/catch.hpp"
#include "tests/fresh_database.hpp"
#include "tests/integration/postgresql/relay.hpp"
#include "tests/integration/postgresql/server.hpp"

#include <set>
#include <sys/wait.h>
#include <unistd.h>

using namespace interswarm;
using clock_type = std::chrono::steady_clock;

namespace {

publication made(unsigned n, const std::string& tenant = "alice") {
  publication p;
  bytes id(32, 0);
  for (std::size_t i = 0; i < 4; ++i) id[i] = static_cast<byte>(n >> (8 * i));
  p.content_id = slice(std::move(id));
  p.size = 5'000'000;
  p.tenant = tenant;
  p.title = "Film " + std::to_string(n);
  p.published_at = 1000;
  return p;
}

result<std::vector<slice>> publish(catalogue& books, const publication& p) {
  return books.publish(p, bytes(chunk_count(p.size) * 32, 7));
}

std::size_t count(database& db) {
  return catalogue(db).list({}, 0, limits::listing, 2000).value().size();
}

msg::name_record record(unsigned n) {
  msg::name_record out;
  out.name = {"ed2k", slice(bytes{static_cast<byte>(n), static_cast<byte>(n >> 8)})};
  out.size = 1000;
  out.evidence = msg::evidence::declared;
  out.title = "record " + std::to_string(n);
  return out;
}

msg::ledger_entry entry(unsigned n) {
  msg::ledger_entry out;
  out.receipt = slice(bytes{1, static_cast<byte>(n), static_cast<byte>(n >> 8)});
  out.content_name = {"ed2k", slice(bytes{1})};
  out.bytes = n;
  return out;
}

/// Each failure is one line that names host and database and never the password.
void check_text(const error& e) {
  CAPTURE(e.text);
  CHECK(e.text.find("database postgres at 127.0.0.1:") != e.text.npos);
  CHECK(e.text.find('\n') == e.text.npos);
  CHECK(e.text.size() < 600);
  for (const auto* part : {"p@ss", "w:rd", "p%40ss"}) CHECK(e.text.find(part) == e.text.npos);
}

std::string schema_of(const fresh_database& fresh) {
  return fresh.place().substr(fresh.place().rfind("fresh"));
}

/// The children's exits, all of which must be clean.
void wait_for(const std::vector<pid_t>& children) {
  for (const auto child : children) {
    int status = -1;
    ::waitpid(child, &status, 0);
    CHECK(status == 0);
  }
}

} // namespace

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

TEST_CASE("postgresql: a statement has a bounded time, and commits are durable whatever is set") {
  const fresh_database fresh;
  const auto db = database::open(fresh.place() + "%20-cstatement_timeout%3D300%20-csynchronous_"
                                                 "commit%3Doff%20-cbytea_output%3Descape")
                      .value();
  catalogue books(*db);
  REQUIRE(publish(books, made(1)));
  CHECK(books.find(made(1).content_id)->chunks.size() == chunk_count(5'000'000) * 32);
  std::string setting;
  db->session().sql << "show synchronous_commit", soci::into(setting);
  CHECK(setting == "on");
  db->session().sql << "show statement_timeout", soci::into(setting);
  CHECK(setting == "300ms");
  db->session().sql << "show lock_timeout", soci::into(setting);
  CHECK(setting == std::to_string(limits::database_busy_ms / 1000) + "s");
  std::thread holder([&] {
    shared_server().run("begin; lock table " + schema_of(fresh) +
                        ".contents in access exclusive mode; select pg_sleep(1)");
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

TEST_CASE("postgresql: what is no database for us is refused with one line") {
  auto& server = shared_server();
  {
    const fresh_database fresh;
    const auto schema = schema_of(fresh);
    server.run("create table " + schema + ".theirs (x integer)");
    const auto theirs = database::open(fresh.place());
    CHECK(theirs.error().code == errc::malformed);
    check_text(theirs.error());
  }
  const fresh_database fresh;
  const auto schema = schema_of(fresh);
  REQUIRE(database::open(fresh.place()));
  server.run("update " + schema + ".interswarm_version set version = 99");
  const auto newer = database::open(fresh.place());
  CHECK(newer.error().code == errc::conflict);
  check_text(newer.error());

  const auto none = database::open(server.uri("-csearch_path=no_such_schema"));
  REQUIRE_FALSE(none);
  CHECK(none.error().text.find("search_path") != std::string::npos);
  check_text(none.error());
  auto wrong = server.uri();
  wrong.replace(wrong.find("tester:") + 7, 4, "secret");
  const auto denied = database::open(wrong);
  CHECK(denied.error().code == errc::unavailable);
  CHECK(denied.error().text.find("password authentication failed") != std::string::npos);
  CHECK(denied.error().text.find("secret") == std::string::npos);
  check_text(denied.error());
  CHECK(chunk_index::open(server.uri()).error().code == errc::configuration);

  server.run("create database latin encoding 'LATIN1' template template0 locale 'C' "
             "locale_provider 'libc'");
  auto latin = server.uri();
  latin.replace(latin.find("/postgres?"), 10, "/latin?");
  const auto refused = database::open(latin);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text.find("encoding UTF8") != std::string::npos);
}

TEST_CASE("postgresql: key words of libpq, and long keys, and text of any language") {
  const fresh_database fresh;
  const auto schema = schema_of(fresh);
  const auto db =
      database::open("postgresql://host=127.0.0.1 port=" + std::to_string(shared_server().port()) +
                     " user=tester dbname=postgres password='p@ss/w:rd?#%\\'\\\\' "
                     "options=-csearch_path=" +
                     schema);
  REQUIRE(db);
  const auto names = name_table::open(**db).value();
  const auto key = [](byte fill) {
    bytes out(limits::name_key_bytes, 0);
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = static_cast<byte>((i * 2654435761U * fill) >> 13);
    return slice(std::move(out));
  };
  auto a = record(1), b = record(2);
  a.name.key = key(3);
  b.name.key = key(5);
  REQUIRE(names->link({a, b}));
  REQUIRE(names->refute(a.name, b.name, 5));
  CHECK(names->is_refuted(b.name, a.name).value());
  // A word's beginning is found by its bytes, which a language would order in another way.
  for (const auto* title : {"co-op", "COOP", "coöperate", "coop_b", "\xF4\x8F\xBF\xBF end"}) {
    auto r = record(static_cast<unsigned>(std::string_view(title).size()) + 100);
    r.title = title;
    REQUIRE(names->learn(r));
  }
  CHECK(names->search("coo", 10, 0)->size() == 2);
  CHECK(names->search("co", 10, 0)->size() == 4);
  CHECK(names->search("\xF4\x8F\xBF\xBF", 10, 0)->size() == 1);
  CHECK(names->find({"\xFF", slice(bytes{1})}, 0).error().code == errc::malformed);

  catalogue books(**db);
  auto p = made(1);
  p.properties = {{"who", std::string(59, 'x') + "\xC3\xA9\xC3\xA9"}};
  REQUIRE(publish(books, p));
  catalogue_query q;
  q.property = p.properties.front();
  CHECK(books.list(q, 0, 10, 2000)->size() == 1);
  q = {};
  q.words = "film \xFF\xFE";
  CHECK(books.list(q, 0, 10, 2000)->size() == 1);
}
