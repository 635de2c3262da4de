#include "tests/actor/ed2k/directory_fixture.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <mutex>
#include <random>

using namespace interswarm;
using namespace interswarm::ed2k;
using namespace interswarm::ed2k::test;

namespace {

const file_key film{digest(0xF1), 19'456'000};
const file_key large{digest(0xF2), 5'000'000'000};
const own_peer us{*endpoint::parse("198.51.100.9:4662"), digest(9)};

struct server_world : world {
  running_server server;
  explicit server_world(server_options options = {}) {
    options.listen = *endpoint::parse("127.0.0.1:0");
    auto started = spawn_server(*home, std::move(options), us);
    REQUIRE(started);
    server = std::move(*started);
  }
  std::uint16_t port() const { return server.listen.port; }
};

/// Remembers what it is told.
struct told_demand {
  std::mutex mutex;
  std::vector<msg::swarm_status> told;
  std::size_t count() {
    const std::lock_guard lock(mutex);
    return told.size();
  }
};

msg::demand_listener_actor listen_to(caf::actor_system& system, std::shared_ptr<told_demand> to) {
  return system.spawn(
      [to](msg::demand_listener_actor::pointer) -> msg::demand_listener_actor::behavior_type {
        return {[to](const msg::demand_listener_demand& d) {
          const std::lock_guard lock(to->mutex);
          to->told.push_back(d.status);
        }};
      });
}

} // namespace

TEST_CASE("a client whose port answers gets a high id, offers, finds and searches", "[ed2k]") {
  server_world w;
  hello_port reachable(digest(1));
  raw_client a(w.port());
  const auto id = a.log_in(1, reachable.port());
  CHECK(id.address().to_string() == "127.0.0.1");
  CHECK(reachable.greeted == 1);
  CHECK(a.wait<server_ident_answer>());
  a.send(offer_files_request{{complete_file(film, "Some Film.avi"),
                              complete_file(large, "Large Film.iso")}},
         true);
  raw_client b(w.port());
  CHECK(b.log_in(2, 1).is_low()); // nobody answers on port 1
  b.send(get_sources_request{{film.hash, film.size}, false});
  const auto found = b.wait<found_sources_answer>();
  REQUIRE(found);
  REQUIRE(found->found.sources.size() == 1);
  CHECK(found->found.sources[0].port == reachable.port());
  b.send(get_sources_request{{large.hash, large.size}, true});
  CHECK(b.wait<found_sources_answer>()->found.sources.size() == 1);
  b.send(search_request{make_search({.words = "film", .min_bytes = 4'500'000'000}).value()}, true);
  const auto results = b.wait<search_result_answer>();
  REQUIRE(results);
  REQUIRE(results->files.size() == 1);
  CHECK(results->files[0].size() == large.size);
  b.send_bytes({0xE3, 2, 0, 0, 0, 0x16, 0xFF});
  CHECK(b.wait<reject_answer>());
}

TEST_CASE("many results come packed, two hundred at a time", "[ed2k]") {
  server_world w({.callback_test = false});
  raw_client a(w.port());
  a.log_in(1, 4662);
  offer_files_request offers;
  for (unsigned n = 0; n < 199; ++n) {
    file_key file = film;
    std::memcpy(file.hash.data(), &n, sizeof n);
    offers.files.push_back(complete_file(file, "Film number " + std::to_string(n)));
  }
  a.send(offers, true);
  for (auto& f : offers.files) f.hash[15] ^= 1;
  a.send(offers, true);
  a.send(search_request{make_search({.words = "film"}).value()});
  const auto first = a.wait<search_result_answer>();
  REQUIRE(first);
  CHECK(first->files.size() == 200);
  CHECK(first->more);
  CHECK(a.saw_packed());
  a.send(query_more_request{});
  const auto second = a.wait<search_result_answer>();
  REQUIRE(second);
  CHECK(second->files.size() == 198);
  CHECK_FALSE(second->more);
}

TEST_CASE("a low-id client is called back by others and by our own peer", "[ed2k]") {
  server_world w;
  hello_port reachable(digest(2));
  raw_client low(w.port());
  const auto low_id = low.log_in(1, 1);
  REQUIRE(low_id.is_low());
  low.send(offer_files_request{{complete_file(film, "Film.avi")}});
  raw_client high(w.port());
  high.log_in(2, reachable.port());
  high.send(callback_request{low_id});
  const auto called = low.wait<callback_requested_answer>();
  REQUIRE(called);
  CHECK(called->caller.port == reachable.port());
  std::optional<msg::tracker_find_result> found;
  CHECK(eventually([&] {
    found =
        w.ask<msg::tracker_find_result>(w.server.tracker, msg::tracker_find{make_name(film), 10})
            .value();
    return found->peers.size() == 1;
  }));
  CHECK(found->peers[0].endpoint.port == 0);
  CHECK(little_endian_reader(found->peers[0].id).u32() == low_id.value);
  CHECK(found->status.sources == 1);
  const auto for_us = low.wait<callback_requested_answer>();
  REQUIRE(for_us);
  CHECK(for_us->caller == us.address);
}

TEST_CASE("what our peer announces is given out until the lease is dropped", "[ed2k]") {
  server_world w({.callback_test = false});
  raw_client b(w.port());
  b.log_in(2, 4662);
  auto lease = w.ask<msg::tracker_announce_result>(
      w.server.tracker, msg::tracker_announce{record_of(film, "Film.avi"), 0});
  REQUIRE(lease);
  CHECK(w.ask<msg::registration_check_result>(lease->lease, msg::registration_check{})->in_force);
  b.send(get_sources_request{{film.hash, film.size}, false});
  const auto found = b.wait<found_sources_answer>();
  REQUIRE(found);
  REQUIRE(found->found.sources.size() == 1);
  CHECK(found->found.sources[0].id.address() == us.address.address);
  const auto self =
      w.ask<msg::tracker_find_result>(w.server.tracker, msg::tracker_find{make_name(film), 10});
  REQUIRE(self);
  CHECK(self->peers.empty()); // never ourselves
  CHECK(self->status.seekers == 1);
  CHECK(self->status.sources == 0);
  const auto hits = w.ask<search_files_result>(w.server.tracker, search_files{"film", 10});
  REQUIRE(hits);
  REQUIRE(hits->records.size() == 1);
  CHECK(hits->records[0].name == make_name(film));
  lease->lease = nullptr;
  CHECK(eventually([&] {
    b.send(get_sources_request{{film.hash, film.size}, false});
    return b.wait<found_sources_answer>()->found.sources.empty();
  }));
  auto forbidden = record_of(film, "Film.avi");
  forbidden.permission = msg::permission::forbidden;
  CHECK(w.ask<msg::tracker_announce_result>(w.server.tracker, msg::tracker_announce{forbidden, 0})
            .error()
            .code == errc::denied);
  msg::name_record foreign;
  foreign.name.overlay = "bittorrent";
  CHECK(w.ask<msg::tracker_announce_result>(w.server.tracker, msg::tracker_announce{foreign, 0})
            .error()
            .code == errc::malformed);
}

TEST_CASE("a seeker hears of our peer as soon as it announces", "[ed2k]") {
  server_world w({.callback_test = false});
  raw_client b(w.port());
  b.log_in(2, 4662);
  b.send(get_sources_request{{film.hash, film.size}, false});
  REQUIRE(b.wait<found_sources_answer>()->found.sources.empty());
  const auto lease = w.ask<msg::tracker_announce_result>(
      w.server.tracker, msg::tracker_announce{record_of(film, "Film.avi"), 0});
  REQUIRE(lease);
  const auto pushed = b.wait<found_sources_answer>();
  REQUIRE(pushed);
  REQUIRE(pushed->found.sources.size() == 1);
  CHECK(pushed->found.sources[0].port == us.address.port);
}

TEST_CASE("demand reaches who watches, until the watch is dropped", "[ed2k]") {
  server_world w({.callback_test = false});
  const auto told = std::make_shared<told_demand>();
  auto watching = w.ask<msg::tracker_watch_result>(w.server.tracker,
                                                   msg::tracker_watch{listen_to(w.system, told)});
  REQUIRE(watching);
  raw_client b(w.port());
  b.log_in(2, 4662);
  b.send(get_sources_request{{film.hash, film.size}, false});
  REQUIRE(eventually([&] { return told->count() == 1; }));
  CHECK(told->told[0].name == make_name(film));
  CHECK(told->told[0].sources == 0);
  CHECK(told->told[0].seekers == 1);
  const auto status = w.ask<msg::tracker_scrape_result>(
      w.server.tracker, msg::tracker_scrape{{make_name(film), make_name(large)}});
  REQUIRE(status);
  CHECK(status->status[0].seekers == 1);
  CHECK(status->status[0].known);
  CHECK_FALSE(status->status[1].known);
  CHECK(w.ask<msg::tracker_scrape_result>(
             w.server.tracker, msg::tracker_scrape{std::vector<msg::name>(75, make_name(film))})
            .error()
            .code == errc::too_large);
  watching->watching = nullptr;
  std::this_thread::sleep_for(100ms);
  b.send(get_sources_request{{large.hash, large.size}, false});
  REQUIRE(b.wait<found_sources_answer>());
  REQUIRE(b.wait<found_sources_answer>());
  std::this_thread::sleep_for(100ms);
  CHECK(told->count() == 1);
}

TEST_CASE("datagrams are answered above the TCP port", "[ed2k]") {
  server_world w({.name = "N", .callback_test = false});
  raw_client a(w.port());
  a.log_in(1, 4662);
  a.send(offer_files_request{{complete_file(film, "Film.avi")}});
  a.send(get_sources_request{{film.hash, film.size}, false});
  REQUIRE(a.wait<found_sources_answer>()); // the offer is in
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  const auto to = loopback(static_cast<std::uint16_t>(w.port() + 4));
  const auto ask = [&](const udp_request& request) -> std::optional<udp_answer> {
    bytes packet;
    append_udp_request(packet, request);
    sendto(fd, packet.data(), packet.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
    std::array<byte, 2048> buffer;
    if (!readable(fd, 3000ms)) return std::nullopt;
    const auto got = recv(fd, buffer.data(), buffer.size(), 0);
    const auto answer = read_udp_answer({buffer.data(), static_cast<std::size_t>(got)});
    REQUIRE(answer);
    return *answer;
  };
  const auto status = ask(udp_status_request{0x55AA1234});
  REQUIRE(status);
  CHECK(std::get<udp_status_answer>(*status).challenge == 0x55AA1234);
  CHECK(std::get<udp_status_answer>(*status).files == 1);
  const auto found = ask(udp_get_sources_request{{{film.hash, film.size}}});
  REQUIRE(found);
  CHECK(std::get<udp_found_sources_answer>(*found).found[0].sources.size() == 1);
  const auto hits = ask(udp_search_request{make_search({.words = "film"}).value(), {}});
  REQUIRE(hits);
  CHECK(std::get<udp_search_answer>(*hits).files[0].name() == "Film.avi");
  const bytes garbage{0xE3, 0x94, 1, 2, 3};
  sendto(fd, garbage.data(), garbage.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  CHECK(std::get<udp_description_answer>(*ask(udp_description_request{0x1234F0FF})).name == "N");
  close(fd);
}

TEST_CASE("garbage and floods end their own connection only", "[ed2k]") {
  const auto seed = Catch::rngSeed();
  INFO("repeat with --rng-seed " << seed);
  std::mt19937 random(seed);
  server_world w({.max_connections_per_address = 1000, .callback_test = false});
  raw_client honest(w.port());
  honest.log_in(1, 4662);
  for (int i = 0; i < 20; ++i) {
    raw_client c(w.port());
    bytes noise(200);
    for (auto& b : noise) b = static_cast<byte>(random());
    noise[0] = 0; // not the first byte of any packet
    c.send_bytes(noise);
    CHECK(c.wait_closed());
  }
  raw_client huge(w.port());
  huge.send_bytes({0xE3, 0xFF, 0xFF, 0xFF, 0x7F, 0x01});
  CHECK(huge.wait_closed());
  raw_client too_long(w.port());
  too_long.send_bytes(
      {0xE3, 0x00, 0x00, 0x10, 0x00, 0x01}); // 1 MiB: below the codec's limit, above the server's
  CHECK(too_long.wait_closed());
  raw_client bomb(w.port());
  bytes packed;
  append_frame_packed(packed, protocol::edonkey, server_opcode::offer_files, bytes(1'000'000));
  bomb.send_bytes(packed);
  CHECK(bomb.wait_closed());
  raw_client flood(w.port());
  flood.log_in(3, 4662);
  for (int i = 0; i < 2000; ++i) flood.send(search_request{make_search({.words = "film"}).value()});
  CHECK(flood.wait_closed());
  raw_client twice(w.port());
  twice.log_in(4, 4662);
  twice.send(disconnect_request{});
  CHECK(twice.wait_closed());
  honest.send(get_sources_request{{film.hash, film.size}, false});
  CHECK(honest.wait<found_sources_answer>());
}

TEST_CASE("a client that never reads its answers is dropped", "[ed2k]") {
  server_world w({.callback_test = false});
  raw_client a(w.port());
  a.log_in(1, 4662, 0x118); // no zlib: answers are large
  offer_files_request offers;
  for (unsigned n = 0; n < 200; ++n) {
    file_key file = film;
    std::memcpy(file.hash.data(), &n, sizeof n);
    offers.files.push_back(
        complete_file(file, "Film " + std::string(400, 'x') + std::to_string(n)));
  }
  a.send(offers);
  CHECK(eventually(
      [&] {
        // About 100 kB an answer, at the pace the budget allows.
        for (int i = 0; i < 5; ++i) a.send(search_request{make_search({.words = "film"}).value()});
        std::this_thread::sleep_for(200ms);
        const auto counts = w.ask<msg::tracker_scrape_result>(
            w.server.tracker, msg::tracker_scrape{{make_name({offers.files[0].hash, film.size})}});
        return counts && !counts->status[0].known;
      },
      40s));
}

TEST_CASE("a port in use is one clear line", "[ed2k]") {
  server_world w;
  server_options options;
  options.listen = w.server.listen;
  const auto second = spawn_server(*w.home, options, us);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == errc::io);
  CHECK(second.error().text.find(w.server.listen.to_string()) != std::string::npos);
  CHECK(second.error().text.find("ddress already in use") != std::string::npos);
  CHECK(second.error().text.find('\n') == std::string::npos);
}
