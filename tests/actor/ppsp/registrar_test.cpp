#include "actors/overlays/ppsp/registrar.hpp"

#include "actors/overlays/ppsp/tracker_responder.hpp"
#include "actors/runtime/keys.hpp"
#include "actors/runtime/socket_address.hpp"
#include "tests/actor/ppsp/peer_fixture.hpp"
#include "tests/scratch.hpp"

#include <fstream>
#include <kj/compat/http.h>
#include <kj/compat/tls.h>

using namespace interswarm;
using namespace interswarm::ppsp;
using runtime::on;
using runtime::on_loop;
using runtime::tell;

namespace {

/// Somebody else's tracker: our responder behind a small HTTP server of its own. On its loop.
class foreign_tracker final : public kj::HttpService {
public:
  struct settings {
    std::uint16_t port = 0;
    std::string authorization;
    unsigned status = 200;
    std::string type = std::string(tracker_media_type);
    std::size_t padding = 0;
    bool silent = false;
    /// PEM texts: then over TLS.
    std::string certificate{};
    std::string key{};
  };

  foreign_tracker(runtime::loop& home, settings s)
      : settings_(std::move(s)), book_({}, {"own", {*endpoint::parse("127.0.0.1:7777")}}, {5, 6}),
        responder_(book_, {}, 7) {
    kj::HttpHeaderTable::Builder builder;
    authorization_ = builder.add("Authorization");
    accept_ = builder.add("Accept");
    table_ = builder.build();
    sockaddr_storage raw{};
    const auto length =
        runtime::to_sockaddr({*ip_address::parse("127.0.0.1"), settings_.port}, raw);
    auto& network = home.io().provider->getNetwork();
    receiver_ = network.getSockaddr(&raw, length)->listen();
    settings_.port = static_cast<std::uint16_t>(receiver_->getPort());
    if (!settings_.certificate.empty()) {
      kj::TlsKeypair pair{kj::TlsPrivateKey(kj::StringPtr(settings_.key.c_str())),
                          kj::TlsCertificate(kj::StringPtr(settings_.certificate.c_str()))};
      kj::TlsContext::Options o;
      o.useSystemTrustStore = false;
      o.defaultKeypair = pair;
      tls_ = kj::heap<kj::TlsContext>(o);
      receiver_ = tls_->wrapPort(kj::mv(receiver_));
    }
    server_ = kj::heap<kj::HttpServer>(home.timer(), *table_, *this);
    serving_ = server_->listenHttp(*receiver_).eagerlyEvaluate([](kj::Exception&&) {});
  }

  kj::Promise<void> request(kj::HttpMethod method, kj::StringPtr url,
                            const kj::HttpHeaders& headers, kj::AsyncInputStream& body,
                            Response& response) override {
    ++requests;
    if (settings_.silent) return kj::NEVER_DONE;
    CHECK(method == kj::HttpMethod::POST);
    CHECK(url == "/ppsp?key=1");
    const auto field = [&](kj::HttpHeaderId id) {
      KJ_IF_MAYBE (value, headers.get(id)) return std::string(value->cStr());
      return std::string();
    };
    CHECK(field(accept_) == tracker_media_type);
    CHECK(field(kj::HttpHeaderId::CONTENT_TYPE) == tracker_media_type);
    const bool right = field(authorization_) == settings_.authorization;
    return body.readAllBytes().then([this, &response, right](kj::Array<kj::byte> all) {
      tracker_responder::question q;
      q.method = "POST";
      q.path = "/ppsp";
      q.content_type = tracker_media_type;
      q.body = {all.begin(), all.size()};
      q.from = *endpoint::parse("127.0.0.1:50000");
      auto answer = responder_.respond(q, now_ms_ += 10);
      answer.body.insert(answer.body.end(), settings_.padding, byte{' '});
      const auto status = right ? settings_.status : 401;
      kj::HttpHeaders out(*table_);
      out.set(kj::HttpHeaderId::CONTENT_TYPE, kj::str(settings_.type.c_str()));
      auto data = kj::heapArray<kj::byte>(answer.body.data(), answer.body.size());
      auto stream = response.send(status, "Whatever", out, data.size());
      auto written = stream->write(data.begin(), data.size());
      return written.attach(kj::mv(stream), kj::mv(data));
    });
  }

  tracker_response other(const std::string& id, bool seeder, const std::string& swarm,
                         const std::string& at) {
    return book_.answer(
        {"1" + id, id,
         connect_request{peer_num{}, {{*endpoint::parse(at)}}, {{swarm, true, seeder}}}},
        {*ip_address::parse("127.0.0.1")}, {}, now_ms_, 3);
  }
  tracker_book& book() { return book_; }
  std::uint16_t port() const { return settings_.port; }
  int requests = 0;

private:
  settings settings_;
  tracker_book book_;
  tracker_responder responder_;
  std::uint64_t now_ms_ = 3'600'000;
  kj::HttpHeaderId authorization_, accept_;
  kj::Own<kj::HttpHeaderTable> table_;
  kj::Own<kj::TlsContext> tls_;
  kj::Own<kj::ConnectionReceiver> receiver_;
  kj::Own<kj::HttpServer> server_;
  kj::Promise<void> serving_ = nullptr;
};

const test_content film(50'000, 1);
const test_content song(40'000, 2);

struct foreign_world : peer_world {
  runtime::loop& there = new_loop("there");
  runtime::loop& here = new_loop("here");
  on_loop<kj::Own<foreign_tracker>> tracker;

  void open(foreign_tracker::settings s = {}) {
    on(there, [&] {
      tracker = on_loop<kj::Own<foreign_tracker>>(there, kj::heap<foreign_tracker>(there, s));
    });
  }
  std::uint16_t port() {
    return on(there, [&] { return (*tracker)->port(); });
  }
  int requests() {
    return on(there, [&] { return (*tracker)->requests; });
  }
  tracked_swarm at_tracker(const test_content& c) {
    return on(there, [&] { return (*tracker)->book().status(c.key.id); });
  }
  void other(const std::string& id, bool seeder, const test_content& c, const std::string& at) {
    on(there, [&] { (*tracker)->other(id, seeder, swarm_text(c.key.id), at); });
  }
  registrar_options options(std::uint16_t at) {
    registrar_options o;
    o.url = "http://127.0.0.1:" + std::to_string(at) + "/ppsp?key=1";
    o.own = {*endpoint::parse("0.0.0.0:6999"), *endpoint::parse("[::]:6999")};
    o.first_retry = 50ms;
    return o;
  }
  result<msg::registration_actor> announce(const msg::tracker_actor& at, const test_content& c,
                                           std::uint64_t left) {
    msg::tracker_announce request{c.record(false), left};
    request.record.permission = msg::permission::allowed;
    return ask<msg::tracker_announce_result>(system, at, request, 12s).map([](const auto& r) {
      return r.lease;
    });
  }
  result<msg::tracker_find_result> find(const msg::tracker_actor& at, const test_content& c,
                                        std::uint16_t want = 10) {
    return ask<msg::tracker_find_result>(system, at, msg::tracker_find{make_name(c.key), want},
                                         12s);
  }
  msg::registration_check_result check(const msg::registration_actor& lease) {
    return ask<msg::registration_check_result>(system, lease, msg::registration_check{}).value();
  }
};

} // namespace

TEST_CASE("ppsp registrar: our peer at a foreign tracker over HTTP, entered, found and left") {
  foreign_world w;
  w.open();
  auto registrar = spawn_registrar(w.here, w.options(w.port())).value();
  auto lease = w.announce(registrar, film, 0);
  REQUIRE(lease);
  CHECK(w.check(*lease).in_force);
  CHECK(w.check(*lease).note ==
        "ppsp tracker 127.0.0.1:" + std::to_string(w.port()) + ": entered in 1 swarm");
  CHECK(w.at_tracker(film).sources == 1); // under the address that it dialled from
  w.other("leech", false, film, "127.0.0.1:4001");
  w.other("seed", true, song, "127.0.0.1:4002");
  const auto seekers = w.find(registrar, film);
  REQUIRE(seekers);
  REQUIRE(seekers->peers.size() == 1);
  CHECK(seekers->peers[0].endpoint.port == 4001);
  CHECK(as_text(seekers->peers[0].id) == "leech");
  CHECK(seekers->status.seekers == 1);
  const auto sources = w.find(registrar, song);
  REQUIRE(sources);
  REQUIRE(sources->peers.size() == 1);
  CHECK(sources->peers[0].endpoint.port == 4002);
  const auto scraped = ask<msg::tracker_scrape_result>(
      w.system, registrar, msg::tracker_scrape{{make_name(film.key), make_name(song.key)}});
  REQUIRE(scraped);
  REQUIRE(scraped->status.size() == 2);
  CHECK(scraped->status[0].seekers == 1);
  CHECK(scraped->status[1].sources == 1);
  CHECK(scraped->status[1].known);
  CHECK(tell(w.system, registrar, msg::tracker_follow{{make_name(song.key)}}));
  lease = fail(errc::cancelled, "");
  CHECK(eventually([&] { return w.at_tracker(film).seeders == 0; }));
  CHECK(w.at_tracker(song).leechers == 1);
  // The last handle goes: what we sought is left as well.
  registrar = nullptr;
  CHECK(eventually([&] { return w.at_tracker(song).leechers == 0; }));
}

TEST_CASE("ppsp registrar: the Authorization text is what the tracker wants") {
  foreign_world w;
  foreign_tracker::settings s;
  s.authorization = "Bearer of-this";
  w.open(s);
  auto o = w.options(w.port());
  o.authorization = s.authorization;
  const auto known = spawn_registrar(w.here, o).value();
  const auto lease = w.announce(known, film, 5);
  REQUIRE(lease);
  CHECK(w.check(*lease).in_force);
  CHECK(w.at_tracker(film).leechers == 1);
  o.authorization = "Bearer of-that";
  const auto unknown = spawn_registrar(w.here, o).value();
  const auto none = w.announce(unknown, film, 0);
  REQUIRE(none);
  CHECK_FALSE(w.check(*none).in_force);
  CHECK(w.check(*none).note.find("answers with HTTP status 401; next try in ") !=
        std::string::npos);
  CHECK(w.check(*none).note.find("of-that") == std::string::npos);
  CHECK(w.find(unknown, film).error().code == errc::denied);
}

TEST_CASE("ppsp registrar: over TLS, if its authority is trusted and the name is right") {
  const scratch_folder folder;
  REQUIRE(runtime::make_keys(folder.path(), {"localhost", "elsewhere"}));
  const auto text = [&](const std::string& name) {
    std::ifstream in(folder.file(name));
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  const bool right_name = GENERATE(true, false);
  const bool trusted = GENERATE(true, false);
  INFO("name " << right_name << ", trusted " << trusted);
  const std::string name = right_name ? "localhost" : "elsewhere";
  foreign_tracker::settings s;
  s.certificate = text(name + ".pem");
  s.key = text(name + ".key");
  foreign_world w;
  w.open(s);
  auto o = w.options(w.port());
  o.url = "https://localhost:" + std::to_string(w.port()) + "/ppsp?key=1";
  if (trusted) o.authorities = text("authority.pem");
  const auto registrar = spawn_registrar(w.here, o).value();
  const auto lease = w.announce(registrar, film, 0);
  REQUIRE(lease);
  INFO(w.check(*lease).note);
  CHECK(w.check(*lease).in_force == (right_name && trusted));
  CHECK(w.at_tracker(film).seeders == (right_name && trusted ? 1u : 0u));
  if (!right_name || !trusted) {
    CHECK(w.check(*lease).note.find("unreachable (") != std::string::npos);
    CHECK(w.requests() == 0);
  }
}

TEST_CASE("ppsp registrar: a tracker that is away is a line, and entered once it is there") {
  foreign_world w;
  w.open();
  foreign_tracker::settings s;
  s.port = w.port();
  w.tracker.reset();
  const auto registrar = spawn_registrar(w.here, w.options(s.port)).value();
  const auto lease = w.announce(registrar, film, 0);
  REQUIRE(lease);
  CHECK_FALSE(w.check(*lease).in_force);
  CHECK(w.check(*lease).note.find("unreachable (Connection refused); next try in ") !=
        std::string::npos);
  CHECK(w.find(registrar, film).error().code == errc::unavailable);
  w.open(s);
  // The back-off is longer than one patience.
  const bool soon = eventually([&] { return w.check(*lease).in_force; });
  CHECK((soon || eventually([&] { return w.check(*lease).in_force; })));
}

TEST_CASE("ppsp registrar: answers that are none of a tracker's, or too large, are refused") {
  foreign_world w;
  foreign_tracker::settings s;
  std::string expected = "answers with something else than a tracker's answer";
  const int kind = GENERATE(0, 1, 2);
  if (kind == 0) s.type = "text/html";
  if (kind == 1) {
    s.status = 503;
    expected = "answers with HTTP status 503";
  }
  if (kind == 2) {
    s.padding = limits::tracker_response_bytes;
    expected = "gave no valid answer (";
  }
  w.open(s);
  const auto registrar = spawn_registrar(w.here, w.options(w.port())).value();
  const auto lease = w.announce(registrar, film, 0);
  REQUIRE(lease);
  INFO(w.check(*lease).note);
  CHECK(w.check(*lease).note.find(expected) != std::string::npos);
  CHECK(w.requests() == 4);
}

TEST_CASE("ppsp registrar: ends in the middle of work") {
  foreign_world w;
  foreign_tracker::settings s;
  s.silent = true;
  w.open(s);
  for (int round = 0; round < 5; ++round) {
    auto registrar = spawn_registrar(w.here, w.options(w.port())).value();
    const auto before = w.requests();
    caf::anon_send(registrar, msg::tracker_find{make_name(film.key), 5});
    CHECK(eventually([&] { return w.requests() > before; }));
    registrar = nullptr;
  }
  w.tracker.reset();
}

TEST_CASE("ppsp registrar: what cannot be is refused") {
  foreign_world w;
  w.open();
  auto o = w.options(w.port());
  const auto registrar = spawn_registrar(w.here, o).value();
  msg::tracker_announce forbidden{film.record(false), 0};
  forbidden.record.permission = msg::permission::forbidden;
  CHECK(ask<msg::tracker_announce_result>(w.system, registrar, forbidden).error().code ==
        errc::denied);
  auto name = make_name(film.key);
  name.overlay = "ed2k";
  CHECK(
      ask<msg::tracker_find_result>(w.system, registrar, msg::tracker_find{name, 5}).error().code ==
      errc::malformed);
  CHECK(ask<msg::tracker_scrape_result>(w.system, registrar,
                                        msg::tracker_scrape{std::vector<msg::name>(75, name)})
            .error()
            .code == errc::too_large);
  CHECK(ask<msg::tracker_watch_result>(w.system, registrar, msg::tracker_watch{}).error().code ==
        errc::malformed);
  o.own = {*endpoint::parse("0.0.0.0:0")};
  CHECK(spawn_registrar(w.here, o).error().code == errc::configuration);
  o = w.options(w.port());
  o.authorization = "a\r\nHost: b";
  CHECK(spawn_registrar(w.here, o).error().code == errc::configuration);
  o = w.options(w.port());
  o.authorities = "no certificate";
  CHECK(spawn_registrar(w.here, o).error().code == errc::configuration);
  o.url = "udp://127.0.0.1:1/";
  CHECK(spawn_registrar(w.here, o).error().code == errc::configuration);
}
