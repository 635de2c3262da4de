#include "tests/actor/ed2k/directory_fixture.hpp"

using namespace interswarm;
using namespace interswarm::ed2k;
using namespace interswarm::ed2k::test;

namespace {

const file_key film{digest(0xF1), 19'456'000};
const file_key large{digest(0xF2), 5'000'000'000};

struct registrar_world : world {
  running_server server;
  hello_port port{mark_user_hash(digest(9))};

  registrar_world() {
    server_options options;
    options.listen = *endpoint::parse("127.0.0.1:0");
    server =
        spawn_server(*home, options, {*endpoint::parse("198.51.100.1:4662"), digest(7)}).value();
  }
  directory_actor registrar(std::uint16_t own_port, unsigned hash = 9) {
    registrar_options options;
    options.host = "127.0.0.1";
    options.port = server.listen.port;
    options.own = {{*ip_address::parse("127.0.0.1"), own_port}, digest(hash)};
    return spawn_registrar(*home, options).value();
  }
  bool in_force(const msg::registration_actor& lease) {
    const auto checked = ask<msg::registration_check_result>(lease, msg::registration_check{});
    return checked && checked->in_force;
  }
  std::string note(const msg::registration_actor& lease) {
    return ask<msg::registration_check_result>(lease, msg::registration_check{}).value().note;
  }
};

} // namespace

TEST_CASE("our registrar at our server: high id, offers, sources, search, large files", "[ed2k]") {
  registrar_world w;
  const auto registrar = w.registrar(w.port.port());
  const auto lease = w.ask<msg::tracker_announce_result>(
      registrar, msg::tracker_announce{record_of(film, "Film.avi"), 0});
  const auto part = w.ask<msg::tracker_announce_result>(
      registrar, msg::tracker_announce{record_of(large, "Large Film.iso"), 100});
  REQUIRE(lease);
  REQUIRE(part);
  REQUIRE(eventually([&] { return w.in_force(lease->lease) && w.in_force(part->lease); }));
  CHECK(w.note(lease->lease).find("logged in, high id") != std::string::npos);
  CHECK(w.port.greeted == 1);
  // The server counts it as a client like any other.
  REQUIRE(eventually([&] {
    return w.ask<msg::tracker_scrape_result>(w.server.tracker,
                                             msg::tracker_scrape{{make_name(film)}})
               ->status[0]
               .sources == 1;
  }));
  const auto found =
      w.ask<msg::tracker_find_result>(w.server.tracker, msg::tracker_find{make_name(large), 5});
  REQUIRE(found);
  REQUIRE(found->peers.size() == 1);
  CHECK(found->peers[0].endpoint.port == w.port.port());
  CHECK(found->status.sources == 0); // only a part of it
  // And the server's own peer is a source for the registrar.
  const auto other = w.ask<msg::tracker_announce_result>(
      w.server.tracker, msg::tracker_announce{record_of(film, "Film.avi"), 0});
  REQUIRE(other);
  const auto sources =
      w.ask<msg::tracker_find_result>(registrar, msg::tracker_find{make_name(film), 5});
  REQUIRE(sources);
  REQUIRE(sources->peers.size() == 1);
  CHECK(sources->peers[0].endpoint.port == 4662);
  CHECK(sources->status.sources == 1);
  const auto hits = w.ask<search_files_result>(registrar, search_files{"film", 10});
  REQUIRE(hits);
  CHECK(hits->records.size() == 2);
  CHECK(w.ask<search_files_result>(registrar, search_files{"!", 10}).error().code ==
        errc::malformed);
}

TEST_CASE("our registrar without a reachable port gets a low id and says so", "[ed2k]") {
  registrar_world w;
  const auto registrar = w.registrar(1);
  const auto lease = w.ask<msg::tracker_announce_result>(
      registrar, msg::tracker_announce{record_of(film, "Film.avi"), 0});
  REQUIRE(lease);
  REQUIRE(eventually([&] { return w.in_force(lease->lease); }, 15s));
  CHECK(w.note(lease->lease).find("low id (the server cannot reach our port 1)") !=
        std::string::npos);
}

TEST_CASE("low-id sources at a foreign server are asked to call our peer", "[ed2k]") {
  registrar_world w;
  raw_client low(w.server.listen.port);
  const auto low_id = low.log_in(1, 1);
  low.send(offer_files_request{{complete_file(film, "Film.avi")}});
  const auto registrar = w.registrar(w.port.port());
  const auto lease = w.ask<msg::tracker_announce_result>(
      registrar, msg::tracker_announce{record_of(large, "x"), 0});
  REQUIRE(lease);
  REQUIRE(eventually([&] { return w.in_force(lease->lease); }));
  const auto found =
      w.ask<msg::tracker_find_result>(registrar, msg::tracker_find{make_name(film), 5});
  REQUIRE(found);
  REQUIRE(found->peers.size() == 1);
  CHECK(little_endian_reader(found->peers[0].id).u32() == low_id.value);
  const auto called = low.wait<callback_requested_answer>();
  REQUIRE(called);
  CHECK(called->caller.port == w.port.port());
}

TEST_CASE("an unreachable server is a line, and is logged into once it is there", "[ed2k]") {
  world w;
  hello_port port(mark_user_hash(digest(9)));
  server_options options;
  options.listen = *endpoint::parse("127.0.0.1:0");
  std::uint16_t free_port = 0;
  {
    const auto passing = spawn_server(*w.home, options, {}).value();
    free_port = passing.listen.port;
  }
  registrar_options to;
  to.host = "127.0.0.1";
  to.port = free_port;
  to.own = {{*ip_address::parse("127.0.0.1"), port.port()}, digest(9)};
  const auto registrar = spawn_registrar(*w.home, to).value();
  const auto lease = w.ask<msg::tracker_announce_result>(
      registrar, msg::tracker_announce{record_of(film, "Film.avi"), 0});
  REQUIRE(lease);
  const auto check = [&] {
    return w.ask<msg::registration_check_result>(lease->lease, msg::registration_check{}).value();
  };
  CHECK(eventually([&] {
    return check().note.find("unreachable (Connection refused); next try in") != std::string::npos;
  }));
  CHECK_FALSE(check().in_force);
  CHECK(w.ask<msg::tracker_find_result>(registrar, msg::tracker_find{make_name(film), 5})
            .error()
            .code == errc::unavailable);
  options.listen.port = free_port;
  auto server = spawn_server(*w.home, options, {});
  REQUIRE(server);
  CHECK(eventually([&] { return check().in_force; }, 12s));
  // The server goes: back to waiting, and the lease says so.
  server->tracker = nullptr;
  CHECK(eventually([&] { return check().note.find("connection lost") != std::string::npos; }));
  CHECK_FALSE(check().in_force);
  auto nobody = to;
  nobody.own.user_hash = {};
  CHECK(spawn_registrar(*w.home, nobody).error().code == errc::configuration);
  to.host = "";
  CHECK(spawn_registrar(*w.home, to).error().code == errc::configuration);
}

TEST_CASE("a registrar and a server whose last handles go in the middle of work end in order",
          "[ed2k]") {
  for (int round = 0; round < 20; ++round) {
    registrar_world w;
    auto registrar = w.registrar(w.port.port());
    auto lease = w.ask<msg::tracker_announce_result>(
        registrar, msg::tracker_announce{record_of(film, "Film.avi"), 0});
    REQUIRE(lease);
    REQUIRE(eventually([&] { return w.in_force(lease->lease); }));
    caf::scoped_actor self(w.system);
    auto found = self->request(registrar, 10s, msg::tracker_find{make_name(large), 5});
    auto searched = self->request(registrar, 10s, search_files{"film", 10});
    // From here on only the requests under way keep it.
    registrar = nullptr;
    if (round % 2 == 0) w.server.tracker = nullptr;
    found.receive([](const msg::tracker_find_result&) {}, [](const caf::error&) {});
    searched.receive([](const search_files_result&) {}, [](const caf::error&) {});
    CHECK(eventually([&] { return w.note(lease->lease) == "the registrar has ended"; }));
  }
}

TEST_CASE("a full server denies our registrar", "[ed2k]") {
  world w;
  server_options options;
  options.listen = *endpoint::parse("127.0.0.1:0");
  options.max_users = 1;
  options.callback_test = false;
  const auto server = spawn_server(*w.home, options, {}).value();
  raw_client only(server.listen.port);
  only.log_in(1, 4662);
  registrar_options to;
  to.host = "127.0.0.1";
  to.port = server.listen.port;
  to.own = {*endpoint::parse("127.0.0.1:4662"), digest(9)};
  const auto registrar = spawn_registrar(*w.home, to).value();
  std::optional<error> denied;
  CHECK(eventually([&] {
    const auto lease = w.ask<msg::tracker_announce_result>(
        registrar, msg::tracker_announce{record_of(film, "Film.avi"), 0});
    if (!lease) denied = lease.error();
    return denied.has_value();
  }));
  REQUIRE(denied);
  CHECK(denied->code == errc::denied);
  CHECK(denied->text.find("this server is full") != std::string::npos);
}
