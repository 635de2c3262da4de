#pragma once

#include "actors/services/access_service.hpp"
#include "actors/services/account_reader.hpp"
#include "actors/services/delivery_desk.hpp"
#include "storage/served_table.hpp"
#include "tests/actor/services/publish_fixture.hpp"

/// What the tests of the accounts share.
namespace interswarm::services::testing {

/// An access node over the press's catalogue, with everything that counts deliveries.
struct counting_house : press {
  counting_house() {
    books = bridge::spawn_name_transfer(w.new_loop("books"), folder.file("books.db")).value();
    library_context ctx;
    ctx.books = books;
    ctx.network = network;
    shelf = spawn_on<library>(home, std::move(ctx));
    open_desk();
  }
  ~counting_house() {
    close_desk();
    caf::anon_send_exit(shelf, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(books, caf::exit_reason::user_shutdown);
  }
  void open_desk() {
    deliveries =
        spawn_delivery_desk(w.new_loop("deliveries"), folder.file("books.db"), "here", shelf)
            .value();
  }
  /// Ends it and waits until it has written down what it has.
  void close_desk() {
    if (!deliveries) return;
    caf::scoped_actor self(w.system);
    self->monitor(deliveries);
    caf::anon_send_exit(deliveries, caf::exit_reason::user_shutdown);
    self->receive([](const caf::down_msg&) {}, caf::after(10s) >> [] { FAIL("it does not end"); });
    deliveries = nullptr;
  }
  void join() { caf::anon_send(shelf, catalogue_up{"own", msg::catalogue_actor(desk)}); }
  void sent(const msg::name& name, std::uint64_t count) {
    caf::anon_send(deliveries, delivered{name.overlay, name, {}, {}, count});
  }
  msg::accounts_actor accounts_of(const std::string& tenant) {
    return ask<msg::catalogue_accounts_result>(w.system, shelf, msg::catalogue_accounts{tenant})
        .value()
        .accounts;
  }
  std::vector<msg::account> accounts(const std::string& tenant = {},
                                     msg::account_kind kind = msg::account_kind::tenant) {
    return ask<msg::accounts_list_result>(w.system, accounts_of(tenant),
                                          msg::accounts_list{{}, kind, {}, 0})
        .value()
        .accounts;
  }
  /// Of one account, by overlay; 0 where there is none.
  std::uint64_t served(const std::string& name, const std::string& overlay,
                       msg::account_kind kind = msg::account_kind::tenant) {
    for (const auto& a : accounts({}, kind))
      for (const auto& s : a.served)
        if (a.name == name && s.overlay == overlay) return s.bytes;
    return 0;
  }

  bridge::name_transfer_actor books;
  library_actor shelf;
  delivery_desk_actor deliveries;
};

} // namespace interswarm::services::testing
