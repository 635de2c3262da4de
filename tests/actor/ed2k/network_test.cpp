// The three parts of the face together: peers that find each other through servers, with nothing
// made up between them.
#include "actors/overlays/ed2k/registrar.hpp"
#include "actors/overlays/ed2k/server.hpp"
#include "tests/actor/ed2k/peer_fixture.hpp"

using namespace interswarm;
using namespace interswarm::ed2k;

namespace {

struct network_world : peer_world {
  runtime::loop& home = new_loop("server");
  runtime::loop& one = new_loop("one");
  runtime::loop& two = new_loop("two");
  running_server server;

  running_server start_server(const own_peer& own = {}) {
    server_options options;
    options.listen = *endpoint::parse("127.0.0.1:0");
    return spawn_server(home, options, own).value();
  }
  own_peer own_of(const msg::peer_actor& peer) {
    const auto told = ask<msg::peer_describe_result>(system, peer, msg::peer_describe{});
    REQUIRE(told);
    own_peer out;
    out.address = {*ip_address::from_bytes(told->listen.at(0).address), told->listen.at(0).port};
    REQUIRE(told->id.size() == out.user_hash.size());
    std::copy(told->id.view().begin(), told->id.view().end(), out.user_hash.begin());
    return out;
  }
  directory_actor register_at(const endpoint& where, const msg::peer_actor& peer,
                              runtime::loop& on_loop) {
    registrar_options options;
    options.host = where.address.to_string();
    options.port = where.port;
    options.own = own_of(peer);
    return spawn_registrar(on_loop, options).value();
  }
  msg::registration_actor announce(const msg::tracker_actor& where,
                                   const msg::name_record& record) {
    auto made = ask<msg::tracker_announce_result>(system, where, msg::tracker_announce{record, 0});
    REQUIRE(made);
    return made->lease;
  }
  std::string note(const msg::registration_actor& lease) {
    const auto told = ask<msg::registration_check_result>(system, lease, msg::registration_check{});
    return told ? (told->in_force ? "in force: " : "not in force: ") + told->note : "gone";
  }
  msg::source_actor fetch_through(const msg::peer_actor& peer, const msg::name_record& record,
                                  const msg::tracker_actor& tracker) {
    auto made = ask<msg::peer_fetch_result>(system, peer, msg::peer_fetch{record, tracker});
    REQUIRE(made);
    return made->source;
  }
};

} // namespace

TEST_CASE("a peer gets from a peer what both learned from the server they registered at",
          "[ed2k]") {
  network_world w;
  const auto server = w.start_server();
  const auto size = part_bytes + 3 * block_bytes + 777;
  const test_file file(size, of_bytes(random_bytes(size, 21)));
  const auto up = w.new_peer(w.one);
  const auto down = w.new_peer(w.two);
  const auto up_registrar = w.register_at(server.listen, up, w.one);
  const auto down_registrar = w.register_at(server.listen, down, w.two);
  const auto serving = w.serve(up, file.record(true), w.source(w.one, file));
  const auto lease = w.announce(up_registrar, file.record(false));
  CHECK(eventually([&] { return w.note(lease).starts_with("in force"); }));
  // The real peer answered the server's call-back test.
  CHECK(w.note(lease).find("high id") != std::string::npos);
  const auto source = w.fetch_through(down, file.record(false), down_registrar);
  CHECK(w.compare(source, file) == "");
}

TEST_CASE("a peer gets from the node that is the server itself, and the server's node from it",
          "[ed2k]") {
  network_world w;
  const auto size = part_bytes + 12'345;
  const test_file ours(size, of_bytes(random_bytes(size, 22)));
  const test_file theirs(size, of_bytes(random_bytes(size, 23)));
  const auto inside = w.new_peer(w.one);
  const auto outside = w.new_peer(w.two);
  const auto server = w.start_server(w.own_of(inside));
  const auto registrar = w.register_at(server.listen, outside, w.two);
  const auto from_inside = w.serve(inside, ours.record(true), w.source(w.one, ours));
  const auto from_outside = w.serve(outside, theirs.record(true), w.source(w.two, theirs));
  const auto inside_lease = w.announce(server.tracker, ours.record(false));
  const auto outside_lease = w.announce(registrar, theirs.record(false));
  REQUIRE(eventually([&] { return w.note(outside_lease).starts_with("in force"); }));
  const auto taken = w.fetch_through(outside, ours.record(false), registrar);
  CHECK(w.compare(taken, ours) == "");
  const auto given = w.fetch_through(inside, theirs.record(false), server.tracker);
  CHECK(w.compare(given, theirs) == "");
}
