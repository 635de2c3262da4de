#include "actors/services/http_shelf.hpp"
#include "schema/base/encoding.hpp"
#include "tests/actor/services/accounts_fixture.hpp"
#include "tests/actor/services/door_fixture.hpp"

using namespace interswarm;
using namespace interswarm::services::testing;
namespace services = interswarm::services;

TEST_CASE("accounts: what swarms take is charged to the first whose publication is open") {
  counting_house h;
  h.join();
  auto closed = draft("Closed");
  closed.open = false;
  REQUIRE(h.publish("alice", closed, content(5000, 1))->failure.empty());
  REQUIRE(h.publish("bob", draft("Open"), content(5000, 1))->failure.empty());
  const auto state = h.publish("carol", draft("Open, too"), content(5000, 1)).value();
  const auto name = state.records.front().name;
  // The whole content to two clients.
  h.sent(name, 5000);
  h.sent(name, 5000);
  CHECK(eventually([&] { return h.served("bob", "test") == 10'000; }));
  CHECK(h.served("alice", "test") == 0);
  CHECK(h.served("carol", "test") == 0);
  // Who withdraws pays no more for what is asked for later.
  REQUIRE(runtime::tell(h.w.system, h.service("bob"),
                        msg::storage_service_withdraw{state.publication.content_id}));
  h.close_desk();
  h.open_desk();
  h.sent(name, 7);
  CHECK(eventually([&] {
    h.sent(name, 0);
    return h.served("carol", "test") == 7;
  }));
  CHECK(h.served("bob", "test") == 10'000);
  // A name of nothing is nobody's, but not lost.
  h.sent({"test", slice(bytes(20, 9))}, 11);
  CHECK(eventually([&] {
    const auto all = ask<msg::accounts_deliveries_result>(h.w.system, h.accounts_of(""),
                                                          msg::accounts_deliveries{{}, {}, 0});
    std::uint64_t nobodys = 0;
    for (const auto& d : all->deliveries)
      if (d.tenant.empty()) nobodys += d.bytes;
    return nobodys == 11;
  }));
}

TEST_CASE("accounts: a restart and a catalogue that is away lose and double nothing") {
  counting_house h;
  const auto state = h.publish("alice", draft("Film"), content(5000, 2)).value();
  const auto id = state.publication.content_id;
  const msg::name stored{std::string(services::stored_overlay), id};
  // No service node is known yet.
  caf::anon_send(h.deliveries, services::delivered{"http", stored, "alice", "", 300});
  h.close_desk();
  h.open_desk();
  caf::anon_send(h.deliveries, services::delivered{"http", stored, "alice", "", 40});
  h.join();
  CHECK(eventually([&] { return h.served("alice", "http") == 340; }));
  // Handed over again, as after an answer that was lost.
  std::vector<msg::delivery> all;
  {
    auto db = database::open(h.folder.file("books.db")).value();
    all = served_table(*db).page({0, 1LL << 40}, {}, {}, 100).value().deliveries;
  }
  CHECK(all.size() == 2);
  const auto taken =
      ask<msg::catalogue_deliver_result>(h.w.system, h.shelf, msg::catalogue_deliver{all});
  CHECK(taken->taken == 2);
  CHECK(h.served("alice", "http") == 340);
}

TEST_CASE("accounts: what HTTP sends counts each time") {
  counting_house h;
  h.join();
  const auto data = content(300'000, 4);
  const auto id = h.publish("alice", draft("Film"), data)->publication.content_id;
  services::http_shelf_options options;
  options.door.listen = {*endpoint::parse("127.0.0.1:0")};
  options.domain = "here";
  options.read_name = [&](const std::string&) {
    return std::vector<msg::name>{{std::string(services::stored_overlay), id}};
  };
  options.deliveries = h.deliveries;
  const auto door = services::spawn_http_shelf(h.home, h.shelf, options).value();
  const auto url =
      "http://127.0.0.1:" + std::to_string(door.listening.at(0).port) + "/content/" + to_hex(id);
  const auto get = [&](const std::string& range) {
    return http::curl({"-o", "/dev/null", "-r", range, url}).code;
  };
  CHECK(get("0-299999") == 0);
  CHECK(get("0-299999") == 0);
  CHECK(get("100-199") == 0);
  CHECK(eventually([&] { return h.served("alice", "http") == 600'100; }));
  caf::anon_send_exit(door.handle, caf::exit_reason::user_shutdown);
}

TEST_CASE("accounts: a provider sees its own, with quota and byte-hours") {
  counting_house h;
  h.join();
  REQUIRE(h.publish("alice", draft("One"), content(5000, 5))->failure.empty());
  REQUIRE(h.publish("bob", draft("Two"), content(6000, 6))->failure.empty());
  const auto own = [&] {
    const auto from = ask<msg::storage_service_accounts_result>(h.w.system, h.service("alice"),
                                                                msg::storage_service_accounts{});
    return ask<msg::accounts_list_result>(h.w.system, from->accounts,
                                          msg::accounts_list{{}, msg::account_kind::tenant, {}, 0})
        ->accounts;
  };
  REQUIRE(own().size() == 1);
  CHECK(own()[0].name == "alice");
  CHECK(own()[0].stored_bytes == 5000);
  CHECK(eventually([&] { return own()[0].byte_seconds_low >= 5000; }));
  CHECK(h.accounts().size() == 2);
  const auto kept = ask<msg::accounts_keepings_result>(h.w.system, h.accounts_of("bob"),
                                                       msg::accounts_keepings{{}, 0, 0});
  REQUIRE(kept->keepings.size() == 1);
  CHECK(kept->keepings[0].size == 6000);
  CHECK(kept->keepings[0].ended == 0);
  const auto wrong = ask<msg::accounts_deliveries_result>(
      h.w.system, h.accounts_of(""), msg::accounts_deliveries{{}, slice(bytes(3)), 0});
  CHECK(wrong.error().code == errc::malformed);
}

TEST_CASE("accounts: more names than payers are sought for are nobody's, and none is lost") {
  counting_house h;
  const auto count = services::max_payers_sought + 10;
  for (std::size_t i = 0; i < count; ++i) {
    bytes key(20);
    key[0] = static_cast<byte>(i);
    key[1] = static_cast<byte>(i >> 8);
    h.sent({"test", slice(std::move(key))}, 3);
  }
  h.close_desk();
  auto db = database::open(h.folder.file("books.db")).value();
  std::uint64_t sum = 0;
  const auto page = served_table(*db).page({0, 1LL << 40}, {}, {}, 100).value();
  for (const auto& d : page.deliveries) sum += d.bytes;
  CHECK(sum == 3 * count);
}

TEST_CASE("accounts: what is older than it is to be kept goes, the present stays") {
  runtime::world w;
  scratch_folder folder;
  services::charging_options charging;
  charging.keep = 24h;
  charging.quotas = {{"alice", 77}};
  const auto desk =
      services::spawn_catalogue_desk(w.new_loop("catalogue"), folder.file("catalogue.db"), charging)
          .value();
  msg::delivery old;
  old.receipt = slice(bytes(16, 1));
  old.overlay = "http";
  old.tenant = "alice";
  old.bytes = 5;
  auto fresh = old;
  fresh.receipt = slice(bytes(16, 2));
  fresh.hour = std::time(nullptr) / 3600 * 3600;
  REQUIRE(ask<msg::catalogue_deliver_result>(w.system, desk, msg::catalogue_deliver{{old, fresh}}));
  const auto from =
      ask<msg::catalogue_accounts_result>(w.system, desk, msg::catalogue_accounts{""})->accounts;
  const auto account = [&] {
    return ask<msg::accounts_list_result>(w.system, from,
                                          msg::accounts_list{{}, msg::account_kind::tenant, {}, 0})
        ->accounts.at(0);
  };
  CHECK(account().served.at(0).bytes == 10);
  CHECK(account().quota_bytes == 77);
  REQUIRE(ask<services::orphaned>(w.system, desk, services::drop_expired{}));
  CHECK(account().served.at(0).bytes == 5);
  caf::anon_send_exit(desk, caf::exit_reason::user_shutdown);
  CHECK(eventually([&] {
    return ask<msg::accounts_keepings_result>(w.system, from, msg::accounts_keepings{{}, 0, 0})
               .error()
               .code == errc::unavailable;
  }));
}

TEST_CASE("accounts: a period ends at the present at the latest") {
  using services::settled;
  CHECK(settled({5, 0}, 100).until == 100);
  CHECK(settled({5, 50}, 100).until == 50);
  CHECK(settled({5, 500}, 100).until == 100);
  CHECK(settled({-5, 50}, 100).since == 0);
}

TEST_CASE("accounts: a payer book forgets when it is full") {
  services::payer_book book(2);
  for (byte i = 1; i <= 3; ++i) book.note(slice(bytes(32, i)), "t" + std::to_string(i));
  CHECK(book.of(slice(bytes(32, 3))) == "t3");
  CHECK(book.of(slice(bytes(32, 2))) == "t2");
  CHECK(book.of(slice(bytes(32, 1))).empty());
  book.note(slice(bytes(32, 3)), "another");
  CHECK(book.of(slice(bytes(32, 3))) == "another");
  CHECK(book.of(slice(bytes(32, 2))) == "t2");
}
