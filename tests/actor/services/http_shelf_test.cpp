#include "actors/services/http_shelf.hpp"
#include "schema/base/encoding.hpp"
#include "tests/actor/services/door_fixture.hpp"
#include "tests/actor/services/publish_fixture.hpp"

using namespace interswarm;
using namespace interswarm::services::testing;
namespace services = interswarm::services;

namespace {

constexpr std::uint64_t rate = 1 << 20;
/// Some seconds at that rate, and little enough for all of it to be read ahead.
constexpr std::size_t film_size = 4'000'000;

/// An access node that gives over HTTP what the press publishes.
struct shop : press {
  shop() {
    books = bridge::spawn_name_transfer(w.new_loop("books"), folder.file("books.db")).value();
    services::library_context ctx;
    ctx.books = books;
    ctx.network = network;
    ctx.changes = changes;
    shelf = spawn_on<services::library>(home, std::move(ctx));
    services::http_shelf_options o;
    o.door.listen = {*endpoint::parse("127.0.0.1:0")};
    o.door.bytes_per_second = rate;
    o.domain = "own";
    o.changes = changes;
    o.read_name = [](const std::string& text) {
      const auto id = from_hex(text);
      return id ? std::vector{msg::name{"content", slice(bytes(*id))}} : std::vector<msg::name>{};
    };
    door = services::spawn_http_shelf(w.new_loop("door"), shelf, std::move(o)).value();
    caf::anon_send(shelf, services::catalogue_up{"own", msg::catalogue_actor(desk)});
    REQUIRE(eventually([&] {
      return ask<msg::catalogue_parties_result>(w.system, shelf, msg::catalogue_parties{})
          .has_value();
    }));
  }
  ~shop() {
    caf::anon_send_exit(door.handle, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(shelf, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(books, caf::exit_reason::user_shutdown);
  }

  slice sell(const std::string& tenant, bool open, std::uint32_t seed = 1) {
    auto d = draft("Film");
    d.open = open;
    const auto state = publish(tenant, d, content(film_size, seed)).value();
    REQUIRE(state.failure.empty());
    return state.publication.content_id;
  }
  std::string add(const std::string& name, const std::string& tenant = "studio") {
    msg::party p;
    p.name = name;
    p.take = true;
    p.tenants = {tenant};
    return ask<msg::catalogue_add_party_result>(w.system, shelf, msg::catalogue_add_party{p})
        .value()
        .token;
  }
  void withdraw(const std::string& tenant, const slice& id) {
    REQUIRE(runtime::tell(w.system, service(tenant), msg::storage_service_withdraw{id}));
  }
  std::string status(const slice& id, const std::string& token) {
    http::raw_client c(door.listening[0]);
    c.send("HEAD /content/" + to_hex(id) + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" +
           "Authorization: Bearer " + token + "\r\n\r\n");
    return c.receive().substr(9, 3);
  }

  std::shared_ptr<services::change_count> changes =
      std::make_shared<services::change_count>(0);
  bridge::name_transfer_actor books;
  services::library_actor shelf;
  http::http_door door;
};

/// A download whose first bytes are there.
class download {
public:
  download(const shop& from, const slice& id, const std::string& token)
      : client_(from.door.listening[0]) {
    client_.send("GET /content/" + to_hex(id) + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" +
                 (token.empty() ? "" : "Authorization: Bearer " + token + "\r\n") + "\r\n");
    got_ = client_.receive(10'000);
    REQUIRE(got_.starts_with("HTTP/1.1 200"));
  }
  /// Bytes of the content that came until the connection ended.
  std::size_t rest() {
    while (!client_.ended()) {
      const auto more = client_.receive(1 << 20);
      REQUIRE((!more.empty() || client_.ended()));
      got_ += more;
    }
    return got_.size() - got_.find("\r\n\r\n") - 4;
  }

private:
  http::raw_client client_;
  std::string got_;
};

} // namespace

TEST_CASE("http shelf: revocation cuts a transfer by token, and no other one") {
  shop s;
  const auto closed = s.sell("studio", false);
  const auto open = s.sell("studio", true, 2);
  const auto token = s.add("one");
  const auto other = s.add("two");
  download cut(s, closed, token);
  download of_other(s, closed, other);
  download of_all(s, open, token);
  if (GENERATE(true, false)) {
    REQUIRE(runtime::tell(s.w.system, s.shelf, msg::catalogue_revoke_party{"one"}));
  } else {
    s.add("one", "another");
  }
  const auto came = cut.rest();
  CHECK(came > 0);
  CHECK(came < film_size);
  CHECK(of_other.rest() == film_size);
  CHECK(of_all.rest() == film_size);
  CHECK(s.status(closed, token) == "404");
  CHECK(s.status(closed, other) == "200");
}

TEST_CASE("http shelf: whoever loses the right to one content is cut off from that one") {
  shop s;
  const auto both = s.sell("studio", false);
  s.sell("rival", false);
  const auto kept = s.sell("studio", false, 2);
  const auto token = s.add("one");
  download lost(s, both, token);
  download goes_on(s, kept, token);
  download of_rival(s, both, s.add("two", "rival"));
  s.withdraw("studio", both);
  CHECK(lost.rest() < film_size);
  CHECK(goes_on.rest() == film_size);
  CHECK(of_rival.rest() == film_size);
  CHECK(s.status(both, token) == "404");
}

TEST_CASE("http shelf: an open content is remembered for no longer than it is open") {
  shop s;
  const auto id = s.sell("studio", true);
  for (int i = 0; i < 3; ++i) CHECK(s.status(id, "") == "200");
  auto closed = draft("Film");
  closed.open = false;
  closed.content_id = id;
  REQUIRE(s.publish("studio", closed, content(film_size, 1)).value().failure.empty());
  // Long before the ten seconds are over.
  const auto closed_at = std::chrono::steady_clock::now();
  CHECK(eventually([&] { return s.status(id, "") == "404"; }));
  CHECK(std::chrono::steady_clock::now() - closed_at < 5s);
  CHECK(s.status(id, s.add("one")) == "200");
}

TEST_CASE("http shelf: what nobody publishes any more is finished for who reads it") {
  shop s;
  const auto open = s.sell("studio", true);
  const auto closed = s.sell("studio", false, 2);
  const auto token = s.add("one");
  download of_all(s, open, "");
  download by_token(s, closed, token);
  s.withdraw("studio", open);
  s.withdraw("studio", closed);
  CHECK(eventually([&] { return s.status(open, token) == "404"; }));
  CHECK(eventually([&] { return s.status(closed, token) == "404"; }));
  CHECK(of_all.rest() == film_size);
  CHECK(by_token.rest() == film_size);
}
