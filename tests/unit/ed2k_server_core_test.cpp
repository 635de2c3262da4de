#include "actors/overlays/ed2k/server_core.hpp"
#include "schema/ed2k/limits.hpp"
#include "tests/catch.hpp"

using namespace interswarm;
using namespace interswarm::ed2k;
using namespace std::chrono_literals;

namespace {

md4_digest digest(unsigned fill) {
  md4_digest out{};
  out.fill(static_cast<byte>(fill));
  return out;
}

const file_key film{digest(0xF1), 19'456'000};
const endpoint our_address = *endpoint::parse("198.51.100.9:4662");

/// A server and what it did, in order.
struct rig {
  server_core core;
  instant now = 1h;
  server_effects all;

  explicit rig(server_options options = {})
      : core(std::move(options), {our_address, digest(9)}, 500) {}

  void take(server_effects effects) { all.insert(all.end(), effects.begin(), effects.end()); }

  party_id connect(std::string_view address) {
    return core.connect(*ip_address::parse(address), now).value();
  }
  void send(party_id who, server_request request) {
    take(core.receive(who, std::move(request), now));
  }

  /// A client that logged in; with a high id unless `reachable` is false.
  party_id client(std::string_view address, unsigned hash, bool reachable = true,
                  std::uint32_t flags = 0x119) {
    const auto who = connect(address);
    send(who, login_request{
                  digest(hash), {}, 4662, {tag(tag_name::server_flags, std::uint64_t{flags})}});
    take(core.probed(who, reachable ? std::optional(digest(hash)) : std::nullopt, now));
    return who;
  }
  void offer(party_id who, const file_key& file, std::string_view name, bool complete = true) {
    file_entry entry{file.hash, complete ? complete_marker_id : partial_marker_id,
                     complete ? complete_marker_port : partial_marker_port,
                     file_tags(name, file.size)};
    send(who, offer_files_request{{entry}});
  }

  template <class Answer>
  std::vector<Answer> answers(party_id who) const {
    std::vector<Answer> out;
    for (const auto& effect : all) {
      if (const auto* sent = std::get_if<send_answer>(&effect);
          sent != nullptr && sent->to == who) {
        if (const auto* a = std::get_if<Answer>(&sent->answer)) out.push_back(*a);
      }
    }
    return out;
  }
  template <class Effect>
  std::vector<Effect> effects() const {
    std::vector<Effect> out;
    for (const auto& effect : all) {
      if (const auto* e = std::get_if<Effect>(&effect)) out.push_back(*e);
    }
    return out;
  }
  bool closed(party_id who) const {
    const auto gone = effects<close_connection>();
    return std::any_of(gone.begin(), gone.end(), [&](const auto& c) { return c.who == who; });
  }
};

} // namespace

TEST_CASE("a client that answers the call-back gets its address as id") {
  rig r({.message_of_the_day = "welcome"});
  const auto who = r.connect("198.51.100.1");
  r.send(who,
         login_request{digest(1), {}, 4662, {tag(tag_name::server_flags, std::uint64_t{0x119})}});
  const auto probes = r.effects<start_probe>();
  REQUIRE(probes.size() == 1);
  CHECK(probes[0].to.to_string() == "198.51.100.1:4662");
  CHECK(r.answers<id_change_answer>(who).empty());
  // What a hasty client sends before its id is not lost.
  r.send(who, get_server_list_request{});
  r.take(r.core.probed(who, digest(1), r.now));
  REQUIRE(r.answers<id_change_answer>(who).size() == 1);
  const auto change = r.answers<id_change_answer>(who)[0];
  CHECK(change.id == client_id::of(*ip_address::parse("198.51.100.1")));
  CHECK((change.flags & (server_flag::zlib | server_flag::large_files)) == 0x101);
  CHECK(r.answers<server_status_answer>(who)[0].users == 1);
  CHECK(r.answers<server_ident_answer>(who).size() == 1);
  CHECK(r.answers<server_list_answer>(who).size() == 1);
  CHECK(r.answers<server_message_answer>(who).back().text == "welcome");
  CHECK(r.core.user_count() == 1);
}

TEST_CASE("who is not reached, answers as another or has no port gets a low id") {
  rig r;
  const auto silent = r.client("198.51.100.1", 1, false);
  const auto low = r.answers<id_change_answer>(silent)[0].id;
  CHECK(low.is_low());
  CHECK(low.value == 501);
  const auto liar = r.connect("198.51.100.2");
  r.send(liar, login_request{digest(2), {}, 4662, {}});
  r.take(r.core.probed(liar, digest(3), r.now));
  CHECK(r.answers<id_change_answer>(liar)[0].id.value == 502);
  const auto portless = r.connect("198.51.100.3");
  r.send(portless, login_request{digest(4), {}, 0, {}});
  CHECK(r.answers<id_change_answer>(portless)[0].id.value == 503);
  CHECK(r.effects<start_probe>().size() == 2);
}

TEST_CASE("offers are found by others, never by oneself, and end with the connection") {
  rig r;
  const auto a = r.client("198.51.100.1", 1);
  const auto b = r.client("198.51.100.2", 2);
  r.offer(a, film, "Film.avi");
  r.send(b, get_sources_request{{film.hash, film.size}, false});
  r.send(a, get_sources_request{{film.hash, film.size}, false});
  REQUIRE(r.answers<found_sources_answer>(b).size() == 1);
  const auto found = r.answers<found_sources_answer>(b)[0].found.sources;
  REQUIRE(found.size() == 1);
  CHECK(found[0].id.address().to_string() == "198.51.100.1");
  CHECK(found[0].port == 4662);
  CHECK(r.answers<found_sources_answer>(a)[0].found.sources.empty());
  r.take(r.core.disconnected(a));
  r.send(b, get_sources_request{{film.hash, {}}, false});
  CHECK(r.answers<found_sources_answer>(b)[1].found.sources.empty());
  CHECK(r.core.index().consistent());
  CHECK(r.core.user_count() == 1);
}

TEST_CASE("a name without complete sources is told to those who watch") {
  rig r;
  const auto b = r.client("198.51.100.2", 2);
  r.send(b, get_sources_request{{film.hash, film.size}, false});
  REQUIRE(r.effects<tell_demand>().size() == 1);
  CHECK(r.effects<tell_demand>()[0].file == film);
  CHECK(r.effects<tell_demand>()[0].seekers == 1);
  r.send(b, get_sources_request{{film.hash, film.size}, false});
  CHECK(r.effects<tell_demand>().size() == 1);
  r.now += 11s;
  r.take(r.core.tick(r.now));
  CHECK(r.effects<tell_demand>().size() == 2);
  // Our own peer serves it: the demand lasts, for we are not counted.
  r.core.announce(film, "Film.avi", true);
  r.now += 11s;
  r.take(r.core.tick(r.now));
  CHECK(r.effects<tell_demand>().size() == 3);
  // A client has it: enough.
  const auto a = r.client("198.51.100.1", 1);
  r.offer(a, film, "Film.avi");
  r.now += 11s;
  r.take(r.core.tick(r.now));
  CHECK(r.effects<tell_demand>().size() == 3);
  CHECK(r.core.counts(film).sources == 1);
  CHECK(r.core.counts(film).seekers == 1);
  // The seeker has it now too.
  r.offer(b, film, "Film.avi");
  CHECK(r.core.counts(film).seekers == 0);
  CHECK(r.core.counts(film).sources == 2);
}

TEST_CASE("our own peer is a source for clients and is never given to itself") {
  rig r;
  const auto b = r.client("198.51.100.2", 2);
  r.core.announce(film, "Film.avi", true);
  r.send(b, get_sources_request{{film.hash, film.size}, true});
  const auto found = r.answers<found_sources_answer>(b)[0];
  CHECK(found.obfuscated);
  REQUIRE(found.found.sources.size() == 1);
  CHECK(found.found.sources[0].id.address() == our_address.address);
  server_effects effects;
  CHECK(r.core.find(film, 10, r.now, effects).empty());
  CHECK(r.core.counts(film).known);
  r.core.withdraw(film);
  r.send(b, get_sources_request{{film.hash, film.size}, false});
  CHECK(r.answers<found_sources_answer>(b)[1].found.sources.empty());
}

TEST_CASE("a new source is told at once to who seeks it") {
  rig r;
  const auto seeker = r.client("198.51.100.2", 2);
  const auto low = r.client("198.51.100.3", 3, false);
  const auto other = r.client("198.51.100.4", 4);
  for (const auto who : {seeker, low})
    r.send(who, get_sources_request{{film.hash, film.size}, false});
  r.take(r.core.announce(film, "Film.avi", true));
  for (const auto who : {seeker, low}) {
    const auto told = r.answers<found_sources_answer>(who);
    REQUIRE(told.size() == 2);
    CHECK(told[0].found.sources.empty());
    REQUIRE(told[1].found.sources.size() == 1);
    CHECK(told[1].found.sources[0].id.address() == our_address.address);
  }
  CHECK(r.answers<found_sources_answer>(other).empty());
  // Announced again it is nothing new.
  r.take(r.core.announce(film, "Film.avi", true));
  CHECK(r.answers<found_sources_answer>(seeker).size() == 2);
  // A low-id source is of use to the high id only; the offering client is not told of itself.
  const auto low_source = r.client("198.51.100.5", 5, false);
  r.offer(low_source, film, "Film.avi");
  CHECK(r.answers<found_sources_answer>(seeker).size() == 3);
  CHECK(r.answers<found_sources_answer>(low).size() == 2);
  r.offer(seeker, film, "Film.avi", false);
  CHECK(r.answers<found_sources_answer>(seeker).size() == 3);
  CHECK(r.answers<found_sources_answer>(low).size() == 3);
  // A file with many sources needs no such help, and neither does who has it.
  for (unsigned n = 0; n < 20; ++n)
    r.offer(r.client("198.51.101." + std::to_string(n + 1), 10 + n), film, "Film.avi");
  CHECK(r.answers<found_sources_answer>(seeker).size() == 3 + limits::max_pushed_sources - 2);
  r.offer(seeker, film, "Film.avi");
  r.core.withdraw(film);
  r.take(r.core.announce(film, "Film.avi", true));
  CHECK(r.answers<found_sources_answer>(seeker).size() == 3 + limits::max_pushed_sources - 2);
}

TEST_CASE("a peer without an address of its own is at the server's") {
  const auto with = [](std::string_view own, std::string_view listen, std::string_view told) {
    server_options options;
    options.listen = *endpoint::parse(listen);
    options.public_address = *endpoint::parse(told);
    server_core core(options, {*endpoint::parse(own), digest(9)}, 1);
    core.announce(film, "Film.avi", true);
    const auto parties = core.can_announce() ? core.index().partial_sources(film).size() : 99;
    CHECK((core.counts(film).known ? 0u : 99u) == parties);
    return core.can_announce() ? core.index().find_party(1)->id.address().to_string() : "nowhere";
  };
  CHECK(with("203.0.113.1:4662", "198.51.100.9:4661", "0.0.0.0:0") == "203.0.113.1");
  CHECK(with("0.0.0.0:4662", "198.51.100.9:4661", "0.0.0.0:0") == "198.51.100.9");
  CHECK(with("0.0.0.0:4662", "0.0.0.0:4661", "203.0.113.7:4661") == "203.0.113.7");
  CHECK(with("0.0.0.0:4662", "0.0.0.0:4661", "0.0.0.0:0") == "nowhere");
  CHECK(with("203.0.113.1:0", "198.51.100.9:4661", "0.0.0.0:0") == "nowhere");
}

TEST_CASE("low-id clients are called back by high ids, by our peer and by nobody else") {
  rig r;
  const auto low = r.client("198.51.100.1", 1, false);
  const auto low_id = r.answers<id_change_answer>(low)[0].id;
  const auto other_low = r.client("198.51.100.3", 3, false);
  const auto high = r.client("198.51.100.2", 2);
  r.send(high, callback_request{low_id});
  REQUIRE(r.answers<callback_requested_answer>(low).size() == 1);
  CHECK(r.answers<callback_requested_answer>(low)[0].caller.to_string() == "198.51.100.2:4662");
  r.send(other_low, callback_request{low_id});
  CHECK(r.answers<callback_failed_answer>(other_low).size() == 1);
  r.send(high, callback_request{{77}});
  CHECK(r.answers<callback_failed_answer>(high).size() == 1);
  r.offer(low, film, "Film.avi");
  r.send(other_low, get_sources_request{{film.hash, film.size}, false});
  CHECK(r.answers<found_sources_answer>(other_low)[0].found.sources.empty());
  server_effects effects;
  const auto found = r.core.find(film, 10, r.now, effects);
  REQUIRE(found.size() == 1);
  CHECK(found[0].id == low_id);
  r.take(effects);
  REQUIRE(r.answers<callback_requested_answer>(low).size() == 2);
  CHECK(r.answers<callback_requested_answer>(low)[1].caller == our_address);
  effects.clear();
  r.core.find(film, 10, r.now + 1s, effects);
  CHECK(effects.empty());
}

TEST_CASE("results come two hundred at a time") {
  rig r({.index = {.max_files_per_party = 5'000}});
  const auto a = r.client("198.51.100.1", 1);
  const auto b = r.client("198.51.100.2", 2);
  for (unsigned n = 0; n < 450; ++n) {
    file_key file = film;
    file.hash[0] = static_cast<byte>(n);
    file.hash[1] = static_cast<byte>(n >> 8);
    if (n % 25 == 0) r.now += 10s;
    r.offer(a, file, "Film " + std::to_string(n));
  }
  search_query q;
  q.words = "film";
  r.send(b, search_request{make_search(q).value()});
  r.send(b, query_more_request{});
  r.send(b, query_more_request{});
  r.send(b, query_more_request{});
  const auto results = r.answers<search_result_answer>(b);
  REQUIRE(results.size() == 4);
  CHECK(results[0].files.size() == 200);
  CHECK(results[0].more);
  CHECK(results[1].more);
  CHECK(results[2].files.size() == 50);
  CHECK_FALSE(results[2].more);
  CHECK(results[3].files.empty());
}

TEST_CASE("a client without large-file messages is not told of large files") {
  rig r;
  const auto a = r.client("198.51.100.1", 1);
  const auto old = r.client("198.51.100.2", 2, true, 0);
  r.offer(a, {digest(5), 5'000'000'000}, "film large");
  r.offer(a, film, "film small");
  search_query q;
  q.words = "film";
  r.send(old, search_request{make_search(q).value()});
  REQUIRE(r.answers<search_result_answer>(old)[0].files.size() == 1);
  CHECK(r.answers<search_result_answer>(old)[0].files[0].size() == film.size);
}

TEST_CASE("limits of users, connections and time hold") {
  rig r({.max_users = 2, .max_connections_per_address = 3});
  r.client("198.51.100.1", 1);
  r.client("198.51.100.1", 2);
  const auto third = r.client("198.51.100.1", 3);
  REQUIRE(r.answers<id_change_answer>(third).size() == 1);
  CHECK(r.answers<id_change_answer>(third)[0].id.value == 0);
  CHECK(r.closed(third));
  CHECK_FALSE(r.core.connect(*ip_address::parse("198.51.100.1"), r.now));
  const auto mute = r.connect("198.51.100.2");
  CHECK_FALSE(
      r.core.connect(*ip_address::parse("198.51.100.3"), r.now)); // 2 × max_users connections
  r.take(r.core.tick(r.now + limits::login_timeout));
  CHECK(r.closed(mute));
  CHECK_FALSE(r.core.connect(*ip_address::parse("2001:db8::1"), r.now));
}

TEST_CASE("an address that connects too fast is refused for a while") {
  rig r;
  const auto address = *ip_address::parse("198.51.100.1");
  int accepted = 0;
  for (int i = 0; i < 200; ++i) {
    if (const auto who = r.core.connect(address, r.now)) {
      ++accepted;
      r.core.disconnected(*who);
    }
  }
  CHECK(accepted == 60);
  CHECK(r.core.connect(address, r.now + 1s));
  CHECK(r.core.connect(*ip_address::parse("198.51.100.2"), r.now));
}

TEST_CASE("call-back tests are bounded and a client that waits too long gets a low id") {
  rig r;
  std::vector<party_id> clients;
  for (unsigned n = 0; n < limits::max_probes + 2; ++n) {
    const auto who =
        r.connect("198.51." + std::to_string(n / 200) + "." + std::to_string(n % 200 + 1));
    r.send(who, login_request{digest(n + 1), {}, 4662, {}});
    clients.push_back(who);
  }
  CHECK(r.effects<start_probe>().size() == limits::max_probes);
  r.take(r.core.disconnected(clients[0]));
  CHECK(r.effects<start_probe>().size() == limits::max_probes + 1);
  r.take(r.core.tick(r.now + limits::login_timeout));
  REQUIRE(r.answers<id_change_answer>(clients.back()).size() == 1);
  CHECK(r.answers<id_change_answer>(clients.back())[0].id.is_low());
  // A late answer of a test changes nothing any more.
  r.take(r.core.probed(clients.back(), digest(1), r.now));
  CHECK(r.answers<id_change_answer>(clients.back()).size() == 1);
}

TEST_CASE("garbage closes, an unreadable search is rejected and a flood ends") {
  rig r;
  const auto a = r.client("198.51.100.1", 1);
  r.take(r.core.receive(a, reply_error("unknown"), r.now));
  CHECK(r.answers<reject_answer>(a).size() == 1);
  CHECK_FALSE(r.closed(a));
  r.take(r.core.receive(a, drop("cut off"), r.now));
  CHECK(r.closed(a));
  const auto b = r.client("198.51.100.2", 2);
  int answered = 0;
  for (int i = 0; i < 500 && !r.closed(b); ++i) {
    r.send(b, get_sources_request{{film.hash, film.size}, false});
    ++answered;
  }
  CHECK(r.closed(b));
  CHECK(answered < 400);
  // At the pace of a real client nothing is refused.
  const auto c = r.client("198.51.100.3", 3);
  for (int round = 0; round < 100; ++round) {
    r.now += 2s;
    for (int i = 0; i < 15; ++i) r.send(c, get_sources_request{{film.hash, film.size}, false});
  }
  CHECK_FALSE(r.closed(c));
  CHECK(r.answers<found_sources_answer>(c).size() == 1500);
  // Requests before login are no requests.
  const auto d = r.connect("198.51.100.4");
  for (int i = 0; i < 20; ++i) r.send(d, get_server_list_request{});
  CHECK(r.answers<server_list_answer>(d).empty());
  CHECK(r.closed(d));
}

TEST_CASE(
    "a client that logs in again replaces its dead connection, another with its hash does not") {
  rig r;
  const auto first = r.client("198.51.100.1", 1);
  const auto thief = r.client("198.51.100.2", 1);
  CHECK_FALSE(r.closed(first));
  r.client("198.51.100.1", 1);
  CHECK(r.closed(first));
  CHECK_FALSE(r.closed(thief));
}

TEST_CASE("datagrams are answered to the asker, in one datagram, and not for ever") {
  rig r({.name = "N", .description = "D"});
  const auto a = r.client("198.51.100.1", 1);
  for (unsigned n = 0; n < 100; ++n) {
    file_key file = film;
    file.hash[0] = static_cast<byte>(n);
    if (n % 25 == 0) r.now += 10s;
    r.offer(a, file, "Film with quite a long name " + std::to_string(n));
  }
  const auto low = r.client("198.51.100.2", 2, false);
  const auto low_id = r.answers<id_change_answer>(low)[0].id;
  const auto asker = *endpoint::parse("203.0.113.5:4665");
  const auto ask = [&](udp_request request) {
    const auto effects = r.core.datagram(asker, request, r.now);
    return effects.empty() ? std::optional<server_effect>{} : effects.front();
  };
  const auto status = std::get<udp_status_answer>(
      std::get<send_datagram>(*ask(udp_status_request{0x55AA0001})).answer);
  CHECK(status.challenge == 0x55AA0001);
  CHECK(status.users == 2);
  CHECK(status.files == 100);
  CHECK(status.low_id_users == 1);
  search_query q;
  q.words = "film";
  const auto results =
      std::get<send_datagram>(*ask(udp_search_request{make_search(q).value(), {}}));
  CHECK(results.to == asker);
  bytes wire;
  append_udp_answer(wire, results.answer);
  CHECK(wire.size() <= limits::max_udp_answer_bytes);
  CHECK(wire.size() > limits::max_udp_answer_bytes / 2);
  udp_get_sources_request sources;
  for (unsigned n = 0; n < 60; ++n) {
    file_key file = film;
    file.hash[0] = static_cast<byte>(n);
    sources.files.push_back({file.hash, file.size});
  }
  wire.clear();
  append_udp_answer(wire, std::get<send_datagram>(*ask(sources)).answer);
  CHECK(wire.size() <= limits::max_udp_answer_bytes);
  CHECK_FALSE(ask(udp_get_sources_request{{{digest(0xEE), 5}}}));
  const auto description = std::get<udp_description_answer>(
      std::get<send_datagram>(*ask(udp_description_request{0x1234F0FF})).answer);
  CHECK(description.challenge == 0x1234F0FF);
  CHECK(description.name == "N");
  // A call-back only towards who asks for it.
  CHECK(std::holds_alternative<send_answer>(*ask(udp_callback_request{asker, low_id})));
  CHECK_FALSE(ask(udp_callback_request{*endpoint::parse("203.0.113.6:1"), low_id}));
  int answered = 0;
  for (int i = 0; i < 1000; ++i) answered += ask(udp_status_request{1}) ? 1 : 0;
  CHECK(answered < 60);
  CHECK(r.core.datagram(*endpoint::parse("203.0.113.7:1"), udp_status_request{1}, r.now).size() ==
        1);
}
